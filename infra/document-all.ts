import { join } from "node:path";
import { writeDocuments } from "./document.ts";
import { deployments, evaluate, readGraph } from "./evaluations.ts";
import { install } from "./install.ts";

/** `npm run docs:infra`: writes the parts of the documents that are made from what is deployed. */
const root = { root: join(import.meta.dirname, "..") };
await install(root);
for (const deployment of deployments.filter(({ name }) => name === "prod-eu")) {
  // Not the graph that the checks look at: this one has no bundles.
  const evaluated = { ...deployment, name: "documents", bundles: false };
  await evaluate(root, evaluated);
  const graph = readGraph(root, evaluated.name);
  if (graph.errors.length > 0) throw new Error(graph.errors.join("\n"));
  writeDocuments(root, graph);
}
