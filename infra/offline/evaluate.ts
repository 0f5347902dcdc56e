import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { controls } from "../controls.ts";
import { compile, type Edit, platformOf, requireOf } from "./compile.ts";
import { startEngine } from "./engine.ts";
import type { Graph } from "./graph.ts";
import { startSstCli } from "./sst-cli.ts";

/**
 * Evaluates the whole deployment of a stage without AWS: the real configuration with SST's real components, the
 * engine below and the command beside them replaced. In a process of its own, because Pulumi keeps its state in
 * globals, and because the program has ended when the process has nothing left to do.
 *
 *   node infra/offline/evaluate.ts --stage prod --region eu-central-1 --out graph.json [--bundles] [--control NAME]
 */
export interface Evaluation {
  readonly root: string;
  readonly stage: string;
  readonly region: string;
  readonly account: string;
  readonly bundles: boolean;
  readonly edit: Edit;
}

const ACCOUNT = "111122223333";

/** `app()` as the command calls it, before anything is made. */
async function configure(evaluation: Evaluation, config: string): Promise<Record<string, unknown>> {
  const app = await compile<Record<string, unknown>>(evaluation, {
    name: "app",
    contents: `import mod from ${config}; export default await mod.app({ stage: ${JSON.stringify(evaluation.stage)} });`,
    define: {},
    banner: "function $config(input) { return input }\n",
  });
  return { removal: "retain", ...app, stage: evaluation.stage };
}

async function evaluate(evaluation: Evaluation): Promise<Graph> {
  const { root, stage, region, account } = evaluation;
  const platform = platformOf(root);
  const config = JSON.stringify(join(root, "sst.config.ts"));
  const work = join(root, ".build", "infra", `work-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const app = await configure(evaluation, config);
  const cli = await startSstCli({ root, work, account, bundles: evaluation.bundles });
  process.env.SST_SERVER = cli.url;
  process.env.SST_AWS_REGION = region;
  const project = String(app.name);
  const engine = startEngine(requireOf(root), { project, stage, region, account });
  const providers = JSON.parse(readFileSync(join(root, ".sst", "provider-lock.json"), "utf8")) as {
    alias: string;
    package: string;
  }[];
  const program = await compile<() => Promise<unknown>>(evaluation, {
    name: "run",
    contents: `import { run } from ${JSON.stringify(`${platform}/src/auto/run.ts`)}; import mod from ${config}; export default () => run(mod.run);`,
    define: {
      $app: JSON.stringify(app),
      $cli: JSON.stringify({
        command: "deploy",
        dev: false,
        paths: { home: work, root, work, platform },
        state: { version: {} },
      }),
      $dev: "false",
    },
    inject: [join(platform, "src/shim/run.js")],
    globals: [
      ...providers.map(({ alias, package: from }) => `import * as ${alias} from "${from}";`),
      `import * as sst from "${platform}/src/components";`,
    ].join("\n"),
  });

  // One failure rejects everything that waited for it: each is told once.
  const errors = new Set<string>();
  const note = (error: unknown): void => void errors.add(firstLines(error));
  process.on("unhandledRejection", note);
  const unregistered = new Set<string>();
  let outputs: unknown;
  let settled = false;
  const { runtime } = engine.pulumi;
  runtime
    .runInPulumiStack(() => {
      runtime.registerStackTransformation(({ type, name }) => void unregistered.add(`${type} ${name}`));
      return program();
    })
    .then((result) => {
      outputs = result;
      settled = true;
    }, note);
  await new Promise<void>((ended) => process.once("beforeExit", () => ended()));
  process.off("unhandledRejection", note);
  cli.close();
  rmSync(work, { recursive: true, force: true });
  for (const file of readdirSync(platform))
    if (file.startsWith(`offline-${process.pid}-`)) rmSync(join(platform, file));

  for (const token of engine.unknownCalls) errors.add(`provider function without an answer: ${token}`);
  for (const failure of engine.failures) errors.add(failure);
  for (const { type, name } of engine.resources) unregistered.delete(`${type} ${name}`);
  // What waits for an output that never comes is made by the program and never reaches the engine.
  if (unregistered.size > 0) errors.add(`never registered: ${[...unregistered].sort().join(", ")}`);
  if (!settled && errors.size === 0) errors.add("the program did not settle: an output never came");
  return {
    stage,
    region,
    account,
    app,
    outputs: (outputs ?? {}) as Graph["outputs"],
    resources: [...engine.resources].sort((a, b) => (order(a) < order(b) ? -1 : 1)),
    builds: [...cli.builds].sort((a, b) => (a.functionID < b.functionID ? -1 : 1)),
    errors: [...errors],
  };
}

const order = ({ type, name }: { type: string; name: string }): string => `${type} ${name}`;

/** Message and where it came from; stacks of Pulumi are long. */
function firstLines(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.split("\n").slice(0, 4).join("\n");
}

const { values } = parseArgs({
  options: {
    stage: { type: "string" },
    region: { type: "string" },
    out: { type: "string" },
    bundles: { type: "boolean", default: false },
    control: { type: "string" },
  },
});
const { stage, region, out } = values;
if (!stage || !region || !out) throw new Error("--stage, --region and --out are needed");
const control = controls.find(({ name }) => name === values.control);
if (values.control && !control) throw new Error(`there is no control ${values.control}`);
const graph = await evaluate({
  root: join(import.meta.dirname, "..", ".."),
  stage,
  region,
  account: ACCOUNT,
  bundles: values.bundles,
  edit: control?.edit ?? ((_, source) => source),
});
writeFileSync(out, JSON.stringify(graph, null, 1));
// The graph says what is wrong. Pulumi would end the process with 1 for promises that a defect left open.
process.removeAllListeners("exit");
process.exit(0);
