import { workflows } from "../../workflows/platform.ts";
import { type Graph, ofType } from "../offline/graph.ts";
import { at, each, isProduction, type Rule } from "./rule.ts";

/** Step Functions' limit, in bytes. */
const MAX_DEFINITION = 1024 * 1024;

/** What a definition of a region may name: Step Functions calls nothing of another region. */
const arnsOf = (graph: Graph, region: string): Set<string> =>
  new Set([
    ...ofType(graph, "function")
      .filter((one) => one.region === region)
      .map(({ inputs }) => `arn:aws:lambda:${region}:${graph.account}:function:${inputs.name}`),
    ...ofType(graph, "stateMachine")
      .filter((one) => one.region === region)
      .map(({ inputs }) => `arn:aws:states:${region}:${graph.account}:stateMachine:${inputs.name}`),
  ]);

export const definitions: readonly Rule[] = [
  {
    name: "definitions-complete",
    demands:
      "Definitions are what was declared with every placeholder filled in, naming versions of what is deployed in their own region.",
    check: (graph) => {
      return ofType(graph, "stateMachine").flatMap(({ name, inputs, region }) => {
        const deployed = arnsOf(graph, region);
        const text = String(inputs.definition);
        const left = text.match(/\$\{[^}]*\}/g) ?? [];
        const named = text.match(/arn:aws:(lambda|states):[a-z0-9-]+:\d{12}:[^"{}\s]+/g) ?? [];
        const strange = [...new Set(named)].filter((arn) => {
          const [, base = "", version] = /^(.*?)(?::(\d+))?$/.exec(arn) ?? [];
          return version === undefined || !deployed.has(base);
        });
        const workflow = workflows.find(
          (one) => `slipway-${graph.stage}-${one.name}` === inputs.name,
        )?.definition;
        const states = Object.keys((JSON.parse(text) as { States: object }).States);
        return [
          ...[...new Set(left)].map((placeholder) => `${name} still holds ${placeholder}`),
          ...strange.map((arn) => `${name} names ${arn}, which is not a version of what is deployed`),
          ...(workflow && Object.keys(workflow.States).join() === states.join()
            ? []
            : [`${name} has other states than were declared`]),
          ...(Buffer.byteLength(text) < MAX_DEFINITION ? [] : [`${name} is over 1 MB`]),
        ];
      });
    },
  },
  {
    name: "machines-observed",
    demands: "State machines are STANDARD, published as versions, traced, and log every event.",
    check: each(
      "stateMachine",
      (inputs, graph, { region }) =>
        inputs.type === "STANDARD" &&
        inputs.publish === true &&
        at(inputs, "tracingConfiguration", "enabled") === true &&
        at(inputs, "loggingConfiguration", "level") === "ALL" &&
        at(inputs, "loggingConfiguration", "logDestination") ===
          `arn:aws:logs:${region}:${graph.account}:log-group:/aws/vendedlogs/states/${inputs.name}:*`,
      "is not observed as it should be",
    ),
  },
  {
    name: "no-data-in-logs",
    demands: "In production the logs of executions hold no inputs and outputs.",
    check: each(
      "stateMachine",
      (inputs, graph) => at(inputs, "loggingConfiguration", "includeExecutionData") === !isProduction(graph),
      "logs what it should not, or not what it should",
    ),
  },
];
