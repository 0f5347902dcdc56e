import { alarmNames } from "../../core/nodes/alarms.ts";
import { loop } from "./loop.ts";
import { choose, expr, run, type States, service } from "./states.ts";

/** An alarm that cannot be put, or removed, is no reason to fail what is done otherwise: the sweep sees nodes, too. */
const goOn = (next: string) => [
  {
    ErrorEquals: ["States.ALL"],
    Assign: { alarmProblem: expr("$states.errorOutput.Error & ': ' & $states.errorOutput.Cause") },
    Next: next,
  },
];

/**
 * Puts the alarms on the nodes of the cluster. Enter at `PlanAlarms`. Putting one again changes nothing. With `remove`
 * those of a cluster whose metrics have gone are deleted.
 */
export const nodeAlarms = (next: string, { remove = false } = {}): States => ({
  PlanAlarms: run(
    "plan-alarms",
    {},
    {
      assign: { alarms: expr("$states.result.Payload") },
      output: {},
      failTo: "",
      catches: goOn("NoteAlarms"),
      next: remove ? "AlarmsWanted" : "StartAlarms",
    },
  ),
  ...(remove
    ? {
        AlarmsWanted: choose([{ when: "$count($alarms.metric) > 0", next: "StartAlarms" }], {
          next: "DescribeAlarms",
        }),
        ...removeNodeAlarms(next),
      }
    : {}),
  ...loop({ id: "Alarms", list: "$alarms.metric", first: "PutAlarm", next: "StartComposites" }),
  PutAlarm: service("cloudwatch", "CloudWatch", "putMetricAlarm", expr("$item"), {
    output: {},
    failTo: "",
    catches: goOn("NoteAlarms"),
    next: "NextAlarms",
  }),
  ...loop({ id: "Composites", list: "$alarms.composite", first: "PutComposite", next }),
  PutComposite: service("cloudwatch", "CloudWatch", "putCompositeAlarm", expr("$item"), {
    output: {},
    failTo: "",
    catches: goOn("NoteAlarms"),
    next: "NextComposites",
  }),
  NoteAlarms: run(
    "note",
    { message: expr("'The alarms on nodes could not be put: ' & $alarmProblem") },
    { failTo: "", catches: [{ ErrorEquals: ["States.ALL"], Next: next }], output: {}, next },
  ),
});

/** Removes them. Enter at `DescribeAlarms`: CloudWatch refuses to delete what is not there. */
export const removeNodeAlarms = (next: string): States => ({
  DescribeAlarms: service(
    "cloudwatch",
    "CloudWatch",
    "describeAlarms",
    {
      AlarmNames: expr(
        `[${alarmNames("*")
          .map((name) => `$replace('${name}', '*', $cluster)`)
          .join(", ")}]`,
      ),
      AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
    },
    {
      assign: {
        oldAlarms: expr(
          "$append($append([], $states.result.CompositeAlarms.AlarmName), $states.result.MetricAlarms.AlarmName)",
        ),
      },
      output: {},
      failTo: "",
      catches: goOn(next),
      next: "AlarmsLeft",
    },
  ),
  AlarmsLeft: choose([{ when: "$count($oldAlarms) > 0", next: "DeleteAlarms" }], { next }),
  DeleteAlarms: service(
    "cloudwatch",
    "CloudWatch",
    "deleteAlarms",
    { AlarmNames: expr("$oldAlarms") },
    { output: {}, failTo: "", catches: goOn(next), next },
  ),
});
