import type { RuleDeclaration } from "../core/declaration.ts";
import { OVERDUE_METRIC } from "../core/operation/overdue.ts";
import type { Names } from "./names.ts";

/** A metric of CloudWatch. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  /** None: of the whole account in the region. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: "Sum" | "Maximum" | "Average" | "p99";
}

/** An alarm on Slipway itself. The value watched is the sum of the metrics. */
export interface AlarmDeclaration {
  /** Kebab-case; deployed as `slipway-<stage>-<name>`. */
  readonly name: string;
  /** What it means and what to do: people read it in the mail that wakes them. */
  readonly meaning: string;
  /** At most nine: metric math takes ten, and one place is the sum's. Each is paid for. */
  readonly metrics: readonly Metric[];
  readonly comparison: "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  readonly threshold: number;
  readonly periodSeconds: number;
  readonly periods: number;
  /** What silence means. */
  readonly silence: "notBreaching" | "breaching";
}

const atLeast = (threshold: number, periodSeconds: number) =>
  ({
    comparison: "GreaterThanOrEqualToThreshold",
    threshold,
    periodSeconds,
    periods: 1,
    silence: "notBreaching",
  }) as const;

/** Lambda's metrics without a dimension are those of all functions of the account in the region. */
const ofAllFunctions = (name: string): Metric => ({
  namespace: "AWS/Lambda",
  name,
  dimensions: {},
  stat: "Sum",
});

/**
 * What goes wrong where a region runs workflows. One metric sees all of a kind: a metric for each function and each
 * workflow would cost more than all that an idle installation does (docs/decisions/0023-few-alarms.md).
 */
const everywhere = (names: Names): AlarmDeclaration[] => [
  {
    name: "executions-failed",
    meaning:
      "An execution of a workflow failed, timed out or was stopped. See 'slipway get operations' for the reason and the remedy.",
    metrics: [
      {
        namespace: "AWS/Events",
        name: "Invocations",
        dimensions: { RuleName: names.of("execution-ended") },
        stat: "Sum",
      },
    ],
    ...atLeast(1, 300),
  },
  {
    name: "functions-failing",
    meaning:
      "Functions of the account fail more often than workflows and buses repeating them makes up for. The dashboard says which of Slipway's; its log group says why.",
    metrics: [ofAllFunctions("Errors")],
    // One that is repeated and succeeds is a normal day: a busy API server, a node that goes.
    ...atLeast(25, 900),
  },
  {
    name: "functions-throttled",
    meaning: "Lambda refused to run functions: the account's concurrency in the region is used up.",
    metrics: [ofAllFunctions("Throttles")],
    ...atLeast(1, 300),
  },
  {
    name: "undelivered",
    meaning: "Events could not be delivered or handled; they lie in the dead-letter queue for 14 days.",
    metrics: [
      {
        namespace: "AWS/SQS",
        name: "ApproximateNumberOfMessagesVisible",
        dimensions: { QueueName: names.of("undelivered") },
        stat: "Maximum",
      },
    ],
    ...atLeast(1, 300),
  },
];

/** The alarms of a further region: what is everywhere, told by the topic there. */
export const planeAlarms = everywhere;

/** A schedule that runs at least every 15 minutes: that it has stopped shows soon. */
const OFTEN = /^rate\((1 minute|[2-9] minutes|1[0-5] minutes)\)$/;

/** Names of the functions that a schedule calls so often. */
export const beatingOf = (rules: readonly RuleDeclaration[]): ReadonlySet<string> =>
  new Set(
    rules.flatMap((rule) =>
      "schedule" in rule && OFTEN.test(rule.schedule) && "function" in rule.target
        ? [rule.target.function]
        : [],
    ),
  );

/**
 * Every alarm on Slipway itself but those on the API, whose id only AWS knows. `beating`: names of the functions
 * that a schedule calls at least every 15 minutes.
 */
export const alarms = (names: Names, beating: ReadonlySet<string>): AlarmDeclaration[] => [
  ...everywhere(names),
  {
    name: "operations-overdue",
    meaning:
      "An operation takes far longer than its plan expected. See the steps of the operation for where it stands.",
    metrics: [
      {
        namespace: OVERDUE_METRIC.namespace,
        name: OVERDUE_METRIC.name,
        dimensions: { Stage: names.stage },
        stat: "Maximum",
      },
    ],
    ...atLeast(1, 900),
  },
  ...[...beating].sort().map(
    (name): AlarmDeclaration => ({
      name: `${name}-silent`,
      meaning: `Function ${name} has not run for 45 minutes: its schedule is off or does not reach it.`,
      metrics: [
        {
          namespace: "AWS/Lambda",
          name: "Invocations",
          dimensions: { FunctionName: names.of(name) },
          stat: "Sum",
        },
      ],
      comparison: "LessThanThreshold",
      threshold: 1,
      periodSeconds: 900,
      periods: 3,
      silence: "breaching",
    }),
  ),
  {
    name: "table-throttled",
    meaning: "DynamoDB throttles requests to Slipway's table.",
    metrics: ["ReadThrottleEvents", "WriteThrottleEvents"].map((name) => ({
      namespace: "AWS/DynamoDB",
      name,
      dimensions: { TableName: names.of() },
      stat: "Sum" as const,
    })),
    ...atLeast(5, 300),
  },
];

/** Alarms on the API's own metrics. */
export const apiAlarms = (apiId: string): AlarmDeclaration[] => [
  {
    name: "api-faults",
    meaning: "The API answers with 5xx. The log groups of the functions named api-* say why.",
    metrics: [{ namespace: "AWS/ApiGateway", name: "5xx", dimensions: { ApiId: apiId }, stat: "Sum" }],
    ...atLeast(3, 300),
  },
];
