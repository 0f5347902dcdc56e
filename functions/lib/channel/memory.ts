import { type ChannelMemory, channelMemorySchema } from "../../../core/channel/proposal.ts";
import { type ClusterRef, clusterKey } from "../../../core/cluster-ref.ts";
import type { Store } from "../../../core/ports/store.ts";

/** What is remembered of each cluster's channel. */
export const CHANNEL = "channel";

const EMPTY: ChannelMemory = { told: [], proposals: {} };

export async function memoryOf(store: Store, ref: ClusterRef): Promise<ChannelMemory> {
  const document = await store.getDocument(CHANNEL, clusterKey(ref));
  return document ? channelMemorySchema.parse(document.value) : EMPTY;
}

export async function remember(
  store: Store,
  ref: ClusterRef,
  change: (current: ChannelMemory) => ChannelMemory,
): Promise<ChannelMemory> {
  const document = await store.updateDocument(CHANNEL, clusterKey(ref), (value) => ({
    value: change(value === undefined ? EMPTY : channelMemorySchema.parse(value)),
  }));
  return channelMemorySchema.parse(document?.value);
}
