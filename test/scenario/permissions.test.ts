import { beforeAll, describe, expect, it } from "vitest";
import type { Grant } from "../../core/declaration.ts";
import { lifeOfAnAdopted } from "../builders/adoption-story.ts";
import {
  CallLog,
  type Comparison,
  compare,
  declaredGrants,
  type PlacedNeed,
} from "../builders/call-record.ts";
import { lifeOfACluster, lifeOfAnother, shortLife } from "../builders/cluster-story.ts";
import { lifeOfRichFiles } from "../builders/files-story.ts";
import { lifeOfNodes } from "../builders/node-story.ts";
import { lifeOfARollback } from "../builders/rollback-story.ts";
import { lifeOfAFleet } from "../builders/rollout-story.ts";
import { lifeOfRotations } from "../builders/rotation-story.ts";
import { lifeOfWaiting } from "../builders/waiting-life.ts";

const granted = declaredGrants;

let needs: ReadonlyMap<string, readonly PlacedNeed[]>;
let comparison: Comparison;
const log = new CallLog();
beforeAll(async () => {
  await lifeOfACluster(log);
  await lifeOfAnother(log);
  await shortLife(log);
  await lifeOfRichFiles(log);
  await lifeOfAnAdopted(log);
  await lifeOfARollback(log);
  await lifeOfRotations(log);
  await lifeOfNodes(log);
  await lifeOfWaiting(log);
  await lifeOfAFleet(log);
  needs = await log.needs();
  comparison = compare(granted, needs);
}, 300_000);

/** Permissions that no call on the embedded platform can need, and why AWS needs them. */
const EXCEPTIONS: readonly [callers: RegExp, actions: RegExp, why: string][] = [
  [/^workflow\//, /^(logs|xray):/, "Step Functions writes logs and traces with the role of the machine"],
  [
    /^workflow\//,
    /^(events:(DescribeRule|PutRule|PutTargets)|states:(Describe|Stop)Execution)$/,
    "Step Functions waits for nested executions, and stops them, with the role of the machine",
  ],
  [
    /^workflow\/(apply-changes|provision-cluster|reconcile-drift|rotate-nodegroup)$/,
    /^(ec2:(CreateTags|DescribeLaunchTemplateVersions|DescribeSubnets|RunInstances)|iam:(CreateServiceLinkedRole|GetRole|ListAttachedRolePolicies)|kms:(CreateGrant|DescribeKey))$/,
    "EKS looks at what a request names (subnets, roles, launch template, key) with the caller's permissions",
  ],
  [
    /^function\//,
    /^sts:AssumeRole$/,
    "a cluster may be of another account: test/scenario/accounts.test.ts has one, not for every function",
  ],
  [
    /^function\//,
    /^lambda:InvokeFunction$/,
    "an API server may be private to its VPC: test/scenario/relay.test.ts has one, not for every function",
  ],
  [
    /^function\/(notify|api-test-notification-channel)$/,
    /^(ssm:GetParameter|secretsmanager:GetSecretValue)$/,
    "the embedded platform keeps the secrets of channels itself (local/outbox.ts)",
  ],
  [
    /^function\/(on-alarm|on-health-event|on-instance-event|sweep-nodes|api-remediate-node)$/,
    /^dynamodb:DeleteItem$/,
    "gives the cluster back when the operation cannot be stored; of the API's own routes some do it here",
  ],
  [
    /^function\/(look-at-cluster|sweep-clusters|api-reconcile-cluster)$/,
    /^(dynamodb:DeleteItem|events:PutEvents|eks:DescribeAddonVersions|iam:PassRole|scheduler:(Create|Update)Schedule)$/,
    "they make the same looks: what one of them meets here, each may meet",
  ],
  [
    /^workflow\/(apply-changes|update-addons)$/,
    /^(eks:UpdateAddon|iam:PassRole)$/,
    "an update of the roles of an add-on's pods: reconcile-drift is seen to make one, with the same state",
  ],
  [
    /^workflow\/reconcile-drift$/,
    /^eks:(AssociateEncryptionConfig|AssociateIdentityProviderConfig|CreateAccessEntry|CreateAddon|TagResource|UntagResource|UpdateAccessEntry)$/,
    "it has the states of an apply, which is seen to make every one of these calls",
  ],
  [
    /^function\/(wake-operation|api-(approve|resume)-operation)$/,
    /^(autoscaling|cloudformation|dynamodb|ec2|eks|events|iam|logs|scheduler|servicequotas|states):/,
    "they plan anew and begin whatever has waited, as a retry, which is seen to make these calls",
  ],
  [
    /^function\/(api-.*|start-member|finish-operation|on-.*|sweep-.*)$/,
    /^(scheduler:(Create|Update)Schedule|iam:PassRole|events:PutEvents|dynamodb:BatchGetItem)$/,
    "whatever starts or ends an operation may find that it has to wait; some are seen to",
  ],
  [
    /^workflow\/rollout-fleet$/,
    /^states:StartExecution$/,
    "Step Functions starts the children of a distributed Map with the role of the machine",
  ],
  [
    /^function\/(hold-rollout|member-status|start-member|propose-upgrades|api-approve-rollout|api-abort-rollout)$/,
    /^(dynamodb:(DeleteItem|Query)|events:PutEvents|iam:PassRole|scheduler:(Create|Update)Schedule|states:SendTaskSuccess)$/,
    "what is asked of a rollout between two reads, and operations that wait: each of them may meet it, some do here",
  ],
  [
    /^function\/(api-start-rollout|start-member|propose-upgrades|check-member)$/,
    /^(ec2:DescribeLaunchTemplateVersions|eks:Describe(Insight|Update)|logs:GetQueryResults)$/,
    "what a snapshot reads only where something is wrong or under way: the checks' own functions are seen to",
  ],
  [
    /^function\/gate$/,
    /^dynamodb:DeleteItem$/,
    "a pause that is withdrawn between two reads of the gate: no scenario can hit that moment on purpose",
  ],
];

const excepted = (finding: string): boolean => {
  const [caller = "", action = ""] = finding.split(": ");
  return EXCEPTIONS.some(([callers, actions]) => callers.test(caller) && actions.test(action));
};

describe("permissions and the calls that are made with them", () => {
  it("sees every function and every state machine at work", () => {
    const idle = [...granted].filter(([caller, grants]) => grants.length > 0 && !needs.has(caller));
    expect(idle.map(([caller]) => caller)).toEqual([]);
  });
  it("has a grant for every call, on its resource", () => {
    expect(comparison.missing).toEqual([]);
  });
  it("grants nothing that no scenario needs", () => {
    expect(comparison.unused.filter((finding) => !excepted(finding))).toEqual([]);
  });
  it("has no exception that nothing is excepted by", () => {
    const idle = EXCEPTIONS.filter(
      (exception) =>
        !comparison.unused.some((finding) => {
          const [caller = "", action = ""] = finding.split(": ");
          return exception[0].test(caller) && exception[1].test(action);
        }),
    );
    expect(idle.map(([, , why]) => why)).toEqual([]);
  });

  const changed = (caller: string, change: (grants: readonly Grant[]) => readonly Grant[]): Comparison =>
    compare(
      new Map([...granted].map(([name, grants]) => [name, name === caller ? change(grants) : grants])),
      needs,
    );
  it("would miss a grant that is taken away", () => {
    const without = changed("function/finish-operation", (grants) =>
      grants.filter((grant) => !grant.actions.includes("events:PutEvents")),
    );
    expect(without.missing).toEqual([
      expect.stringMatching(/^function\/finish-operation: events:PutEvents on /),
    ]);
  });
  it("would miss a resource or a condition that does not fit", () => {
    const elsewhere = changed("workflow/delete-cluster", (grants) =>
      grants.map((grant) => ({
        ...grant,
        resources: grant.resources.map((one) => one.replace("{region}", "eu-north-1")),
      })),
    );
    expect(elsewhere.missing.join()).toContain("workflow/delete-cluster: eks:DeleteCluster");
    const otherRole = changed("workflow/provision-cluster", (grants) =>
      grants.map((grant) =>
        grant.actions.includes("iam:PassRole")
          ? { ...grant, conditions: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } } }
          : grant,
      ),
    );
    expect(otherRole.missing.join()).toContain("workflow/provision-cluster: iam:PassRole");
  });
  it("would see a grant too many", () => {
    const more = changed("function/verify", (grants) => [
      ...grants,
      { actions: ["eks:DeleteCluster"], resources: ["arn:{partition}:eks:{region}:{account}:cluster/*"] },
    ]);
    expect(more.unused).toContain("function/verify: eks:DeleteCluster");
  });
});
