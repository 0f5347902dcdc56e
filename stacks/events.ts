import type { Context } from "./context.ts";
import { policyText } from "./policy.ts";
import type { Storage } from "./storage.ts";
import { WORTH_A_MAIL } from "./worth-a-mail.ts";

/** Slipway's own bus, and what people are told by and what could not be delivered. */
export function events(context: Context, storage: Pick<Storage, "key">) {
  const { settings, names } = context;
  const bus = new sst.aws.Bus("Bus", {
    transform: {
      bus: (args) => {
        args.name = names.of();
        args.description = "What Slipway does, for people to subscribe to";
      },
    },
  });

  if (settings.managedAccounts)
    // What managed-account/template.yaml forwards. Whoever is in the organisation may tell; nobody is believed: an
    // event is a hint, and handlers read the real state. One statement, since the default bus may have others.
    new aws.cloudwatch.EventPermission("ManagedAccounts", {
      eventBusName: "default",
      statementId: names.of("managed-accounts"),
      principal: "*",
      action: "events:PutEvents",
      condition: {
        key: "aws:PrincipalOrgID",
        type: "StringEquals",
        value: settings.managedAccounts.organization,
      },
    });
  return { bus, ...deliveries(context, storage) };
}

export type Events = ReturnType<typeof events>;

/** The queue of what could not be delivered and the topic that tells people: alarms want both in their own region. */
export function deliveries({ settings, names, id, options }: Context, { key }: Pick<Storage, "key">) {
  const undelivered = new aws.sqs.Queue(
    id("undelivered"),
    {
      name: names.of("undelivered"),
      messageRetentionSeconds: 14 * 86_400,
      sqsManagedSseEnabled: true,
    },
    options,
  );
  new aws.sqs.QueuePolicy(
    id("undelivered-policy"),
    {
      queueUrl: undelivered.url,
      policy: undelivered.arn.apply((queue) =>
        policyText([
          {
            // Rules hand over what no target took, without a role.
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: queue,
            Condition: { ArnLike: { "aws:SourceArn": names.arn("events", `rule/${names.of("*")}`) } },
          },
          {
            Effect: "Deny",
            Principal: "*",
            Action: ["sqs:ReceiveMessage", "sqs:SendMessage"],
            Resource: queue,
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ]),
      ),
    },
    options,
  );

  const alerts = new aws.sns.Topic(
    id("alerts"),
    {
      name: names.of("alerts"),
      displayName: `Slipway ${settings.stage}`,
      ...(key ? { kmsMasterKeyId: key.arn } : {}),
    },
    options,
  );
  new aws.sns.TopicPolicy(
    id("alerts-policy"),
    {
      arn: alerts.arn,
      policy: alerts.arn.apply((topic) =>
        policyText([
          {
            Effect: "Allow",
            Principal: { Service: "cloudwatch.amazonaws.com" },
            Action: "sns:Publish",
            Resource: topic,
            Condition: {
              ArnLike: { "aws:SourceArn": names.arn("cloudwatch", `alarm:${names.of("*")}`) },
              StringEquals: { "aws:SourceAccount": names.account },
            },
          },
          {
            // Rules of Slipway's own bus: what it does.
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: "sns:Publish",
            Resource: topic,
            Condition: {
              ArnLike: { "aws:SourceArn": names.arn("events", `rule/${names.of()}/${names.of("*")}`) },
            },
          },
          {
            Effect: "Deny",
            Principal: "*",
            Action: "sns:Publish",
            Resource: topic,
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ]),
      ),
    },
    options,
  );
  if (settings.alertsEmail)
    new aws.sns.TopicSubscription(
      id("alerts-by-email"),
      {
        topic: alerts.arn,
        protocol: "email",
        endpoint: settings.alertsEmail,
        filterPolicyScope: "MessageBody",
        filterPolicy: JSON.stringify(WORTH_A_MAIL),
      },
      options,
    );
  return { undelivered, alerts };
}
