import type { WorkflowDeclaration } from "../core/declaration.ts";
import { grantAccess, resign } from "./fragments/grant-access.ts";
import { loop } from "./fragments/loop.ts";
import { nodeAlarms } from "./fragments/node-alarms.ts";
import { operationMachine } from "./fragments/operation.ts";
import { eks, expr, gate, run } from "./fragments/states.ts";

const granter = "$requests.granter";

/** What Slipway needs in a cluster that somebody else made: access entries, and the ClusterRole behind them. */
const definition = operationMachine({
  comment: "Gives Slipway's functions access to a cluster that it did not make",
  startAt: "Gate",
  states: {
    Gate: gate("PlanAccess"),
    PlanAccess: run(
      "plan-access",
      {},
      { assign: { requests: expr("$states.result.Payload") }, output: {}, next: "StartAccess" },
    ),
    ...loop({ id: "Access", list: "$requests.access", first: "CreateAccess", next: "BecomeAdmin" }),
    CreateAccess: eks("createAccessEntry", expr("$item"), {
      output: {},
      catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "NextAccess" }],
      next: "NextAccess",
    }),
    ...grantAccess({ granter, next: "RecordAccess", failTo: "GiveUp" }),
    // Nobody stays administrator, whatever failed; what failed is what the operation reports.
    GiveUp: { Type: "Pass", Assign: { cause: expr("$failure") }, Next: "ResignAfterFailure" },
    ResignAfterFailure: resign({ granter, next: "GivenUp", failTo: "GivenUp" }),
    GivenUp: { Type: "Pass", Assign: { failure: expr("$cause") }, Next: "Failed" },
    RecordAccess: run(
      "record-steps",
      { ended: [{ step: expr("$requests.step"), message: "Slipway's functions have access" }] },
      { next: "PlanAlarms" },
    ),
    ...nodeAlarms("Done"),
  },
});

export const adoptCluster: WorkflowDeclaration = {
  name: "adopt-cluster",
  purpose: "Gives Slipway's functions access to a cluster that somebody else made",
  definition,
};
