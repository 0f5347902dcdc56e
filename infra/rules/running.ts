import { readConfig } from "../../adapters/system-runtime.ts";
import { apiFunctions } from "../../functions/api/platform.ts";
import { rules as declaredRules } from "../../functions/rules.ts";
import { type Graph, ofType, regionsOf } from "../offline/graph.ts";
import { all, at, each, type Rule } from "./rule.ts";

/** Names of roles, functions and rules have at most this many characters. */
const MAX_NAME = 64;
/** Budgets of a bundle in bytes: behind the API, elsewhere. */
const MAX_API_BUNDLE = 1024 * 1024;
const MAX_TASK_BUNDLE = 2 * 1024 * 1024;

const queueArn = ({ account, stage }: Graph, region: string): string =>
  `arn:aws:sqs:${region}:${account}:slipway-${stage}-undelivered`;

/** A function's configuration as the function itself will read it. */
function configured(environment: unknown, graph: Graph, region: string): boolean {
  try {
    const config = readConfig({ ...(environment as Record<string, string>), AWS_REGION: region });
    const base = `slipway-${graph.stage}`;
    return (
      config.stage === graph.stage &&
      config.account === graph.account &&
      config.region === graph.region &&
      [...config.regions].sort().join() === regionsOf(graph).sort().join() &&
      config.table === base &&
      config.bus === base &&
      config.apiUrl === graph.outputs.endpoint &&
      config.workflowArnPrefix === `arn:aws:states:${graph.region}:${graph.account}:stateMachine:${base}-`
    );
  } catch {
    return false;
  }
}

/** Metrics that an alarm watches: `namespace name dimension=value`. */
const watchedBy = (inputs: Readonly<Record<string, unknown>>): string[] =>
  ((inputs.metricQueries ?? []) as object[]).flatMap((query) => {
    const metric = at(query, "metric");
    if (metric === undefined) return [];
    const dimensions = Object.entries(at(metric, "dimensions") as object).map(
      ([key, value]) => `${key}=${value}`,
    );
    return [`${at(metric, "namespace")} ${at(metric, "metricName")} ${dimensions.join(",")}`];
  });

export const running: readonly Rule[] = [
  {
    name: "functions-run",
    demands:
      "Functions run Node.js 24 on arm64, are traced, versioned, and told all that they read at start.",
    check: each(
      "function",
      (inputs, graph, { region }) =>
        inputs.runtime === "nodejs24.x" &&
        at(inputs, "architectures", 0) === "arm64" &&
        inputs.publish === true &&
        at(inputs, "tracingConfig", "mode") === "Active" &&
        at(inputs, "loggingConfig", "logFormat") === "JSON" &&
        typeof at(inputs, "loggingConfig", "applicationLogLevel") === "string" &&
        configured(at(inputs, "environment", "variables"), graph, region),
      "is not configured as it should be",
    ),
  },
  {
    name: "names",
    demands: "What people and policies look for has the name `slipway-<stage>-<name>`, within AWS's limits.",
    check: (graph) =>
      (["function", "role", "rule", "schedule", "stateMachine", "queue", "topic", "alarm"] as const).flatMap(
        (type) =>
          ofType(graph, type)
            .filter(({ inputs }) => {
              const name = String(inputs.name);
              // A stage may be longer than this one.
              const longest = name.length - graph.stage.length + 20;
              const limit = type === "alarm" ? 255 : MAX_NAME;
              return !name.startsWith(`slipway-${graph.stage}-`) || longest > limit;
            })
            .map(({ name, inputs }) => `${name} is called ${inputs.name}`),
      ),
  },
  {
    name: "bundles-small",
    demands: "A bundle behind the API is at most 1 MiB, every other one at most 2 MiB.",
    check: (graph) =>
      graph.builds
        .filter(({ handler, bytes = 0 }) => {
          const inApi = apiFunctions.some(({ module }) => module === handler.replace(/\.handler$/, ".ts"));
          return bytes > (inApi ? MAX_API_BUNDLE : MAX_TASK_BUNDLE);
        })
        .map(({ handler, bytes }) => `${handler} has ${bytes} bytes`),
  },
  {
    name: "routes-authorized",
    demands:
      "Every route asks who calls, by IAM or by a token; other origins are not let in; calls are limited and logged.",
    check: all(
      each(
        "apiRoute",
        ({ authorizationType, authorizerId }) =>
          authorizationType === "AWS_IAM" ||
          (authorizationType === "JWT" && typeof authorizerId === "string"),
        "is open to everybody",
      ),
      each("api", ({ corsConfiguration }) => corsConfiguration === undefined, "lets other origins in"),
      each(
        "apiStage",
        (inputs) =>
          Number(at(inputs, "defaultRouteSettings", "throttlingRateLimit")) > 0 &&
          String(at(inputs, "accessLogSettings", "format")).includes("$context.identity.userArn"),
        "has no limit or no access log",
      ),
    ),
  },
  {
    name: "dead-letters",
    demands: "Whatever delivers events tries for an hour, then hands over to the dead-letter queue.",
    check: all(
      each(
        "ruleTarget",
        (inputs, graph, { region }) =>
          at(inputs, "deadLetterConfig", "arn") === queueArn(graph, region) &&
          Number(at(inputs, "retryPolicy", "maximumRetryAttempts")) > 0,
        "loses events",
      ),
      each(
        "schedule",
        (inputs, graph, { region }) =>
          at(inputs, "target", "deadLetterConfig", "arn") === queueArn(graph, region) &&
          Number(at(inputs, "target", "retryPolicy", "maximumRetryAttempts")) > 0,
        "loses events",
      ),
      (graph) => {
        const kept = ofType(graph, "invokeConfig")
          .filter(
            ({ inputs, region }) =>
              at(inputs, "destinationConfig", "onFailure", "destination") === queueArn(graph, region),
          )
          .map(({ inputs }) => inputs.functionName);
        return declaredRules
          .flatMap(({ target }) =>
            "function" in target ? [`slipway-${graph.stage}-${target.function}`] : [],
          )
          .filter((name) => !kept.includes(name))
          .map((name) => `what ${name} fails to handle is lost`);
      },
    ),
  },
  {
    name: "alarmed",
    demands:
      "In every region failed executions, failing and throttled functions and dead letters raise an alarm that reaches the topic there; at home also operations that take too long, schedules that stop, and faults of table and API.",
    check: (graph) => {
      const { stage, account } = graph;
      const base = `slipway-${stage}`;
      const everywhere = [
        `AWS/Events Invocations RuleName=${base}-execution-ended`,
        "AWS/Lambda Errors ",
        "AWS/Lambda Throttles ",
        `AWS/SQS ApproximateNumberOfMessagesVisible QueueName=${base}-undelivered`,
      ];
      const atHome = [
        `Slipway OperationsOverdue Stage=${stage}`,
        `AWS/Lambda Invocations FunctionName=${base}-sweep-operations`,
        `AWS/DynamoDB WriteThrottleEvents TableName=${base}`,
        `AWS/ApiGateway 5xx ApiId=${ofType(graph, "api")[0]?.id}`,
      ];
      return regionsOf(graph).flatMap((region) => {
        const alarms = ofType(graph, "alarm").filter((one) => one.region === region);
        const watched = new Set(alarms.flatMap(({ inputs }) => watchedBy(inputs)));
        const wanted = [...everywhere, ...(region === graph.region ? atHome : [])];
        const topic = `arn:aws:sns:${region}:${account}:${base}-alerts`;
        return [
          ...wanted
            .filter((metric) => !watched.has(metric))
            .map((metric) => `no alarm of ${region} watches ${metric}`),
          ...alarms
            .filter(({ inputs }) => String(inputs.alarmActions) !== topic || watchedBy(inputs).length > 9)
            .map(({ name }) => `${name} tells nobody, or watches more than it can`),
        ];
      });
    },
  },
  {
    name: "few-alarm-metrics",
    demands: "The alarms of a region watch at most 20 metrics: each is paid for, also when nothing happens.",
    check: (graph) =>
      regionsOf(graph).flatMap((region) => {
        const watched = ofType(graph, "alarm")
          .filter((one) => one.region === region)
          .flatMap(({ inputs }) => watchedBy(inputs));
        return watched.length <= 20 ? [] : [`the alarms of ${region} watch ${watched.length} metrics`];
      }),
  },
  {
    name: "one-dashboard",
    demands: "There is one dashboard of the stage and region, with every workflow and every alarm on it.",
    check: (graph) => {
      const [dashboard, ...more] = ofType(graph, "dashboard");
      if (!dashboard || more.length > 0) return ["there is not one dashboard"];
      const { dashboardName, dashboardBody } = dashboard.inputs;
      const text = String(dashboardBody);
      const { widgets } = JSON.parse(text) as { widgets: { x: number; width: number }[] };
      return [
        ...(dashboardName === `slipway-${graph.stage}-${graph.region}`
          ? []
          : [`it is called ${dashboardName}`]),
        ...(widgets.every(({ x, width }) => x >= 0 && Number.isInteger(width) && x + width <= 24)
          ? []
          : ["widgets do not fit CloudWatch's 24 columns"]),
        ...[...ofType(graph, "alarm"), ...ofType(graph, "stateMachine")]
          .filter(({ region }) => region === graph.region)
          .filter(({ inputs }) => !text.includes(`:${inputs.name}"`))
          .map(({ name }) => `${name} is not on the dashboard`),
      ];
    },
  },
];
