import { TerminalError } from "../../../core/errors.ts";
import type { Store } from "../../../core/ports/store.ts";
import {
  IN_WORK,
  type Member,
  memberSchema,
  noted,
  type RolloutRecord,
  rolloutRecordSchema,
} from "../../../core/rollout/record.ts";

/** Where rollouts live in the store. */
const ROLLOUTS = "rollouts";
/** Those that have not ended, for the sweep: it need not look at all that ever were. */
const OPEN = "rollouts/open";

const membersOf = (id: string, wave: number): string => `rollout/${id}/${String(wave).padStart(3, "0")}`;
const memberName = (index: number): string => String(index).padStart(6, "0");

/** Documents read in one call. */
const PAGE = 500;

const notFound = (id: string): TerminalError =>
  new TerminalError(`there is no rollout ${id}`, {
    code: "RolloutNotFound",
    remedy: "List the rollouts with: slipway get rollouts",
  });

/** Throws TerminalError `RolloutNotFound`. */
export async function rolloutOf(store: Store, id: string): Promise<RolloutRecord> {
  const document = await store.getDocument(ROLLOUTS, id);
  if (!document) throw notFound(id);
  return rolloutRecordSchema.parse(document.value);
}

/** Reads, changes and writes, again when another writer was first; undefined leaves it as it is. */
export async function updateRollout(
  store: Store,
  id: string,
  change: (current: RolloutRecord) => RolloutRecord | undefined,
): Promise<RolloutRecord> {
  const document = await store.updateDocument(ROLLOUTS, id, (value) => {
    if (value === undefined) throw notFound(id);
    const next = change(rolloutRecordSchema.parse(value));
    return next && { value: next };
  });
  if (!document) throw notFound(id);
  return rolloutRecordSchema.parse(document.value);
}

/**
 * Stores a new rollout. The members come first: a rollout that is seen has all of them. A crash in between leaves
 * members that nobody reads.
 */
export async function createRollout(
  store: Store,
  record: RolloutRecord,
  members: readonly Member[],
): Promise<void> {
  // Thousands of small writes: some at a time, within the time of one API call.
  for (let i = 0; i < members.length; i += 50)
    await Promise.all(
      members
        .slice(i, i + 50)
        .map((member) =>
          store.updateDocument(membersOf(record.id, member.wave), memberName(member.index), (current) =>
            current === undefined ? { value: member } : undefined,
          ),
        ),
    );
  await store.updateDocument(OPEN, record.id, () => ({ value: { at: record.createdAt } }));
  await store.updateDocument(ROLLOUTS, record.id, (current) =>
    current === undefined ? { value: record } : undefined,
  );
}

/** Ids of the rollouts that have not ended. */
export async function openRollouts(store: Store): Promise<string[]> {
  return (await everyDocument(store, OPEN)).map(({ name }) => name);
}

export const closeRollout = (store: Store, id: string): Promise<void> => store.deleteDocument(OPEN, id);

/** Newest first. */
export async function allRollouts(store: Store): Promise<RolloutRecord[]> {
  const documents = await everyDocument(store, ROLLOUTS);
  return documents.map(({ value }) => rolloutRecordSchema.parse(value)).reverse();
}

export async function memberOf(store: Store, id: string, wave: number, index: number): Promise<Member> {
  const document = await store.getDocument(membersOf(id, wave), memberName(index));
  if (!document)
    throw new TerminalError(`rollout ${id} has no member ${index} in wave ${wave}`, { code: "PlanMismatch" });
  return memberSchema.parse(document.value);
}

export async function updateMember(
  store: Store,
  id: string,
  member: Pick<Member, "wave" | "index">,
  change: (current: Member) => Member | undefined,
): Promise<Member> {
  const document = await store.updateDocument(
    membersOf(id, member.wave),
    memberName(member.index),
    (value) => {
      const next = change(memberSchema.parse(value));
      return next && { value: next };
    },
  );
  return memberSchema.parse(document?.value);
}

/** Every member of a wave, in order. */
export async function waveMembers(store: Store, id: string, wave: number): Promise<Member[]> {
  const documents = await everyDocument(store, membersOf(id, wave));
  return documents.map(({ value }) => memberSchema.parse(value));
}

/** A page of the members of a wave. */
export async function waveMembersPage(
  store: Store,
  id: string,
  wave: number,
  page: { readonly limit: number; readonly nextToken?: string },
): Promise<{ items: Member[]; nextToken?: string }> {
  const { items, nextToken } = await store.listDocuments(membersOf(id, wave), page);
  return { items: items.map(({ value }) => memberSchema.parse(value)), ...(nextToken ? { nextToken } : {}) };
}

async function everyDocument(store: Store, collection: string) {
  const found: { readonly name: string; readonly value: unknown }[] = [];
  let nextToken: string | undefined;
  do {
    const page = await store.listDocuments(collection, { limit: PAGE, ...(nextToken ? { nextToken } : {}) });
    found.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

/** A member has failed: in its own document, and in the rollout's, where whoever starts the next one looks. */
export async function failMember(
  store: Store,
  id: string,
  member: Member,
  at: string,
  error: NonNullable<Member["error"]>,
): Promise<Member> {
  const failed = await updateMember(store, id, member, (current) =>
    current.status === "Failed" ? undefined : { ...current, status: "Failed", endedAt: at, error },
  );
  await updateRollout(store, id, (current) => {
    const wave = current.waves[member.wave];
    if (!wave || wave.failed.includes(member.index)) return undefined;
    const waves = current.waves.map((one, index) =>
      index === member.wave ? { ...one, failed: [...one.failed, member.index].sort((a, b) => a - b) } : one,
    );
    return noted({ ...current, waves }, at, `${member.ref.name} failed: ${error.code}: ${error.message}`);
  });
  return failed;
}

export const isInWork = (member: Pick<Member, "status">): boolean => IN_WORK.has(member.status);
