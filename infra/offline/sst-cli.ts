import { createCipheriv } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { bundle, handlerModule } from "../../local/bundles.ts";
import type { Build } from "./graph.ts";

/** What the components ask the `sst` command for. */
interface BuildInput {
  readonly functionID: string;
  readonly handler: string;
  readonly runtime: string;
  readonly encryptionKey: string;
  readonly links: object;
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface SstCli {
  readonly url: string;
  readonly builds: readonly Build[];
  close(): void;
}

export interface SstCliOptions {
  readonly root: string;
  /** Where bundles go. */
  readonly work: string;
  readonly account: string;
  /** False leaves the bundles empty, for evaluations that are not about them. */
  readonly bundles: boolean;
}

/** Options of a bundle that local/bundles.ts has. Another one would make other bytes than it does. */
const KNOWN_PROPERTIES: ReadonlySet<string> = new Set(["architecture", "format", "minify"]);

/** The `sst` command as its components see it: two methods of JSON-RPC on the loopback. */
export async function startSstCli(options: SstCliOptions): Promise<SstCli> {
  const builds: Build[] = [];
  const methods: Readonly<Record<string, (input: never) => unknown>> = {
    "Provider.Aws.Bootstrap": ({ region }: { region: string }) => ({
      asset: `sst-asset-${region}`,
      assetEcrRegistryId: options.account,
      assetEcrUrl: `${options.account}.dkr.ecr.${region}.amazonaws.com/sst-asset`,
      state: `sst-state-${region}`,
      appsyncHttp: "",
      appsyncRealtime: "",
    }),
    "Runtime.Build": (input: BuildInput) => runtimeBuild(options, builds, input),
  };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      const { method, params } = JSON.parse(body) as { method: string; params: [never] };
      const known = methods[method];
      // The wording makes SST's client tell a missing method from a failed one.
      const answer = known
        ? Promise.resolve(params[0]).then(known)
        : Promise.reject(new Error(`rpc: can't find method ${method}`));
      response.setHeader("connection", "close");
      answer.then(
        (result) => response.end(JSON.stringify({ result, error: null })),
        (error: unknown) => response.end(JSON.stringify({ result: null, error: messageOf(error) })),
      );
    });
  });
  return { url: await listen(server), builds, close: () => void server.close() };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function listen(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  // The program has ended when nothing else keeps the process alive.
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function runtimeBuild(options: SstCliOptions, builds: Build[], input: BuildInput) {
  const { functionID, handler, runtime, properties = {} } = input;
  const unknown = Object.keys(properties).filter((name) => !KNOWN_PROPERTIES.has(name));
  if (unknown.length > 0)
    throw new Error(`local/bundles.ts does not know the option ${unknown.join(", ")} of ${functionID}`);
  const folder = join(options.work, "artifacts", `${functionID}-src`);
  // Also where no bundle is wanted: a handler that is not there must be told.
  handlerModule(options.root, handler);
  const request = { root: options.root, handler, folder, runtime, minify: properties.minify === true };
  const built = options.bundles ? await bundle(request) : undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "resource.enc"), encrypted(input));
  builds.push({
    functionID,
    handler,
    runtime,
    properties,
    ...(built ? { bytes: built.bytes } : {}),
  });
  return {
    out: folder,
    handler: `bundle${handler.slice(handler.lastIndexOf("."))}`,
    errors: [],
    sourcemaps: built ? [built.sourceMap] : [],
  };
}

/** The links of a function, as SST's runtime would read them; we link nothing. */
function encrypted({ encryptionKey, links }: BuildInput): Buffer {
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(encryptionKey, "base64"), Buffer.alloc(12));
  return Buffer.concat([cipher.update(JSON.stringify(links)), cipher.final(), cipher.getAuthTag()]);
}
