import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grant, State, WorkflowDeclaration } from "../../../core/declaration.ts";
import { fillGrant, mergeGrants } from "../../../core/grants.ts";
import { stackTemplate } from "../../../core/provision/stack.ts";
import { apiFunctions } from "../../../functions/api/platform.ts";
import { functions } from "../../../functions/platform.ts";
import {
  CLUSTER_POLICIES,
  filePolicies,
  foundationRole,
  GRANTS_BY_TYPE,
} from "../../../workflows/foundation-role.ts";
import { grantsOf, taskGrants, tasksOf } from "../../../workflows/grants.ts";
import { workflows } from "../../../workflows/platform.ts";
import { awsCallGrants, knownCalls } from "../../../workflows/service-grants.ts";
import { localNames } from "../../builders/call-record.ts";
import { faultsOf } from "../../builders/permissions.ts";

const roles: [string, readonly Grant[]][] = [
  ...[...functions, ...apiFunctions].map(({ name, grants }): [string, readonly Grant[]] => [name, grants]),
  ...workflows.map((workflow): [string, readonly Grant[]] => [workflow.name, grantsOf(workflow)]),
  [foundationRole.name, foundationRole.grants],
  ["foundation, policies of files allowed", filePolicies],
];

const filled = (grants: readonly Grant[]): Grant[] => grants.map((grant) => fillGrant(grant, localNames));

describe("grants", () => {
  it.each(roles)("of %s agree with the service authorization reference", async (_name, grants) => {
    const faults = await Promise.all(filled(grants).map(faultsOf));
    expect(faults.flat()).toEqual([]);
  });

  it("of every call that the table knows agree with it, used or not", async () => {
    for (const call of knownCalls) {
      const [service = "", action = ""] = call.split(":");
      const faults = await Promise.all(
        filled(awsCallGrants(service, action, "{% $anything %}")).map(faultsOf),
      );
      expect({ call, faults: faults.flat() }).toEqual({ call, faults: [] });
    }
  });

  it.each(roles)("of %s pass roles to one named service only", (_name, grants) => {
    for (const grant of grants.filter(({ actions }) => actions.includes("iam:PassRole")))
      expect(grant).toEqual({
        actions: ["iam:PassRole"],
        resources: expect.any(Array),
        conditions: {
          StringEquals: { "iam:PassedToService": expect.stringMatching(/^[a-z0-9.-]+\.amazonaws\.com$/) },
        },
      });
  });

  it.each<[string, Grant]>([
    ["is no action", { actions: ["eks:*"], resources: ["*"] }],
    ["is no action", { actions: ["eks:DescribeClusters"], resources: ["*"] }],
    ["is allowed on * though it knows cluster", { actions: ["eks:DescribeCluster"], resources: ["*"] }],
    [
      "knows no resource",
      { actions: ["ec2:DescribeSubnets"], resources: ["arn:aws:ec2:eu-west-1:111122223333:subnet/*"] },
    ],
    [
      "is none of its resources",
      { actions: ["eks:DescribeNodegroup"], resources: ["arn:aws:eks:eu-west-1:111122223333:cluster/*"] },
    ],
    [
      "knows no condition key",
      {
        actions: ["iam:PassRole"],
        resources: ["arn:aws:iam::111122223333:role/*"],
        conditions: { StringEquals: { "iam:PassedToServices": "eks.amazonaws.com" } },
      },
    ],
  ])("would be refused: %s", async (fault, grant) => {
    expect((await faultsOf(grant)).join()).toContain(fault);
  });
});

const machine = (states: Record<string, State>): WorkflowDeclaration => ({
  name: "made-up",
  purpose: "",
  definition: { QueryLanguage: "JSONata", StartAt: "A", States: states },
});

describe("grantsOf", () => {
  it("names the functions of nested states, each once", () => {
    const invoke: State = {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Arguments: { FunctionName: "${function:gate}" },
    };
    const grants = grantsOf(
      machine({
        A: { Type: "Map", ItemProcessor: { StartAt: "B", States: { B: invoke } } },
        C: { Type: "Parallel", Branches: [{ StartAt: "D", States: { D: { ...invoke } } }] },
      }),
    );
    expect(grants.filter(({ actions }) => actions.includes("lambda:InvokeFunction"))).toEqual([
      { actions: ["lambda:InvokeFunction"], resources: ["{function:gate}", "{function:gate}:*"] },
    ]);
  });

  it.each([
    ["arn:aws:states:::sqs:sendMessage", {}, "is not known"],
    ["arn:aws:states:::aws-sdk:eks:deleteEverything", {}, "is not known"],
    ["arn:aws:states:::lambda:invoke", { FunctionName: "{% $name %}" }, "does not name a function"],
    ["arn:aws:states:::states:startExecution", { StateMachineArn: "*" }, "does not name a workflow"],
  ])("refuses %s, of which it does not know what it needs", (Resource, Arguments, why) => {
    expect(() => grantsOf(machine({ A: { Type: "Task", Resource, Arguments } }))).toThrow(why);
  });

  it("refuses credentials of another role", () => {
    const state: State = {
      Type: "Task",
      Resource: "arn:aws:states:::aws-sdk:eks:describeCluster",
      Credentials: { RoleArn: "arn:aws:iam::222222222222:role/x" },
    };
    expect(() => taskGrants(state)).toThrow("Credentials");
  });

  it.each(workflows)("lets $name assume the roles of its calls and no other", (workflow) => {
    const calls = tasksOf(workflow.definition).some(({ state }) => state.Credentials !== undefined);
    const assumed = grantsOf(workflow).filter(({ actions }) => actions.includes("sts:AssumeRole"));
    expect(assumed.flatMap(({ resources }) => resources)).toEqual(
      calls
        ? [
            "arn:{partition}:iam::????????????:role/slipway-{stage}-managed",
            `arn:{partition}:iam::{account}:role/slipway-{stage}-workflow-${workflow.name}`,
          ]
        : [],
    );
  });

  it.each(workflows)("has every AWS call of $name made in the account of the cluster", (workflow) => {
    const atHome = tasksOf(workflow.definition)
      .filter(({ state }) => String(state.Resource).includes(":aws-sdk:") && state.Credentials === undefined)
      .map(({ name }) => name);
    expect(atHome).toEqual([]);
  });

  it.each(workflows)("has for each task of $name all that the task needs", (workflow) => {
    const all = grantsOf(workflow);
    for (const { state } of tasksOf(workflow.definition))
      for (const needed of taskGrants(state))
        for (const action of needed.actions)
          for (const resource of needed.resources)
            expect(
              all.some(
                (grant) =>
                  grant.actions.includes(action) &&
                  grant.resources.includes(resource) &&
                  JSON.stringify(grant.conditions) === JSON.stringify(needed.conditions),
              ),
            ).toBe(true);
  });
});

describe("the role of CloudFormation", () => {
  const folder = join(import.meta.dirname, "../../../core/provision");
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const types = new Set(sources.flatMap((text) => text.match(/(?<=Type: ")AWS::\w+::\w+(?=")/g) ?? []));

  it("is for every resource type of the templates", () => {
    expect(types.size).toBeGreaterThan(9);
    expect([...types].filter((type) => !Object.hasOwn(GRANTS_BY_TYPE, type))).toEqual([]);
  });

  it("covers the template of a plain cluster, type by type", () => {
    const template = stackTemplate({
      apiVersion: "eksctl.io/v1alpha5",
      kind: "ClusterConfig",
      metadata: { name: "demo", region: "eu-west-1" },
      managedNodeGroups: [{ name: "workers" }],
    });
    const used = Object.values(template?.Resources ?? {}) as { Type: string }[];
    expect(used.filter(({ Type }) => !Object.hasOwn(GRANTS_BY_TYPE, Type))).toEqual([]);
    const attached = JSON.stringify(template).match(/(?<=iam::aws:policy\/)[\w/-]+/g) ?? [];
    expect(attached.length).toBeGreaterThan(4);
    expect(attached.filter((name) => !CLUSTER_POLICIES.includes(name))).toEqual([]);
  });

  it("may attach no other policy and write none, unless a stage says so", () => {
    for (const grant of foundationRole.grants)
      if (grant.actions.includes("iam:AttachRolePolicy"))
        expect(grant.conditions).toEqual({
          ArnEquals: { "iam:PolicyARN": expect.stringContaining(":iam::aws:policy/") },
        });
    const actions = foundationRole.grants.flatMap((grant) => grant.actions);
    expect(actions).not.toContain("iam:PutRolePolicy");
    expect(actions).not.toContain("iam:UpdateAssumeRolePolicy");
    expect(filePolicies.flatMap((grant) => grant.actions)).toContain("iam:PutRolePolicy");
  });

  it("touches roles of clusters only, by their names", () => {
    const writing = /^iam:(Create|Delete|Put|Attach|Detach|Pass|Tag|Add|Remove)/;
    for (const grant of [...foundationRole.grants, ...filePolicies])
      if (grant.actions.some((action) => writing.test(action)))
        expect(grant.resources.join()).toMatch(/\/slipway-\*$|\/aws-service-role\/autoscaling|oidc\.eks/);
  });
});

describe("mergeGrants", () => {
  const member = (prefix: string) =>
    fc.uniqueArray(
      fc.integer({ min: 0, max: 4 }).map((n) => `${prefix}${n}`),
      { minLength: 1, maxLength: 3 },
    );
  const grant = fc.record({ actions: member("s:A"), resources: member("arn:") });
  const allowed = (grants: readonly Grant[]): string[] =>
    [
      ...new Set(
        grants.flatMap(({ actions, resources }) => actions.flatMap((a) => resources.map((r) => `${a} ${r}`))),
      ),
    ].sort();

  it("allows exactly what the grants allowed one by one", () => {
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 8 }), (grants) => {
        expect(allowed(mergeGrants(grants))).toEqual(allowed(grants));
        expect(mergeGrants(grants).length).toBeLessThanOrEqual(grants.length);
      }),
    );
  });

  it("keeps conditions apart", () => {
    const plain: Grant = { actions: ["a:B"], resources: ["x"] };
    const bound: Grant = { ...plain, conditions: { StringEquals: { k: "v" } } };
    expect(mergeGrants([plain, bound])).toEqual([plain, bound]);
  });
});

describe("fillGrant", () => {
  it("fills resources and conditions, and refuses a placeholder that nobody knows", () => {
    const grant: Grant = {
      actions: ["a:B"],
      resources: ["{executions:update-addons}", "{executions}", "{table}/index/GSI1"],
      conditions: { ArnEquals: { k: "arn:{partition}:iam::{account}:role/slipway-{stage}-x" } },
    };
    expect(fillGrant(grant, localNames)).toEqual({
      actions: ["a:B"],
      resources: [
        "arn:aws:states:eu-west-1:111122223333:execution:slipway-local-update-addons:*",
        "arn:aws:states:eu-west-1:111122223333:execution:slipway-local-*:*",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/slipway-local/index/GSI1",
      ],
      conditions: { ArnEquals: { k: "arn:aws:iam::111122223333:role/slipway-local-x" } },
    });
    expect(() => fillGrant({ actions: ["a:B"], resources: ["{secret}"] }, localNames)).toThrow("{secret}");
  });
});
