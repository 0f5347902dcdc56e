/** One step of a path: a member's name, an element's number, or everything. */
type Step = string | number | "*";

export class JsonPathError extends Error {
  constructor(path: string) {
    super(`Invalid JsonPath: ${path}`);
    this.name = "JsonPathError";
  }
}

const STEP = /\.([^.[\]'"*\s]+)|\[(\d+)\]|\['([^']+)'\]|\["([^"]+)"\]|(\.\*|\[\*\])/y;

/** A path of the kind that EventBridge takes: `$`, `$.detail.name`, `$.resources[0]`, `$['detail-type']`, `[*]`. */
export function parseJsonPath(path: string): (value: unknown) => unknown {
  if (!path.startsWith("$")) throw new JsonPathError(path);
  const steps: { readonly step: Step; readonly every: boolean }[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (!match) throw new JsonPathError(path);
    const [, name, index, single, double] = match;
    const step = index === undefined ? (name ?? single ?? double) : Number(index);
    steps.push(step === undefined ? { step: "*", every: true } : { step, every: false });
  }
  const definite = !steps.some(({ every }) => every);
  return (value) => {
    let found: unknown[] = [value];
    for (const { step, every } of steps) found = found.flatMap((v) => (every ? children(v) : child(v, step)));
    return definite ? found[0] : found;
  };
}

const children = (value: unknown): unknown[] =>
  typeof value === "object" && value !== null ? Object.values(value) : [];

function child(value: unknown, step: Step): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return typeof step === "number" && step < value.length ? [value[step]] : [];
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}
