import type { StateMachine, WorkflowDeclaration } from "../core/declaration.ts";
import { lambdaRetry } from "./fragments/retry.ts";
import { catchTo, choose, expr, wait } from "./fragments/states.ts";

/**
 * Looks at one cluster after somebody changed something: when the burst of events is over, and again while EKS is
 * at work on it. It is no operation and changes nothing of the cluster; what it could not look at is the sweep's.
 */
const definition: StateMachine = {
  Comment: "Looks at a cluster when a burst of events is over",
  QueryLanguage: "JSONata",
  StartAt: "Start",
  TimeoutSeconds: 7200,
  States: {
    Start: {
      Type: "Pass",
      Assign: { cluster: expr("$states.input.cluster"), looks: 0 },
      Output: { waitSeconds: 20 },
      Next: "Settle",
    },
    Settle: wait("$states.input.waitSeconds", "Look"),
    Look: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Arguments: {
        FunctionName: "${function:look-at-cluster}",
        Payload: { cluster: expr("$cluster"), looks: expr("$looks") },
      },
      TimeoutSeconds: 300,
      Retry: lambdaRetry,
      Catch: [catchTo("GivenUp")],
      Assign: { looks: expr("$looks + 1") },
      Output: expr("$states.result.Payload"),
      Next: "Looked",
    },
    Looked: choose([{ when: "$states.input.state = 'again'", next: "Settle" }], { next: "Done" }),
    Done: { Type: "Succeed", Output: { state: "done" } },
    GivenUp: { Type: "Fail", Error: expr("$failure.Error"), Cause: expr("$failure.Cause") },
  },
};

export const watchCluster: WorkflowDeclaration = {
  name: "watch-cluster",
  purpose: "Looks at a cluster when a burst of events about it is over",
  definition,
};
