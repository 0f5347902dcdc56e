import type { Context } from "./context.ts";
import { policyText } from "./policy.ts";
import type { Storage } from "./storage.ts";

/** Slipway's own bus, the topic that people are told by, and the queue of what could not be delivered. */
export function events({ settings, names }: Context, { key }: Storage) {
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

  const undelivered = new aws.sqs.Queue("Undelivered", {
    name: names.of("undelivered"),
    messageRetentionSeconds: 14 * 86_400,
    sqsManagedSseEnabled: true,
  });
  new aws.sqs.QueuePolicy("UndeliveredPolicy", {
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
  });

  const alerts = new aws.sns.Topic("Alerts", {
    name: names.of("alerts"),
    displayName: `Slipway ${settings.stage}`,
    ...(key ? { kmsMasterKeyId: key.arn } : {}),
  });
  new aws.sns.TopicPolicy("AlertsPolicy", {
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
          Effect: "Deny",
          Principal: "*",
          Action: "sns:Publish",
          Resource: topic,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ]),
    ),
  });
  if (settings.alertsEmail)
    new aws.sns.TopicSubscription("AlertsByEmail", {
      topic: alerts.arn,
      protocol: "email",
      endpoint: settings.alertsEmail,
    });
  return { bus, undelivered, alerts };
}

export type Events = ReturnType<typeof events>;
