import { parseAllDocuments } from "yaml";

/** EKS's quota of nodes per managed node group ("Amazon EKS service quotas"). */
const NODES_PER_GROUP = 450;

/**
 * A cluster file with `nodes` nodes spread evenly over its managed node groups; more groups of the same kind are
 * added where one would exceed EKS's quota. Without a number the text as it is.
 */
export function exampleWithNodes(text: string, nodes: number | undefined): string {
  if (nodes === undefined) return text;
  const documents = parseAllDocuments(text);
  const config = documents.find((document) => "get" in document && document.get("kind") === "ClusterConfig");
  if (!config || !("toJS" in config)) return text;
  const value = config.toJS() as { managedNodeGroups: Record<string, unknown>[] };
  const groups = value.managedNodeGroups;
  const wanted = Math.max(groups.length, Math.ceil(nodes / NODES_PER_GROUP));
  while (groups.length < wanted) {
    groups.push({ ...groups[groups.length % 3], name: `${String(groups[0]?.name)}-${groups.length}` });
  }
  groups.forEach((group, index) => {
    const size = Math.floor(nodes / groups.length) + (index < nodes % groups.length ? 1 : 0);
    Object.assign(group, { minSize: size, desiredCapacity: size, maxSize: size + 10 });
  });
  const rest = documents.filter((document) => document !== config).map((document) => String(document));
  return [JSON.stringify(value), ...rest].join("\n---\n");
}
