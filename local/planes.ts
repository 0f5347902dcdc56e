import { parseClusterFile } from "../core/cluster-config/parse.ts";
import { ACCOUNT_ANNOTATION, parseClusterKey } from "../core/cluster-ref.ts";
import { InvalidInputError } from "../core/errors.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Lambda } from "./lambda/lambda.ts";
import type { Home } from "./names.ts";

/** The further regions that the stage works in: its planes (docs/decisions/0021-regional-planes.md). */
export interface Planes {
  /** Opens those that are wanted, and those that were open before a restart. */
  open(): Promise<void>;
  /** A request names a region: it is opened, unless it is said which are. */
  need(region: string): Promise<void>;
}

export function createPlanes(options: {
  readonly kernel: Kernel;
  readonly lambda: Lambda;
  /** The regions that are open; grows. */
  readonly regions: string[];
  /** Undefined: any. */
  readonly wanted: readonly string[] | undefined;
  readonly deploy: (region: string) => Promise<void>;
}): Planes {
  const { kernel, lambda, regions, wanted, deploy } = options;
  const opened = kernel.durable.map<true>("platform.planes");

  async function open(region: string): Promise<void> {
    if (regions.includes(region)) return;
    regions.push(region);
    lambda.deployIn(region);
    await deploy(region);
    opened.set(region, true);
  }

  return {
    async open() {
      for (const region of [...opened.keys(), ...(wanted ?? [])]) await open(region);
    },
    async need(region) {
      if (wanted === undefined) await open(region);
    },
  };
}

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** Account and region of the cluster that a request is about, as far as it says; home where it does not. */
export function clusterOf(home: Home, event: unknown): Home {
  const { body, pathParameters } = event as {
    readonly body?: string;
    readonly pathParameters?: Readonly<Record<string, string>>;
  };
  const named = parseClusterKey(decodeURIComponent(pathParameters?.cluster ?? ""));
  if (named) return { account: named.account, region: named.region };
  const { account, region } = bodyPlace(body ?? "");
  return {
    account: account ?? home.account,
    region: region !== undefined && REGION.test(region) ? region : home.region,
  };
}

/** A file says it in its metadata, an adoption as such. What does not parse the API tells of. */
function bodyPlace(body: string): {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
} {
  try {
    const { metadata } = parseClusterFile(body).config;
    return { account: metadata.annotations?.[ACCOUNT_ANNOTATION], region: metadata.region };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
  }
  try {
    const { account, region } = JSON.parse(body) as Record<string, unknown>;
    return {
      account: typeof account === "string" ? account : undefined,
      region: typeof region === "string" ? region : undefined,
    };
  } catch {
    return {};
  }
}
