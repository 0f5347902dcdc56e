import * as z from "zod";

/** What a cluster is kept on by itself, inside its windows. */
export const channelSchema = z.strictObject({
  /** `oldestStandard`: the oldest version in standard support. `none`: people upgrade. */
  version: z.enum(["none", "newest", "previous", "oldestStandard"]).default("none"),
  /** New releases of the node AMI, by rotation. */
  nodeReleases: z.boolean().default(false),
  /** New versions of add-ons for the Kubernetes version that it has. */
  addons: z.boolean().default(false),
  /** `propose`: an operation that waits for approval. `perform`: in the next window. */
  act: z.enum(["propose", "perform"]).default("propose"),
});

export type ChannelPolicy = z.infer<typeof channelSchema>;
