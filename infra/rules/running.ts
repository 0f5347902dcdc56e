import { readConfig } from "../../adapters/system-runtime.ts";
import { apiFunctions } from "../../functions/api/platform.ts";
import { rules as declaredRules } from "../../functions/rules.ts";
import { workflows } from "../../workflows/platform.ts";
import { type Graph, ofType } from "../offline/graph.ts";
import { all, at, each, type Rule } from "./rule.ts";

/** Names of roles, functions and rules have at most this many characters. */
const MAX_NAME = 64;
/** Budgets of a bundle in bytes: behind the API, elsewhere. */
const MAX_API_BUNDLE = 1024 * 1024;
const MAX_TASK_BUNDLE = 2 * 1024 * 1024;

const queueArn = ({ region, account, stage }: Graph): string =>
  `arn:aws:sqs:${region}:${account}:slipway-${stage}-undelivered`;

/** A function's configuration as the function itself will read it. */
function configured(environment: unknown, graph: Graph): boolean {
  try {
    const config = readConfig({ ...(environment as Record<string, string>), AWS_REGION: graph.region });
    const base = `slipway-${graph.stage}`;
    return (
      config.stage === graph.stage &&
      config.account === graph.account &&
      config.table === base &&
      config.bus === base &&
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
      (inputs, graph) =>
        inputs.runtime === "nodejs24.x" &&
        at(inputs, "architectures", 0) === "arm64" &&
        inputs.publish === true &&
        at(inputs, "tracingConfig", "mode") === "Active" &&
        at(inputs, "loggingConfig", "logFormat") === "JSON" &&
        configured(at(inputs, "environment", "variables"), graph),
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
        (inputs, graph) =>
          at(inputs, "deadLetterConfig", "arn") === queueArn(graph) &&
          Number(at(inputs, "retryPolicy", "maximumRetryAttempts")) > 0,
        "loses events",
      ),
      each(
        "schedule",
        (inputs, graph) =>
          at(inputs, "target", "deadLetterConfig", "arn") === queueArn(graph) &&
          Number(at(inputs, "target", "retryPolicy", "maximumRetryAttempts")) > 0,
        "loses events",
      ),
      (graph) => {
        const kept = ofType(graph, "invokeConfig")
          .filter(
            ({ inputs }) => at(inputs, "destinationConfig", "onFailure", "destination") === queueArn(graph),
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
      "Failed and slow executions, errors and throttles of functions, dead letters and faults of the API raise an alarm that reaches the topic.",
    check: (graph) => {
      const { stage, region, account } = graph;
      const alarms = ofType(graph, "alarm");
      const watched = new Set(alarms.flatMap(({ inputs }) => watchedBy(inputs)));
      const functions = ofType(graph, "function").map(({ inputs }) => String(inputs.name));
      const inApi = new Set(apiFunctions.map(({ name }) => `slipway-${stage}-${name}`));
      const wanted = [
        ...workflows.flatMap(({ name }) =>
          ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionTime"].map(
            (metric) =>
              `AWS/States ${metric} StateMachineArn=arn:aws:states:${region}:${account}:stateMachine:slipway-${stage}-${name}`,
          ),
        ),
        ...functions.map((name) => `AWS/Lambda Throttles FunctionName=${name}`),
        ...functions
          .filter((name) => !inApi.has(name))
          .map((name) => `AWS/Lambda Errors FunctionName=${name}`),
        `AWS/SQS ApproximateNumberOfMessagesVisible QueueName=slipway-${stage}-undelivered`,
        `AWS/ApiGateway 5xx ApiId=${ofType(graph, "api")[0]?.id}`,
      ];
      const topic = `arn:aws:sns:${region}:${account}:slipway-${stage}-alerts`;
      return [
        ...wanted.filter((metric) => !watched.has(metric)).map((metric) => `no alarm watches ${metric}`),
        ...alarms
          .filter(({ inputs }) => String(inputs.alarmActions) !== topic || watchedBy(inputs).length > 9)
          .map(({ name }) => `${name} tells nobody, or watches more than it can`),
      ];
    },
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
          .filter(({ inputs }) => !text.includes(`:${inputs.name}"`))
          .map(({ name }) => `${name} is not on the dashboard`),
      ];
    },
  },
];
