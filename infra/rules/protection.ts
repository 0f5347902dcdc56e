import { TTL_ATTRIBUTE } from "../../adapters/store/table.ts";
import { ofType } from "../offline/graph.ts";
import { all, at, each, isProduction, type Rule, statementsOf } from "./rule.ts";

/** A resource policy that refuses what comes without TLS. */
const refusesPlainText = (policy: unknown): boolean =>
  statementsOf(policy).some(
    ({ effect, conditions }) => effect === "Deny" && conditions.Bool?.["aws:SecureTransport"] === "false",
  );

/** A resource policy that lets in nobody but one service, for a named source. */
const opensToOwnSources = (policy: unknown, account: string): boolean =>
  statementsOf(policy)
    .filter(({ effect }) => effect === "Allow")
    .every(
      ({ principal, conditions }) =>
        Object.keys(principal as object).join() === "Service" &&
        String(conditions.ArnLike?.["aws:SourceArn"] ?? "").includes(`:${account}:`),
    );

export const protection: readonly Rule[] = [
  {
    name: "table-recoverable",
    demands:
      "The table is billed on demand, restorable to any second, expires items, and in production cannot be deleted.",
    check: (graph) => {
      const tables = ofType(graph, "table");
      if (tables.length !== 1) return [`there are ${tables.length} tables`];
      return each(
        "table",
        (inputs, _, resource) =>
          inputs.name === `slipway-${graph.stage}` &&
          inputs.billingMode === "PAY_PER_REQUEST" &&
          at(inputs, "pointInTimeRecovery", "enabled") === true &&
          at(inputs, "ttl", "enabled") === true &&
          at(inputs, "ttl", "attributeName") === TTL_ATTRIBUTE &&
          inputs.deletionProtectionEnabled === isProduction(graph) &&
          resource.retainOnDelete === isProduction(graph),
        "is not protected",
      )(graph);
    },
  },
  {
    name: "encrypted-at-rest",
    demands:
      "The queue is always encrypted; in production table, topic and logs are with the key of the stage.",
    check: (graph) => {
      const own = (value: unknown): boolean =>
        isProduction(graph) ? String(value).includes(":key/") : value === undefined;
      return all(
        each("queue", (inputs) => inputs.sqsManagedSseEnabled === true, "is not encrypted"),
        each("table", (inputs) => own(at(inputs, "serverSideEncryption", "kmsKeyArn")), "has the wrong key"),
        each("topic", (inputs) => own(inputs.kmsMasterKeyId), "has the wrong key"),
        each("logGroup", (inputs) => own(inputs.kmsKeyId), "has the wrong key"),
      )(graph);
    },
  },
  {
    name: "bus-for-the-organisation",
    demands:
      "Other accounts put events on the default bus only from within the organisation, and only where it is set.",
    check: each(
      "busPermission",
      ({ action, eventBusName, condition }) =>
        action === "events:PutEvents" &&
        eventBusName === "default" &&
        at({ condition }, "condition", "key") === "aws:PrincipalOrgID" &&
        /^o-[a-z0-9]+$/.test(String(at({ condition }, "condition", "value"))),
      "lets in more than the organisation",
    ),
  },
  {
    name: "no-plain-text",
    demands: "Queue and topic refuse requests without TLS, and let only our own rules and alarms in.",
    check: all(
      each(
        "queuePolicy",
        ({ policy }, { account }) => refusesPlainText(policy) && opensToOwnSources(policy, account),
        "lets too much in",
      ),
      each(
        "topicPolicy",
        ({ policy }, { account }) => refusesPlainText(policy) && opensToOwnSources(policy, account),
        "lets too much in",
      ),
      (graph) =>
        ofType(graph, "queuePolicy").length === ofType(graph, "queue").length &&
        ofType(graph, "topicPolicy").length === ofType(graph, "topic").length
          ? []
          : ["a queue or a topic has no policy"],
    ),
  },
  {
    name: "logs-end",
    demands: "Every function, state machine and the API has a log group, kept 30 days, in production a year.",
    check: (graph) => {
      const groups = new Map(
        ofType(graph, "logGroup").map(({ inputs, region }) => [`${region} ${inputs.name}`, inputs]),
      );
      const wanted = [
        ...ofType(graph, "function").map(
          ({ inputs, region }) => `${region} ${at(inputs, "loggingConfig", "logGroup")}`,
        ),
        ...ofType(graph, "stateMachine").map(
          ({ inputs, region }) => `${region} /aws/vendedlogs/states/${inputs.name}`,
        ),
        ...ofType(graph, "apiStage").map(({ inputs, region }) =>
          String(at(inputs, "accessLogSettings", "destinationArn")).replace(/^.*:log-group:/, `${region} `),
        ),
      ];
      return wanted
        .filter((name) => groups.get(name)?.retentionInDays !== (isProduction(graph) ? 365 : 30))
        .map((name) => `log group ${name} is missing or kept for another time`);
    },
  },
  {
    name: "kept-in-production",
    demands: "A production stage is protected against removal and keeps its data.",
    check: (graph) => {
      const wanted = isProduction(graph) ? ["retain", true] : ["remove", false];
      return graph.app.removal === wanted[0] && graph.app.protect === wanted[1]
        ? []
        : [`removal is ${graph.app.removal}, protect is ${graph.app.protect}`];
    },
  },
];
