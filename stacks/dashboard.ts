import type { FunctionDeclaration, WorkflowDeclaration } from "../core/declaration.ts";
import type { Names } from "./names.ts";

export interface DashboardParts {
  readonly names: Names;
  readonly apiId: string;
  readonly workflows: readonly WorkflowDeclaration[];
  readonly functions: readonly FunctionDeclaration[];
  readonly alarmArns: readonly string[];
}

type Row = { readonly height: number; readonly widgets: readonly { type: string; properties: object }[] };

/** CloudWatch lays 24 columns out. */
const COLUMNS = 24;

/**
 * The body of the dashboard, from what matters most to what explains it: is anything wrong, what is going on,
 * how is the API, which function is slow, what was not delivered, what does it cost.
 */
export function dashboardBody(parts: DashboardParts): object {
  const { names, workflows } = parts;
  const { region } = names;
  const chart = (title: string, metrics: readonly unknown[], options: object = {}) => ({
    type: "metric",
    properties: { title, region, view: "timeSeries", period: 300, stat: "Sum", metrics, ...options },
  });
  const executions = (metric: string): unknown[] =>
    workflows.map(({ name }) => [
      "AWS/States",
      metric,
      "StateMachineArn",
      names.workflow(name),
      { label: name },
    ]);
  const tasks = parts.functions.filter(({ module }) => !module.startsWith("functions/api/"));
  const ofFunctions = (metric: string, options: object = {}): unknown[] =>
    tasks.map(({ name }) => [
      "AWS/Lambda",
      metric,
      "FunctionName",
      names.of(name),
      { label: name, ...options },
    ]);
  const ofApi = (metric: string, options: object): unknown[] => [
    "AWS/ApiGateway",
    metric,
    "ApiId",
    parts.apiId,
    options,
  ];
  const ofTable = (metric: string): unknown[] => ["AWS/DynamoDB", metric, "TableName", names.of()];

  const rows: Row[] = [
    {
      height: 3,
      widgets: [
        { type: "text", properties: { markdown: heading(names) } },
        { type: "alarm", properties: { title: "Alarms", alarms: parts.alarmArns } },
      ],
    },
    {
      height: 6,
      widgets: [
        chart("Operations started", executions("ExecutionsStarted"), { stacked: true }),
        chart("Operations succeeded", executions("ExecutionsSucceeded"), { stacked: true }),
        chart(
          "Operations failed, timed out, stopped",
          ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"].flatMap((metric) =>
            executions(metric).map((line, index) => [
              ...(line as unknown[]).slice(0, -1),
              { label: `${workflows[index]?.name} ${metric.replace("Executions", "").toLowerCase()}` },
            ]),
          ),
        ),
      ],
    },
    {
      height: 6,
      widgets: [
        chart("Longest operation (ms)", executions("ExecutionTime"), { stat: "Maximum", period: 3600 }),
        chart("API requests", [
          ofApi("Count", { label: "all" }),
          ofApi("4xx", { label: "refused", color: "#ff9900" }),
          ofApi("5xx", { label: "faults", color: "#d13212" }),
        ]),
        chart("API latency (ms)", [
          ofApi("Latency", { label: "median", stat: "p50" }),
          ofApi("Latency", { label: "p99", stat: "p99" }),
        ]),
      ],
    },
    {
      height: 6,
      widgets: [
        chart("Errors of tasks and listeners", ofFunctions("Errors")),
        chart("Slowest run of tasks and listeners (ms)", ofFunctions("Duration"), { stat: "Maximum" }),
        chart("Refused by Lambda", ofFunctions("Throttles")),
      ],
    },
    {
      height: 6,
      widgets: [
        chart(
          "Undelivered events",
          [
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              names.of("undelivered"),
              { label: "in the dead-letter queue", color: "#d13212" },
            ],
          ],
          { stat: "Maximum" },
        ),
        chart("Table: capacity used", [
          ofTable("ConsumedReadCapacityUnits"),
          ofTable("ConsumedWriteCapacityUnits"),
        ]),
        chart("Table: throttled", [ofTable("ReadThrottleEvents"), ofTable("WriteThrottleEvents")]),
      ],
    },
    {
      height: 7,
      widgets: [
        {
          type: "log",
          properties: {
            title: "Last warnings and errors",
            region,
            view: "table",
            query: [
              ...tasks.slice(0, 20).map(({ name }) => `SOURCE '/aws/lambda/${names.of(name)}'`),
              "fields @timestamp, message, operationId, @log",
              'filter level in ["WARN", "ERROR"]',
              "sort @timestamp desc",
              "limit 50",
            ].join(" | "),
          },
        },
      ],
    },
  ];
  return { start: "-PT24H", periodOverride: "inherit", widgets: layOut(rows) };
}

const heading = (names: Names): string =>
  `# Slipway ${names.stage} in ${names.region}
Operations: \`slipway get operations\` · one operation: \`slipway describe operation ID\` · [executions](https://${names.region}.console.aws.amazon.com/states/home?region=${names.region}#/statemachines) · [dead letters](https://${names.region}.console.aws.amazon.com/sqs/v3/home?region=${names.region})`;

/** Places rows below one another, the widgets of a row side by side and of the same width. */
function layOut(rows: readonly Row[]): object[] {
  let y = 0;
  return rows.flatMap(({ height, widgets }) => {
    const width = COLUMNS / widgets.length;
    const placed = widgets.map((widget, index) => ({ x: index * width, y, width, height, ...widget }));
    y += height;
    return placed;
  });
}
