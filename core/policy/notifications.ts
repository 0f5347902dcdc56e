import * as z from "zod";
import { documentName } from "./fields.ts";

/** Who is told. The address of a webhook is a secret: its name is given, not itself. */
export const notificationsSchema = z.strictObject({
  /** Names of channels of `/v1/notification-channels`. */
  channels: z.array(documentName).max(10).default([]),
});

export type NotificationsPolicy = z.infer<typeof notificationsSchema>;
