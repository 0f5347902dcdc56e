import type { ClusterRef } from "../cluster-ref.ts";

/** How much a message matters, and to which channels it goes. */
export type MessageKind =
  /** Shown where a message is updated, told nowhere else: started, waits for its window. */
  | "progress"
  /** Somebody has to do something: told everywhere. */
  | "person"
  /** It is over, or it happened: told everywhere. */
  | "end";

export type Tone = "good" | "info" | "attention" | "bad";

/** A message for people, in no channel's format yet. Every text is plain: {@link plain} of text.ts has been over it. */
export interface Message {
  /** What it is about: one message of a channel, updated, for all events of one key. `operation/op-...`. */
  readonly key: string;
  readonly kind: MessageKind;
  readonly tone: Tone;
  /** Newer ones have greater numbers, compared from the left: an event that comes late turns nothing back. */
  readonly order: readonly number[];
  /** `Upgrade of prod-1 to 1.35 waits for approval`. */
  readonly title: string;
  /** What happened and why; one to three sentences each. */
  readonly lines: readonly string[];
  /** What to do next. */
  readonly next?: string;
  /** The command that shows all of it: {@link detailsCommand}. */
  readonly details: string;
  /** To filter by: event, cluster, account, region, type, status. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Absent: of no single cluster (rollouts). */
  readonly cluster?: ClusterRef;
}

/**
 * `slipway describe operation op-... --endpoint https://...`: what to type to see more. A command, no link: the API
 * asks who calls by a signature or a token, which no browser sends with a click. `endpoint`: the API's address, so
 * that it is asked of the installation that told.
 */
export const detailsCommand = (what: string, endpoint: string | undefined): string =>
  `slipway ${what}${endpoint === undefined ? "" : ` --endpoint ${endpoint}`}`;

/** Negative when `a` is older than `b`. */
export function compareOrder(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What a channel has been told under a key. */
export interface Told {
  readonly order: readonly number[];
  readonly kind: MessageKind;
  /** The channel's own id of the message, where it can be changed. */
  readonly messageId?: string;
}

export type Delivery =
  | { readonly action: "post" | "skip" }
  | { readonly action: "update"; readonly messageId: string };

/** What to do about a message in a channel, given what was told there before under its key. */
export function deliveryOf(message: Message, told: Told | undefined, canUpdate: boolean): Delivery {
  if (told && compareOrder(message.order, told.order) <= 0) return { action: "skip" };
  if (!canUpdate) return { action: message.kind === "progress" ? "skip" : "post" };
  return told?.messageId === undefined ? { action: "post" } : { action: "update", messageId: told.messageId };
}
