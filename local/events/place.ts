/** Account and region: where a bus, a rule or a schedule is. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

export const busArn = ({ account, region }: Place, name: string): string =>
  `arn:aws:events:${region}:${account}:event-bus/${name}`;

export const ruleArn = ({ account, region }: Place, bus: string, name: string): string =>
  `arn:aws:events:${region}:${account}:rule/${bus === "default" ? name : `${bus}/${name}`}`;

/** Place and name of the bus that an ARN stands for; undefined for an ARN of anything else. */
export function parseBusArn(arn: string): { place: Place; name: string } | undefined {
  const match = /^arn:aws[\w-]*:events:([\w-]+):(\d{12}):event-bus\/(.+)$/.exec(arn);
  const [, region, account, name] = match ?? [];
  return region && account && name ? { place: { account, region }, name } : undefined;
}

/** `2026-11-20T09:12:44Z`: the time of an event, in whole seconds. */
export const seconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
