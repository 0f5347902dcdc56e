import type { StateType } from "./types.ts";

const LEAVING = ["Output", "Assign", "Next", "End"];
const RECOVERY = ["Retry", "Catch"];

/** Fields of each state type in the JSONata query language. */
export const FIELDS: Readonly<Record<StateType, ReadonlySet<string>>> = {
  Pass: new Set([...LEAVING]),
  Task: new Set([
    "Resource",
    "Arguments",
    "Credentials",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    ...RECOVERY,
    ...LEAVING,
  ]),
  Choice: new Set(["Choices", "Default", "Output", "Assign"]),
  Wait: new Set(["Seconds", "Timestamp", ...LEAVING]),
  Succeed: new Set(["Output"]),
  Fail: new Set(["Error", "Cause"]),
  Parallel: new Set(["Branches", "Arguments", ...RECOVERY, ...LEAVING]),
  Map: new Set([
    "Items",
    "ItemSelector",
    "ItemProcessor",
    "ItemBatcher",
    "ItemReader",
    "ResultWriter",
    "MaxConcurrency",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
    "Label",
    ...RECOVERY,
    ...LEAVING,
  ]),
};

export const COMMON_FIELDS: ReadonlySet<string> = new Set(["Type", "Comment", "QueryLanguage"]);
export const MACHINE_FIELDS: ReadonlySet<string> = new Set([
  "Comment",
  "QueryLanguage",
  "StartAt",
  "States",
  "TimeoutSeconds",
  "Version",
]);
export const PROCESSOR_FIELDS: ReadonlySet<string> = new Set([
  "Comment",
  "StartAt",
  "States",
  "ProcessorConfig",
]);
export const RETRIER_FIELDS: ReadonlySet<string> = new Set([
  "ErrorEquals",
  "IntervalSeconds",
  "MaxAttempts",
  "BackoffRate",
  "MaxDelaySeconds",
  "JitterStrategy",
  "Comment",
]);
export const CATCHER_FIELDS: ReadonlySet<string> = new Set([
  "ErrorEquals",
  "Next",
  "Output",
  "Assign",
  "Comment",
]);
export const RULE_FIELDS: ReadonlySet<string> = new Set(["Condition", "Next", "Output", "Assign", "Comment"]);

/** Fields that only the JSONPath query language has. */
export const JSONPATH_FIELDS: ReadonlySet<string> = new Set([
  "InputPath",
  "OutputPath",
  "Parameters",
  "Result",
  "ResultPath",
  "ResultSelector",
  "ItemsPath",
  "MaxConcurrencyPath",
  "TimeoutSecondsPath",
  "HeartbeatSecondsPath",
  "SecondsPath",
  "TimestampPath",
  "ErrorPath",
  "CausePath",
  "ToleratedFailureCountPath",
  "ToleratedFailurePercentagePath",
  "Variable",
  "And",
  "Or",
  "Not",
]);
