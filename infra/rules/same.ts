import { fillPattern } from "../../core/declaration.ts";
import { apiFunctions, apiRoutes } from "../../functions/api/platform.ts";
import { functions } from "../../functions/platform.ts";
import { rules as declaredRules } from "../../functions/rules.ts";
import { tasksOf } from "../../stacks/tasks.ts";
import { workflows } from "../../workflows/platform.ts";
import { type Graph, ofType, regionsOf, TYPES } from "../offline/graph.ts";
import { at, compareSets, type Rule } from "./rule.ts";

/** What the embedded platform registers is what is deployed: both read the same declarations, and nothing else. */
const declared = [...functions, ...apiFunctions];
const prefix = ({ stage }: Graph): string => `slipway-${stage}-`;
const names = (graph: Graph, type: keyof typeof TYPES): string[] =>
  ofType(graph, type).map(({ inputs, region }) => `${region} ${inputs.name}`);
const arn = ({ region, account }: Graph, service: string, rest: string): string =>
  `arn:aws:${service}:${region}:${account}:${rest}`;
const furtherRegionsOf = (graph: Graph): string[] => regionsOf(graph).slice(1);

const targetOf = (graph: Graph, target: (typeof declaredRules)[number]["target"]): string =>
  "function" in target
    ? arn(graph, "lambda", `function:${prefix(graph)}${target.function}`)
    : "topic" in target
      ? arn(graph, "sns", `${prefix(graph)}${target.topic}`)
      : arn(graph, "states", `stateMachine:${prefix(graph)}${target.workflow}`);

/** Functions that workflows call: those of further regions. */
const tasks = tasksOf(declared, workflows).map(({ name }) => name);

/** Parts of SST and Pulumi that only group, and what SST needs for bundles. */
const OTHER_TYPES = new Set([
  "aws:apigatewayv2/authorizer:Authorizer",
  "aws:kms/alias:Alias",
  "aws:s3/bucketObjectv2:BucketObjectv2",
  // Empty when it is deployed: operations put their one-time schedules into it.
  "aws:scheduler/scheduleGroup:ScheduleGroup",
  "pulumi:providers:aws",
  "pulumi:pulumi:Stack",
  "random:index/randomBytes:RandomBytes",
]);

export const same: readonly Rule[] = [
  {
    name: "same-functions",
    demands:
      "Every declared function is deployed with its module, memory and time, in further regions those that workflows call, and no other.",
    check: (graph) => [
      ...compareSets(
        "function",
        [
          ...declared.map(({ name }) => `${graph.region} ${prefix(graph)}${name}`),
          ...furtherRegionsOf(graph).flatMap((region) =>
            tasks.map((name) => `${region} ${prefix(graph)}${name}`),
          ),
        ],
        names(graph, "function"),
      ),
      ...ofType(graph, "function").flatMap(({ name, inputs }) => {
        const declaration = declared.find((one) => `${prefix(graph)}${one.name}` === inputs.name);
        const build = graph.builds.find(({ functionID }) => name === `${functionID}Function`);
        if (!declaration) return [];
        const wanted = [
          declaration.module.replace(/\.ts$/, ".handler"),
          declaration.memoryMB,
          declaration.timeoutSeconds,
        ];
        const found = [build?.handler, inputs.memorySize, inputs.timeout];
        return wanted.every((value, index) => value === found[index])
          ? []
          : [`${name} has ${found.join(", ")} instead of ${wanted.join(", ")}`];
      }),
    ],
  },
  {
    name: "same-workflows",
    demands: "Every declared workflow is deployed as a state machine in every region, and no other.",
    check: (graph) =>
      compareSets(
        "state machine",
        regionsOf(graph).flatMap((region) =>
          workflows.map(({ name }) => `${region} ${prefix(graph)}${name}`),
        ),
        names(graph, "stateMachine"),
      ),
  },
  {
    name: "same-rules",
    demands:
      "Every declared rule and schedule is deployed with its pattern, time and target, and no other; in further regions the rules of the default bus, with the one at home as target.",
    check: (graph) => {
      const wanted = [
        ...declaredRules.map((rule) =>
          "schedule" in rule
            ? [graph.region, rule.name, rule.schedule, rule.timeZone ?? "UTC", targetOf(graph, rule.target)]
            : [
                graph.region,
                rule.name,
                rule.bus === "slipway" ? `slipway-${graph.stage}` : "default",
                fillPattern(rule.pattern, graph),
                targetOf(graph, rule.target),
              ],
        ),
        ...furtherRegionsOf(graph).flatMap((region) =>
          declaredRules.flatMap((rule) =>
            "schedule" in rule || rule.bus !== "default"
              ? []
              : [
                  [
                    region,
                    rule.name,
                    "default",
                    fillPattern(rule.pattern, graph),
                    arn(graph, "events", "event-bus/default"),
                  ],
                ],
          ),
        ),
      ].map((line) => JSON.stringify(line));
      const own = (name: unknown): string => String(name).replace(prefix(graph), "");
      const found = [
        ...ofType(graph, "schedule").map(({ inputs, region }) => [
          region,
          own(inputs.name),
          inputs.scheduleExpression,
          inputs.scheduleExpressionTimezone,
          at(inputs, "target", "arn"),
        ]),
        ...ofType(graph, "ruleTarget").map(({ inputs, region }) => {
          const rule = ofType(graph, "rule").find(
            (one) => one.inputs.name === inputs.rule && one.region === region,
          )?.inputs;
          return [
            region,
            own(inputs.rule),
            rule?.eventBusName ?? "default",
            JSON.parse(String(rule?.eventPattern ?? "{}")),
            inputs.arn,
          ];
        }),
      ].map((line) => JSON.stringify(line));
      return compareSets("rule", wanted, found);
    },
  },
  {
    name: "same-routes",
    demands: "Every declared route leads to its function, and there is no other.",
    check: (graph) => {
      const api = ofType(graph, "api")[0]?.id;
      const integrations = new Map(ofType(graph, "apiIntegration").map(({ id, inputs }) => [id, inputs]));
      const found = ofType(graph, "apiRoute").map(({ inputs }) => {
        const integration = integrations.get(String(inputs.target).replace("integrations/", ""));
        const complete = api && inputs.apiId === api && integration?.apiId === api;
        return `${inputs.routeKey} -> ${complete ? integration.integrationUri : "nothing"}`;
      });
      const wanted = apiRoutes.map(
        ({ method, path, function: name }) => `${method} ${path} -> ${targetOf(graph, { function: name })}`,
      );
      return compareSets("route", wanted, found);
    },
  },
  {
    name: "known-types",
    demands: "Nothing is deployed of a type that the rules do not look at.",
    check: (graph) => {
      const known = new Set<string>([...Object.values(TYPES), ...OTHER_TYPES]);
      const types = graph.resources.map(({ type }) => type);
      return [...new Set(types)]
        .filter((type) => !known.has(type) && !type.startsWith("sst:"))
        .map((type) => `${type} is deployed, and no rule knows the type`);
    },
  },
];
