import * as z from "zod";

/** Who is told. The address of a webhook is a secret: its name is given, not itself. */
export const notificationsSchema = z.strictObject({
  /** Names of channels of `/v1/notification-channels`, or of the deployment's settings. */
  channels: z.array(z.string().min(1).max(64)).max(10).default([]),
});

export type NotificationsPolicy = z.infer<typeof notificationsSchema>;
