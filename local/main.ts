import { appendFileSync, mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LogEntry } from "../adapters/runtime.ts";
import { MemoryStore } from "../adapters/store/memory-store.ts";
import { DEFAULT_ENDPOINT } from "../cli/commands/session.ts";
import type { Output } from "../cli/context.ts";
import { InvalidInputError } from "../core/errors.ts";
import { serveHttp } from "./aws/http-server.ts";
import { DataInUseError } from "./data-lock.ts";
import { runFleetJob } from "./fleet/fleet-job.ts";
import { freePort } from "./free-port.ts";
import { serveGateway } from "./gateway/server.ts";
import { runMainJob } from "./main-job/main-job.ts";
import { readOptions, type StartOptions, USAGE } from "./options.ts";
import { createPlatform, declaredFunctions, type Platform } from "./platform.ts";

/** Version that the main job upgrades to: the newest that the simulated EKS offers. */
const NEWEST = "1.36";

const output = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => void stream.write(text),
  isTTY: stream.isTTY === true && process.env.NO_COLOR === undefined,
  stream,
  get columns() {
    return stream.columns ?? 120;
  },
});

async function start(options: StartOptions): Promise<Platform> {
  const platform = await createPlatform({
    time: options.time,
    seed: options.seed,
    ...(options.bundled ? { load: await bundles() } : {}),
    endpointUrl: `http://127.0.0.1:${options.awsPort}`,
    // A fleet's own state in memory: what is shown is the rollout, and nothing of it is kept.
    ...(options.fleet !== undefined && options.data === undefined ? { store: new MemoryStore() } : {}),
    ...(options.data ? { data: options.data, log: logFile(options.data) } : {}),
  });
  for (const fault of options.faults) platform.faults.inject(fault);
  return platform;
}

/** The functions' bundles, built now. The bundler is a development dependency: loaded only when it is wanted. */
async function bundles() {
  const { bundleAll } = await import("./bundles.ts");
  const root = join(import.meta.dirname, "..");
  return bundleAll(root, declaredFunctions, join(root, ".build", "bundles"));
}

/** Log lines of the functions go beside the state, not between the lines that people read. */
function logFile(data: string): (entry: LogEntry) => void {
  mkdirSync(data, { recursive: true });
  const path = join(data, "functions.ndjson");
  // JSON has no errors of its own: an Error would become {}.
  const plain = (_key: string, value: unknown): unknown =>
    value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value;
  return (entry) => appendFileSync(path, `${JSON.stringify(entry, plain)}\n`);
}

async function once(options: StartOptions): Promise<number> {
  const platform = await start(options);
  const code = await runMainJob({
    platform,
    file: options.file,
    nodes: options.nodes,
    workloads: await readFile(new URL("../examples/workloads.yaml", import.meta.url), "utf8"),
    to: NEWEST,
    stdout: output(process.stdout),
    stderr: output(process.stderr),
  });
  await platform.close();
  return code;
}

async function fleet(options: StartOptions, clusters: number): Promise<number> {
  const platform = await start(options);
  const code = await runFleetJob({
    platform,
    clusters,
    rollout: await readFile(new URL("../examples/rollout.yaml", import.meta.url), "utf8"),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
  });
  await platform.close();
  return code;
}

async function serve(asked: StartOptions): Promise<void> {
  // Clusters announce the endpoint's port, so it must be known before there is anything to serve.
  const options = { ...asked, awsPort: asked.awsPort === 0 ? await freePort() : asked.awsPort };
  const platform = await start(options);
  const { endpoint, kubernetes, kernel } = platform;
  const open: { close(): Promise<void> }[] = [platform];
  const listening = async <T extends { close(): Promise<void> }>(server: Promise<T>): Promise<T> => {
    try {
      open.unshift(await server);
      return await server;
    } catch (error) {
      for (const part of open) await part.close();
      throw error;
    }
  };
  const aws = await listening(
    serveHttp({
      endpoint,
      kubernetes,
      port: options.awsPort,
      // What an answer tells must survive a kill that follows it.
      beforeReply: () => kernel.durable.flush(),
    }),
  );
  const api = await listening(serveGateway(platform.gateway, options.apiPort));
  const release =
    "run" in kernel.clock && typeof kernel.clock.run === "function" ? kernel.clock.run() : undefined;
  process.stdout.write(welcome(options, api.port, aws.port));
  const stop = async (): Promise<void> => {
    release?.();
    await Promise.all([api.close(), aws.close()]);
    await platform.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error("could not stop cleanly", error);
          process.exit(1);
        },
      );
    });
  }
}

function welcome(options: StartOptions, apiPort: number, awsPort: number): string {
  const time =
    options.time.kind === "virtual"
      ? "virtual time"
      : `simulated time, ${options.time.speed} times faster than real`;
  const endpoint = `http://127.0.0.1:${apiPort}`;
  const elsewhere = endpoint === DEFAULT_ENDPOINT ? "" : `  export SLIPWAY_ENDPOINT=${endpoint}\n`;
  return `Slipway, embedded platform (${time}; state ${options.data ? `in ${options.data}` : "in memory"})

  API                 ${endpoint}          (/openapi.json)
  AWS endpoint        http://127.0.0.1:${awsPort}          (EKS, Step Functions, EventBridge, EC2, ...)

In another terminal:
${elsewhere}  npm run slipway -- apply -f examples/cluster.yaml --wait
  npm run slipway -- upgrade demo --to ${NEWEST} --wait
  npm run slipway -- get operations
  export AWS_ENDPOINT_URL=http://127.0.0.1:${awsPort} AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws eks describe-cluster --name demo
  kubectl --server http://127.0.0.1:${awsPort}/kubernetes/111122223333/eu-west-1/demo get nodes,pods,pdb -A

Or the whole main job at once: npm start -- --once
Stop with Ctrl-C; ${options.data ? "the state is kept, and the next start goes on where this one was" : "nothing is kept"}.
`;
}

/** What stands against starting, in words; undefined for a defect, which keeps its trace. */
function obstacle(error: unknown): string | undefined {
  if (error instanceof DataInUseError) return error.message;
  const { code, port } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE")
    return `port ${port} is in use, perhaps by another platform\n  Stop that one, or choose other ports: SLIPWAY_PORT=... (the API), SLIPWAY_AWS_PORT=... (the AWS endpoint); 0 takes any free one`;
  if (code === "EACCES" && port !== undefined) return `not allowed to listen on port ${port}`;
  return undefined;
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === "help") process.stdout.write(USAGE);
  else if (options.fleet !== undefined) process.exitCode = await fleet(options, options.fleet);
  else if (options.once) process.exitCode = await once(options);
  else await serve(options);
} catch (error) {
  const text = obstacle(error);
  if (text !== undefined) {
    process.stderr.write(`cannot start: ${text}\n`);
    process.exitCode = 1;
  } else if (error instanceof InvalidInputError) {
    const problems = error.problems.map(
      ({ field, message }) => `${field === "" ? "options" : field}: ${message}`,
    );
    process.stderr.write(`${problems.join("\n")}\n\n${USAGE}`);
    process.exitCode = 2;
  } else throw error;
}
