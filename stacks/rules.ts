import { fillPattern, type RuleDeclaration } from "../core/declaration.ts";
import { type Context, roleArgs } from "./context.ts";
import type { Events } from "./events.ts";
import type { Functions } from "./functions.ts";
import { logical } from "./names.ts";
import type { Workflows } from "./workflows.ts";

/** How long the bus and the scheduler keep trying to deliver before it is a dead letter. */
const RETRY = { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 24 };

type Of<T extends string> = Extract<RuleDeclaration, { readonly [K in T]: unknown }>;

/** Rules on the buses and schedules, each with a retry policy and the dead-letter queue. */
export function rules(
  context: Context,
  events: Events,
  functions: Functions,
  workflows: Workflows,
  declared: readonly RuleDeclaration[],
): void {
  for (const rule of declared) {
    const target = targetOf(context, events, functions, workflows, rule);
    if ("schedule" in rule) schedule(context, events, rule, target);
    else pattern(context, events, rule, target);
  }
}

interface Target {
  readonly arn: $util.Output<string>;
  readonly action: "lambda:InvokeFunction" | "states:StartExecution" | "sns:Publish";
  /** The ARN as a policy names it. */
  readonly resource: string;
}

function targetOf(
  { names }: Context,
  { alerts }: Events,
  functions: Functions,
  workflows: Workflows,
  { name, target }: RuleDeclaration,
): Target {
  if ("function" in target)
    return {
      arn: functions.named(target.function).arn,
      action: "lambda:InvokeFunction",
      resource: names.function(target.function),
    };
  if ("topic" in target)
    return { arn: alerts.arn, action: "sns:Publish", resource: names.arn("sns", names.of("alerts")) };
  const machine = workflows.get(target.workflow);
  if (!machine) throw new TypeError(`rule ${name} starts ${target.workflow}, which is not declared`);
  return { arn: machine.arn, action: "states:StartExecution", resource: names.workflow(target.workflow) };
}

function pattern(context: Context, events: Events, rule: Of<"pattern">, target: Target): void {
  const { names } = context;
  const id = logical(rule.name);
  const bus = rule.bus === "slipway" ? { eventBusName: events.bus.name } : {};
  const created = new aws.cloudwatch.EventRule(`${id}Rule`, {
    name: names.of(rule.name),
    description: rule.purpose,
    ...bus,
    eventPattern: JSON.stringify(fillPattern(rule.pattern, names)),
  });
  const isFunction = target.action === "lambda:InvokeFunction";
  new aws.cloudwatch.EventTarget(`${id}Target`, {
    rule: created.name,
    ...bus,
    targetId: "1",
    arn: target.arn,
    retryPolicy: RETRY,
    deadLetterConfig: { arn: events.undelivered.arn },
    // A function and the topic say themselves who may reach them.
    ...(target.action !== "states:StartExecution"
      ? {}
      : { roleArn: deliveryRole(context, rule, target, "events.amazonaws.com").arn }),
  });
  if (isFunction)
    new aws.lambda.Permission(`${id}Permission`, {
      action: target.action,
      function: target.arn,
      principal: "events.amazonaws.com",
      sourceArn: created.arn,
      sourceAccount: names.account,
    });
}

/**
 * Brings home what rules there wait for: in a further region the same patterns, with the default bus of the home
 * region as target. Handlers are at home; an event says itself where it happened.
 */
export function forwarding(
  context: Context,
  undelivered: Events["undelivered"],
  role: aws.iam.Role,
  declared: readonly RuleDeclaration[],
): void {
  const { names, id, options } = context;
  for (const rule of declared) {
    if ("schedule" in rule || rule.bus !== "default") continue;
    const created = new aws.cloudwatch.EventRule(
      `${id(rule.name)}Rule`,
      {
        name: names.of(rule.name),
        description: rule.purpose,
        eventPattern: JSON.stringify(fillPattern(rule.pattern, names)),
      },
      options,
    );
    new aws.cloudwatch.EventTarget(
      `${id(rule.name)}Target`,
      {
        rule: created.name,
        targetId: "1",
        arn: homeBus(names),
        roleArn: role.arn,
        retryPolicy: RETRY,
        deadLetterConfig: { arn: undelivered.arn },
      },
      options,
    );
  }
}

/** The default bus of the home region. */
const homeBus = (names: Context["names"]): string =>
  names.in(names.homeRegion).arn("events", "event-bus/default");

/** The role with which rules of further regions put events on the default bus at home. */
export const forwardingRole = (context: Context): aws.iam.Role =>
  new aws.iam.Role(
    "ForwardingRole",
    roleArgs(context, {
      name: context.names.of("forwarding"),
      purpose: "EventBridge brings home what happens in further regions with it",
      service: "events.amazonaws.com",
      onlyOwnAccount: true,
      statements: [{ Effect: "Allow", Action: ["events:PutEvents"], Resource: [homeBus(context.names)] }],
    }),
  );

/** What a target hears when its time has come: the envelope of an event, as from a rule with a schedule. */
const SCHEDULED = JSON.stringify({
  version: "0",
  id: "<aws.scheduler.execution-id>",
  "detail-type": "Scheduled Event",
  source: "aws.scheduler",
  time: "<aws.scheduler.scheduled-time>",
  resources: ["<aws.scheduler.schedule-arn>"],
  detail: {},
});

function schedule(context: Context, events: Events, rule: Of<"schedule">, target: Target): void {
  const { names } = context;
  new aws.scheduler.Schedule(`${logical(rule.name)}Schedule`, {
    name: names.of(rule.name),
    description: rule.purpose,
    scheduleExpression: rule.schedule,
    scheduleExpressionTimezone: rule.timeZone ?? "UTC",
    flexibleTimeWindow: { mode: "OFF" },
    target: {
      arn: target.arn,
      roleArn: deliveryRole(context, rule, target, "scheduler.amazonaws.com", events).arn,
      input: SCHEDULED,
      retryPolicy: RETRY,
      deadLetterConfig: { arn: events.undelivered.arn },
    },
  });
}

/** The role by which a rule or a schedule reaches its one target. */
function deliveryRole(
  context: Context,
  rule: RuleDeclaration,
  target: Target,
  service: string,
  events?: Events,
): aws.iam.Role {
  const { names } = context;
  const queue = names.arn("sqs", names.of("undelivered"));
  return new aws.iam.Role(
    `${logical(rule.name)}DeliveryRole`,
    roleArgs(context, {
      name: names.of(`rule-${rule.name}`),
      purpose: rule.purpose,
      service,
      onlyOwnAccount: true,
      statements: [
        { Effect: "Allow", Action: [target.action], Resource: [target.resource] },
        ...(events ? [{ Effect: "Allow" as const, Action: ["sqs:SendMessage"], Resource: [queue] }] : []),
      ],
    }),
  );
}
