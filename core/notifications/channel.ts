import * as z from "zod";
import { documentName } from "../policy/fields.ts";

/** Where a secret is, never the secret: functions may read names that begin with `slipway/` only. */
const secretName = z
  .string()
  .regex(/^(ssm:\/slipway\/[A-Za-z0-9_./-]{1,900}|secretsmanager:slipway\/[A-Za-z0-9_+=.@/-]{1,490})$/, {
    error:
      "expected ssm:/slipway/NAME (a SecureString of Parameter Store) or secretsmanager:slipway/NAME; never the address or token itself",
  });

const target = z.discriminatedUnion("type", [
  /** A topic of Slipway's own account: one message per event that matters, as text, with attributes to filter by. */
  z.strictObject({
    type: z.literal("sns"),
    topicArn: z.string().regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:slipway-[A-Za-z0-9_-]{1,240}$/, {
      error: "expected the ARN of a topic whose name begins with slipway-",
    }),
  }),
  /** A Slack app with chat:write: one message per operation, which is updated. */
  z.strictObject({
    type: z.literal("slack-bot"),
    /** Of the bot token, `xoxb-...`. */
    secret: secretName,
    /** Id of the conversation: `C0123456789`. */
    conversation: z.string().regex(/^[CGD][A-Z0-9]{6,20}$/, {
      error: "expected the id of a conversation such as C0123456789, not its name",
    }),
  }),
  /** Incoming webhooks cannot change what they sent: they tell when a person is needed, and the end. */
  z.strictObject({ type: z.literal("slack-webhook"), secret: secretName }),
  z.strictObject({ type: z.literal("teams-webhook"), secret: secretName }),
]);

export type ChannelTarget = z.infer<typeof target>;

/** A document of `/v1/notification-channels/{name}`: who can be told, and how. */
export const notificationChannelSchema = z.strictObject({
  apiVersion: z.literal("slipway.dev/v1"),
  kind: z.literal("NotificationChannel"),
  metadata: z.strictObject({ name: documentName }),
  /** `named`: of clusters whose policy names the channel. `all`: of every cluster, and of rollouts. */
  scope: z.enum(["named", "all"]).default("named"),
  target,
});

export type NotificationChannel = z.infer<typeof notificationChannelSchema>;

/** Whether a channel can change a message that it sent. */
export const updates = ({ type }: ChannelTarget): boolean => type === "slack-bot";
