import * as z from "zod";
import { parseClusterKey } from "../../core/cluster-ref.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { lookOnce } from "../lib/drift/round.ts";
import { task } from "../lib/task.ts";

const input = z.object({
  /** `account:region:name`. */
  cluster: z.string().max(200),
  /** How often this execution has looked before. */
  looks: z.number().int().min(0),
});

/** Some ten minutes of an update of EKS; what takes longer is the sweep's. */
const MAX_LOOKS = 16;
/** Looks at a cluster; says whether to look again. */
export const handler = task("look-at-cluster", input, async ({ cluster, looks }, context) => {
  const ref = parseClusterKey(cluster);
  if (!ref) throw new InvalidInputError([{ field: "cluster", message: "is not account:region:name" }]);
  return lookOnce(context, ref, looks >= MAX_LOOKS);
});
