import type { Runtime } from "../runtime.ts";
import { aws } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { describeAlarms } from "./operations/operations.ts";

/** Names of the alarms, metric and composite, that begin so and are in ALARM now. */
export async function openAlarms(runtime: Runtime, prefix: string): Promise<string[]> {
  const send = createSend(runtime.aws);
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const reply = await aws(`cloudwatch DescribeAlarms ${prefix}`, () =>
      send(describeAlarms, {
        AlarmNamePrefix: prefix,
        AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
        StateValue: "ALARM",
        MaxRecords: 100,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    for (const { AlarmName } of [...(reply.MetricAlarms ?? []), ...(reply.CompositeAlarms ?? [])])
      if (AlarmName) names.push(AlarmName);
    NextToken = reply.NextToken;
  } while (NextToken);
  return names;
}
