import type { Edit } from "./offline/compile.ts";

/**
 * Defects put in on purpose: each must be found, by the evaluation or by a rule. A check that cannot fail proves
 * nothing.
 */
export interface Control {
  readonly name: string;
  readonly edit: Edit;
  /** Further regions of the stage in which it shows. */
  readonly regions?: string;
  /** What must be said about it: an error of the evaluation, or a breach of the rule of this name. */
  readonly found: { readonly error: RegExp } | { readonly rule: string };
}

/** Replaces text in one file. Throws Error when it is not there: the control would prove nothing any more. */
const replace =
  (file: string, from: string, to: string): Edit =>
  (path, source) => {
    if (path !== file) return source;
    if (!source.includes(from)) throw new Error(`control: ${file} has no ${JSON.stringify(from)}`);
    return source.replaceAll(from, to);
  };

export const controls: readonly Control[] = [
  {
    name: "missing-substitution",
    edit: replace(
      "stacks/workflows.ts",
      "return JSON.stringify(\n      render(definition, {",
      "return JSON.stringify(\n      ((d, _) => d)(definition, {",
    ),
    found: { rule: "definitions-complete" },
  },
  {
    name: "unknown-function",
    edit: replace("workflows/update-addons.ts", '"plan-addons"', '"plan-adons"'),
    found: { error: /function plan-adons is not declared/ },
  },
  {
    name: "missing-handler",
    edit: replace("functions/platform/declare.ts", "functions/tasks/${name}.ts", "functions/task/${name}.ts"),
    found: { error: /no module for the handler functions\/task\// },
  },
  {
    name: "wildcard-action",
    edit: replace("adapters/permissions.ts", '"events:PutEvents"', '"events:*"'),
    found: { rule: "no-wildcard-actions" },
  },
  {
    name: "over-wide-grant",
    edit: replace("adapters/permissions.ts", 'resources: ["{bus}"]', 'resources: ["*"]'),
    found: { rule: "narrow-resources" },
  },
  {
    name: "unregistered-workflow",
    edit: replace(
      "stacks/slipway.ts",
      "declaredWorkflows)",
      'declaredWorkflows.flatMap((w, i) => (i === 0 ? [w, { ...w, name: "stray" }] : [w])))',
    ),
    found: { rule: "same-workflows" },
  },
  {
    name: "missing-route",
    edit: replace("stacks/slipway.ts", "deployed, apiRoutes)", "deployed, apiRoutes.slice(1))"),
    found: { rule: "same-routes" },
  },
  {
    name: "open-route",
    edit: replace("stacks/api.ts", "{ auth, name:", "{ name:"),
    found: { rule: "routes-authorized" },
  },
  {
    name: "functions-without-address",
    // What is told on the bus would not say where to approve it.
    edit: replace("stacks/functions.ts", "SLIPWAY_API_URL: apiUrl,", ""),
    found: { rule: "functions-run" },
  },
  {
    name: "account-wide-trust",
    edit: replace(
      "stacks/policy.ts",
      "Principal: { Service: service },",
      'Principal: { Service: service, AWS: "arn:aws:iam::111122223333:root" },',
    ),
    found: { rule: "trust-one-service" },
  },
  {
    name: "default-role",
    // SST's own role: named by chance, with policies of AWS.
    edit: replace("stacks/functions.ts", "Object.assign(args, same);", "void same;"),
    found: { rule: "no-managed-policies" },
  },
  {
    name: "lost-events",
    edit: replace("stacks/rules.ts", "deadLetterConfig: { arn: events.undelivered.arn },", ""),
    found: { rule: "dead-letters" },
  },
  {
    name: "never-settling-output",
    edit: replace(
      "stacks/events.ts",
      'name: names.of("undelivered"),',
      "name: $util.output(new Promise(() => {})),",
    ),
    found: { error: /never registered: .*aws:sqs\/queue:Queue Undelivered/ },
  },
  {
    name: "unstubbed-invoke",
    edit: replace("stacks/context.ts", "aws.getPartition()", "aws.getPartition(), aws.ec2.getVpc({})"),
    found: { error: /provider function without an answer: aws:ec2\/getVpc:getVpc/ },
  },
  {
    name: "machine-of-another-region",
    // Machines of the further region would call the functions of the home region, which Step Functions cannot.
    regions: "us-east-1",
    edit: replace(
      "stacks/plane.ts",
      "workflows(context, { key }, here, deployed.roles, declared.workflows);",
      "workflows(context, { key }, deployed.functions, deployed.roles, declared.workflows);",
    ),
    found: { rule: "definitions-complete" },
  },
  {
    name: "region-without-workflows",
    regions: "us-east-1",
    edit: replace(
      "stacks/plane.ts",
      "deployed.roles, declared.workflows);",
      "deployed.roles, declared.workflows.slice(0, -1));",
    ),
    found: { rule: "same-workflows" },
  },
  {
    name: "events-that-stay-away",
    regions: "us-east-1",
    edit: replace(
      "stacks/plane.ts",
      "forwarding(context, undelivered, deployed.forwarding, declared.rules);",
      "forwarding(context, undelivered, deployed.forwarding, declared.rules.slice(1));",
    ),
    found: { rule: "same-rules" },
  },
  {
    name: "open-to-every-region",
    regions: "us-east-1",
    edit: replace(
      "stacks/policy.ts",
      'Condition: { StringNotEquals: { "aws:RequestedRegion": regions } },',
      'Condition: { StringNotEquals: { "aws:RequestedRegion": [...regions, "eu-west-3"] } },',
    ),
    found: { rule: "own-regions" },
  },
  {
    name: "self-trust-of-all-machines",
    edit: replace(
      "stacks/policy.ts",
      "names.places.map((place) => place.workflow(workflow))",
      'names.places.map((place) => place.workflow("*"))',
    ),
    found: { rule: "trust-one-service" },
  },
  {
    name: "alarm-for-each-function",
    edit: replace(
      "stacks/observability.ts",
      "createAlarms(context, alerts, watched);",
      "createAlarms(context, alerts, watched.flatMap((a) => [a, ...[1, 2, 3].map((i) => ({ ...a, name: `${a.name}-${i}` }))]));",
    ),
    found: { rule: "few-alarm-metrics" },
  },
];
