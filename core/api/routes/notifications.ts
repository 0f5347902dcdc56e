import * as z from "zod";
import { notificationChannelSchema } from "../../notifications/channel.ts";
import { type ApiRoute, paging } from "./route.ts";

const Channel = notificationChannelSchema.meta({
  id: "NotificationChannel",
  description: "Who is told, and how. It holds the name of a secret, never the secret.",
});

const View = z
  .object({
    name: z.string(),
    channel: Channel,
    revision: z.number(),
    health: z
      .object({
        ok: z.boolean(),
        at: z.string().meta({ format: "date-time" }),
        problem: z.string().optional(),
        remedy: z.string().optional(),
      })
      .optional()
      .meta({ description: "How the last message went; absent before the first." }),
  })
  .meta({ id: "NotificationChannelView" });

const List = z
  .object({ items: z.array(View), nextToken: z.string().optional() })
  .meta({ id: "NotificationChannelList" });

const Tested = z
  .object({
    name: z.string(),
    delivered: z.boolean(),
    problem: z.string().optional(),
    remedy: z.string().optional(),
  })
  .meta({ id: "NotificationTest" });

const Gone = z.object({ name: z.string() }).meta({ id: "NotificationChannelDeleted" });

export type ChannelView = z.infer<typeof View>;
export type ChannelTest = z.infer<typeof Tested>;

const path = "/v1/notification-channels/{channel}";

export const notificationsRoutes = {
  listChannels: {
    id: "list-notification-channels",
    method: "GET",
    path: "/v1/notification-channels",
    summary: "Notification channels, and how their last message went",
    query: z.strictObject(paging),
    responses: { 200: { description: "A page of channels.", schema: List } },
  },
  getChannel: {
    id: "get-notification-channel",
    method: "GET",
    path,
    summary: "One notification channel",
    responses: { 200: { description: "The channel.", schema: View } },
  },
  putChannel: {
    id: "put-notification-channel",
    method: "PUT",
    path,
    summary: "Write a notification channel",
    role: "admin",
    body: Channel,
    responses: { 200: { description: "The channel.", schema: View } },
  },
  deleteChannel: {
    id: "delete-notification-channel",
    method: "DELETE",
    path,
    summary: "Delete a notification channel; policies that name it tell nobody through it any more",
    role: "admin",
    responses: { 200: { description: "It is gone.", schema: Gone } },
  },
  testChannel: {
    id: "test-notification-channel",
    method: "POST",
    path: `${path}/test`,
    summary: "Send a test message to a channel",
    role: "admin",
    responses: { 200: { description: "Whether it was taken.", schema: Tested } },
  },
} as const satisfies Record<string, ApiRoute>;
