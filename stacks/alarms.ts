import type { FunctionDeclaration, WorkflowDeclaration } from "../core/declaration.ts";
import type { Names } from "./names.ts";

/** A metric of CloudWatch. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: "Sum" | "Maximum" | "Average" | "p99";
}

/** An alarm on Slipway itself. The value watched is the sum of the metrics. */
export interface AlarmDeclaration {
  /** Kebab-case; deployed as `slipway-<stage>-<name>`. */
  readonly name: string;
  /** What it means and what to do: people read it in the mail that wakes them. */
  readonly meaning: string;
  readonly metrics: readonly Metric[];
  readonly comparison: "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  readonly threshold: number;
  readonly periodSeconds: number;
  readonly periods: number;
  /** What silence means. */
  readonly silence: "notBreaching" | "breaching";
}

/** Metric math takes ten metrics; one place is the sum's. */
const METRICS_PER_ALARM = 9;

/**
 * Seconds within which an execution of a workflow normally ends, waits of people included only where they are
 * rare. Upgrades may take several hops of control plane, add-ons and node groups.
 */
const EXPECTED_SECONDS: Readonly<Record<string, number>> = {
  "update-addons": 2 * 3600,
  "rotate-nodegroup": 6 * 3600,
  "upgrade-cluster": 24 * 3600,
  "provision-cluster": 2 * 3600,
  "apply-changes": 12 * 3600,
  "adopt-cluster": 3600,
  "delete-cluster": 2 * 3600,
};

/** Expected time of a workflow that is not in the table. */
const EXPECTED_DEFAULT_SECONDS = 12 * 3600;

const atLeast = (threshold: number, periodSeconds: number) =>
  ({
    comparison: "GreaterThanOrEqualToThreshold",
    threshold,
    periodSeconds,
    periods: 1,
    silence: "notBreaching",
  }) as const;

const workflowMetric = (names: Names, workflow: string, name: string, stat: Metric["stat"]): Metric => ({
  namespace: "AWS/States",
  name,
  dimensions: { StateMachineArn: names.workflow(workflow) },
  stat,
});

const functionMetric = (names: Names, name: string, metric: string): Metric => ({
  namespace: "AWS/Lambda",
  name: metric,
  dimensions: { FunctionName: names.of(name) },
  stat: "Sum",
});

export interface Watched {
  readonly names: Names;
  readonly workflows: readonly WorkflowDeclaration[];
  readonly functions: readonly FunctionDeclaration[];
  /** Names of the functions that rules and schedules call. */
  readonly listening: ReadonlySet<string>;
  /** Names of the functions that a schedule calls at least every 15 minutes. */
  readonly beating: ReadonlySet<string>;
}

/** Every alarm on Slipway itself but those on the API, whose id only AWS knows. */
export function alarms({ names, workflows, functions, listening, beating }: Watched): AlarmDeclaration[] {
  const inApi = ({ module }: FunctionDeclaration): boolean => module.startsWith("functions/api/");
  return [
    ...workflows.flatMap(({ name }): AlarmDeclaration[] => [
      {
        name: `${name}-failed`,
        meaning: `An execution of ${name} failed or timed out. See 'slipway get operations' for the reason and the remedy.`,
        metrics: [
          workflowMetric(names, name, "ExecutionsFailed", "Sum"),
          workflowMetric(names, name, "ExecutionsTimedOut", "Sum"),
        ],
        ...atLeast(1, 300),
      },
      {
        name: `${name}-slow`,
        meaning: `An execution of ${name} took longer than expected. See the steps of the operation for where.`,
        metrics: [workflowMetric(names, name, "ExecutionTime", "Maximum")],
        ...atLeast((EXPECTED_SECONDS[name] ?? EXPECTED_DEFAULT_SECONDS) * 1000, 3600),
      },
    ]),
    ...functions
      .filter((declaration) => !inApi(declaration))
      .map(
        ({ name }): AlarmDeclaration => ({
          name: `${name}-errors`,
          meaning: `Function ${name} fails. Its log group says why; workflows repeat their tasks, events end in the dead letters.`,
          metrics: [functionMetric(names, name, "Errors")],
          // Tasks are repeated by their workflow: one error is a normal day, five in a row are not.
          ...(listening.has(name) ? atLeast(1, 300) : atLeast(5, 900)),
        }),
      ),
    ...chunks(functions, METRICS_PER_ALARM).map(
      (part, index): AlarmDeclaration => ({
        name: `functions-throttled-${index + 1}`,
        meaning: `Lambda refused to run functions (${part[0]?.name} to ${part.at(-1)?.name}): the account's concurrency is used up.`,
        metrics: part.map(({ name }) => functionMetric(names, name, "Throttles")),
        ...atLeast(1, 300),
      }),
    ),
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
    ...[...beating].map(
      (name): AlarmDeclaration => ({
        name: `${name}-silent`,
        meaning: `Function ${name} has not run for 45 minutes: its schedule is off or does not reach it.`,
        metrics: [functionMetric(names, name, "Invocations")],
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
}

/** Alarms on the API's own metrics. */
export const apiAlarms = (apiId: string): AlarmDeclaration[] => [
  {
    name: "api-faults",
    meaning: "The API answers with 5xx. The log groups of the functions named api-* say why.",
    metrics: [{ namespace: "AWS/ApiGateway", name: "5xx", dimensions: { ApiId: apiId }, stat: "Sum" }],
    ...atLeast(3, 300),
  },
];

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
