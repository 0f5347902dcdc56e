import type { RuleDeclaration } from "../core/declaration.ts";
import { driftRules } from "./platform/drift.ts";
import { nodesRules } from "./platform/nodes.ts";
import { notificationsRules } from "./platform/notifications.ts";
import { rollbackRules } from "./platform/rollback.ts";
import { rolloutsRules } from "./platform/rollouts.ts";
import { windowsRules } from "./platform/windows.ts";

/** What starts functions without anybody asking: rules on the bus and schedules. */
export const rules: readonly RuleDeclaration[] = [
  {
    name: "execution-ended",
    purpose: "An execution that could not record its outcome does not leave its cluster locked",
    bus: "default",
    pattern: {
      source: ["aws.states"],
      "detail-type": ["Step Functions Execution Status Change"],
      // In any region: those of further regions come from there.
      detail: {
        status: ["FAILED", "TIMED_OUT", "ABORTED"],
        stateMachineArn: [{ wildcard: "arn:*:states:*:{account}:stateMachine:slipway-{stage}-*" }],
      },
    },
    target: { function: "on-execution-ended" },
  },
  {
    name: "doctor-probe",
    purpose: "Probe events of slipway doctor take the way of AWS's own events",
    bus: "default",
    pattern: { source: ["slipway.doctor"], "detail-type": ["Doctor Probe"] },
    target: { function: "on-doctor-probe" },
  },
  {
    name: "sweep-operations",
    purpose: "Finds operations and leases that no event told about; that event is best effort",
    schedule: "rate(5 minutes)",
    target: { function: "sweep-operations" },
  },
  {
    name: "announce",
    purpose: "What Slipway does reaches whoever has subscribed to its topic",
    bus: "slipway",
    pattern: { source: [{ prefix: "slipway." }] },
    target: { topic: "alerts" },
  },
  ...rollbackRules,
  ...driftRules,
  ...nodesRules,
  ...rolloutsRules,
  ...windowsRules,
  ...notificationsRules,
];
