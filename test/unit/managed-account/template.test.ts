import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { managedRoleGrants } from "../../../adapters/managed-account.ts";
import { relays, snapshot } from "../../../adapters/permissions.ts";
import { workflowGrants } from "../../../adapters/workflow-grants.ts";
import { fillGrant } from "../../../core/grants.ts";
import { rules } from "../../../functions/rules.ts";
import { compilePattern } from "../../../local/events/pattern/compile.ts";
import { matches } from "../../../local/events/pattern/rule-set.ts";
import { parseTemplate } from "../../../local/world/infra/cloudformation/template.ts";
import { FORWARDED, template, templateText } from "../../../managed-account/template.ts";
import { grantsOf } from "../../../workflows/grants.ts";
import { workflows } from "../../../workflows/platform.ts";
import { localNames } from "../../builders/call-record.ts";
import { faultsOf } from "../../builders/permissions.ts";

const root = join(import.meta.dirname, "../../..");
const file = readFileSync(join(root, "managed-account/template.yaml"), "utf8");

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource?: readonly unknown[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
interface Role {
  readonly Properties: {
    readonly AssumeRolePolicyDocument: { readonly Statement: readonly Statement[] };
    readonly Policies: readonly { readonly PolicyDocument: { readonly Statement: readonly Statement[] } }[];
    readonly PermissionsBoundary: unknown;
  };
}

const resources = template.Resources as Record<string, { readonly Type: string } & Role>;
const roles = Object.entries(resources).filter(([, { Type }]) => Type === "AWS::IAM::Role");
const statementsOf = (role: Role): readonly Statement[] =>
  role.Properties.Policies.flatMap((policy) => policy.PolicyDocument.Statement);

describe("managed-account/template.yaml", () => {
  it("is what its module says; run npm run generate", () => {
    expect(file).toBe(templateText());
  });

  it("is a template of CloudFormation's, of known resource types only", () => {
    const parsed = parseTemplate(file, new Set(["AWS::IAM::Role", "AWS::Events::Rule"]));
    expect(Object.keys(parsed.parameters)).toEqual([
      "CentralAccount",
      "OrganizationId",
      "ExternalId",
      "CentralBusArn",
      "Stage",
      "RoleName",
      "RoleRegion",
      "PermissionsBoundary",
    ]);
  });

  it("holds dates and numbers as text, whatever a YAML reader makes of them", () => {
    expect(file).toContain('Version: "2012-10-17"');
    expect(file).toContain('AWSTemplateFormatVersion: "2010-09-09"');
  });

  it.each(roles)("%s has named actions, a possible boundary, and room in IAM's limits", (_name, role) => {
    const statements = statementsOf(role);
    for (const { Action } of statements)
      expect([Action].flat().filter((action) => action.includes("*"))).toEqual([]);
    expect(role.Properties.PermissionsBoundary).toHaveProperty("Fn::If");
    // All inline policies of a role, without white space; variables are shorter when they are filled in.
    expect(JSON.stringify(statements).length).toBeLessThan(10_240);
  });

  it.each(roles)("%s trusts with conditions only", (_name, role) => {
    for (const { Condition = {} } of role.Properties.AssumeRolePolicyDocument.Statement)
      expect(Object.keys(Condition)).toContain("StringEquals");
  });

  it("lets in roles of one stage of one account of the organisation, with an external id", () => {
    const trust = resources.ManagedRole?.Properties.AssumeRolePolicyDocument.Statement ?? [];
    expect(trust).toHaveLength(2);
    for (const { Condition } of trust)
      expect(Condition).toMatchObject({
        StringEquals: { "aws:PrincipalOrgID": { Ref: "OrganizationId" } },
        ArnLike: { "aws:PrincipalArn": expect.anything() },
        StringLike: { "sts:ExternalId": expect.anything() },
      });
  });

  it("passes roles to one named service only", () => {
    for (const [, role] of roles)
      for (const { Action, Condition } of statementsOf(role))
        if ([Action].flat().includes("iam:PassRole"))
          expect(Condition?.StringEquals).toHaveProperty("iam:PassedToService");
  });
});

describe("the managed role's grants", () => {
  it("agree with the service authorization reference", async () => {
    const faults = await Promise.all(
      managedRoleGrants().map((grant) => faultsOf(fillGrant(grant, localNames))),
    );
    expect(faults.flat()).toEqual([]);
  });

  it("cover what snapshots read and what workflows change there", () => {
    const granted = new Set(managedRoleGrants().flatMap((grant) => grant.actions));
    const wanted = [...snapshot, ...workflows.flatMap((workflow) => grantsOf(workflow))].flatMap((grant) =>
      grant.actions.filter((action) => /^(eks|cloudformation|ec2):/.test(action)),
    );
    expect(wanted.filter((action) => !granted.has(action))).toEqual([]);
    expect([...granted].filter((action) => /^(states|dynamodb|xray):/.test(action))).toEqual([]);
    // Of Lambda nothing but relays.
    const functions = managedRoleGrants().filter(({ actions }) =>
      actions.some((one) => one.startsWith("lambda:")),
    );
    expect(functions).toEqual([relays]);
  });

  it("are made from the workflows as they are now; run npm run generate", () => {
    expect(workflowGrants).toEqual(
      Object.fromEntries(workflows.map((workflow) => [workflow.name, grantsOf(workflow)])),
    );
  });
});

/** What a rule of Slipway's waits for, as far as every rule says it: `aws.ec2 EC2 Spot Instance Interruption Warning`. */
const kindsOf = (pattern: Readonly<Record<string, unknown>>): string[] =>
  ((pattern.source ?? []) as unknown[]).flatMap((source) =>
    ((pattern["detail-type"] ?? []) as unknown[]).map((type) => `${source} ${JSON.stringify(type)}`),
  );

describe("what rules of Slipway's wait for", () => {
  const forwarded = new Set(
    Object.values(FORWARDED).flatMap(({ pattern }) => kindsOf(pattern as Readonly<Record<string, unknown>>)),
  );

  it.each(
    rules.flatMap((rule) =>
      // Executions are Slipway's own, at home.
      "schedule" in rule || rule.bus !== "default" || rule.name === "execution-ended"
        ? []
        : [{ name: rule.name, pattern: rule.pattern }],
    ),
  )("$name: managed accounts forward it", ({ pattern }) => {
    expect(kindsOf(pattern).filter((kind) => !forwarded.has(kind))).toEqual([]);
  });
});

const examples = join(root, "../shared/cases/event-examples.json");
const found = existsSync(examples);
if (!found) console.warn(`SKIPPED: ${examples} is not there; the patterns were not tried on AWS's events`);

describe.skipIf(!found)("forwarded events", () => {
  const events = found
    ? (JSON.parse(readFileSync(examples, "utf8")) as { title: string; event: Record<string, unknown> }[])
    : [];
  const forwardedBy = (event: unknown): string[] =>
    Object.entries(FORWARDED)
      .filter(([, { pattern }]) => matches(compilePattern(pattern), event))
      .map(([name]) => name);

  it("go one way each: no event is forwarded twice", () => {
    for (const { event } of events) expect(forwardedBy(event).length).toBeLessThanOrEqual(1);
  });

  it.each([
    ["UpdateClusterConfig", "EksChanges"],
    ["UpdateNodegroupConfig", "EksChanges"],
    ["DeleteAddon", "EksChanges"],
    ["CloudWatch metric alarm", "Alarms"],
    ["CloudWatch composite alarm", "Alarms"],
    ["AWS Health planned lifecycle", "Health"],
    ["Spot interruption", "Instances"],
    ["Spot rebalance", "Instances"],
    ["EC2 state change", "Instances"],
    ["ASG launch failed", "LaunchFailures"],
  ])("%s goes by the rule %s", (title, rule) => {
    const example = events.find((one) => one.title.startsWith(title));
    if (!example) throw new Error(`no example ${title}`);
    expect(forwardedBy(example.event)).toEqual([rule]);
  });

  it.each(["Step Functions Execution", "ASG lifecycle hook"])("%s stays where it is", (title) => {
    const example = events.find((one) => one.title.startsWith(title));
    if (!example) throw new Error(`no example ${title}`);
    expect(forwardedBy(example.event)).toEqual([]);
  });
});
