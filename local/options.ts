import { parseArgs } from "node:util";
import { type InputProblem, InvalidInputError } from "../core/errors.ts";
import type { FaultSpec } from "./world/faults.ts";

/** How the embedded platform is asked to run: flags of `npm start -- ...` and its environment. */
export interface StartOptions {
  /** Run the main job and exit with its result. */
  readonly once: boolean;
  readonly time: { readonly kind: "virtual" } | { readonly kind: "scaled"; readonly speed: number };
  /** Run the functions as the bundles that a deployment ships, not from their sources. */
  readonly bundled: boolean;
  readonly seed: number;
  readonly faults: readonly FaultSpec[];
  /** Run the example rollout over so many simulated clusters and exit with its result. */
  readonly fleet: number | undefined;
  /** Nodes of the example cluster; undefined: as its file says. */
  readonly nodes: number | undefined;
  readonly file: string;
  readonly apiPort: number;
  readonly awsPort: number;
  /** Folder of the state; undefined keeps everything in memory. */
  readonly data: string | undefined;
}

export const USAGE = `Usage: npm start -- [options]

  --once            run the main job (create the example cluster, upgrade it to the newest version, verify) and exit
  --fleet N         provision N small clusters, run examples/rollout.yaml over them in virtual time, verify, and exit
  --speed N         simulated time runs N times faster than real time (default 60)
  --instant         virtual time: as fast as this machine computes, the same for the same seed
  --bundled         run the functions' bundles, built as a deployment ships them, instead of their sources
  --seed N          seed of everything that chance decides (default 1)
  --fault NAME[:subject=TEXT,times=N,KEY=VALUE]
                    inject a fault by name; may be repeated (docs/faults.md lists them)
  --nodes N         spread N nodes over the node groups of the example instead of its own numbers
  --file PATH       the ClusterConfig of the main job (default examples/cluster.yaml)

Environment:
  SLIPWAY_PORT      port of the API (default 4300; 0 takes any free one)
  SLIPWAY_AWS_PORT  port of the AWS endpoint (default 4566; 0 takes any free one)
  SLIPWAY_DATA      folder of the state (default .slipway; with --once or --instant nothing is kept unless it is set)

Exit codes: 0 done, 1 the main job failed or the platform cannot start, 2 bad options.
`;

type Env = Readonly<Record<string, string | undefined>>;

/** Throws InvalidInputError with every problem of flags and environment. */
export function readOptions(args: readonly string[], env: Env): StartOptions | "help" {
  const problems: InputProblem[] = [];
  const integer = (
    field: string,
    text: string | undefined,
    fallback: number,
    min: number,
    max: number,
  ): number => {
    if (text === undefined) return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push({ field, message: `${JSON.stringify(text)} is not a whole number from ${min} to ${max}` });
    return fallback;
  };
  const values = parsed(args);
  if (values.help) return "help";
  if (values.instant && values.speed !== undefined) {
    problems.push({ field: "--speed", message: "cannot be combined with --instant, which has no speed" });
  }
  const speed = integer("--speed", values.speed, 60, 1, 1_000_000);
  const nodes = values.nodes === undefined ? undefined : integer("--nodes", values.nodes, 12, 3, 5000);
  const fleet = values.fleet === undefined ? undefined : integer("--fleet", values.fleet, 200, 20, 400);
  const options: StartOptions = {
    once: values.once ?? false,
    time: values.instant || fleet !== undefined ? { kind: "virtual" } : { kind: "scaled", speed },
    bundled: values.bundled ?? false,
    seed: integer("--seed", values.seed, 1, 0, 2_147_483_647),
    faults: (values.fault ?? []).flatMap((text) => parseFault(text, problems)),
    nodes,
    fleet,
    file: values.file ?? "examples/cluster.yaml",
    apiPort: integer("SLIPWAY_PORT", env.SLIPWAY_PORT, 4300, 0, 65_535),
    awsPort: integer("SLIPWAY_AWS_PORT", env.SLIPWAY_AWS_PORT, 4566, 0, 65_535),
    data: env.SLIPWAY_DATA ?? (values.once || values.instant || fleet !== undefined ? undefined : ".slipway"),
  };
  if (problems.length > 0) throw new InvalidInputError(problems, "options");
  return options;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: "boolean" },
        speed: { type: "string" },
        instant: { type: "boolean" },
        bundled: { type: "boolean" },
        seed: { type: "string" },
        fault: { type: "string", multiple: true },
        nodes: { type: "string" },
        fleet: { type: "string" },
        file: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new InvalidInputError(
      [
        {
          field: "",
          message: error instanceof Error ? error.message : String(error),
          remedy: "See npm start -- --help.",
        },
      ],
      "options",
    );
  }
}

/** `NAME`, `NAME:subject=workers,times=2,after=300`. */
function parseFault(text: string, problems: InputProblem[]): FaultSpec[] {
  const [name = "", rest = ""] = text.split(/:(.*)/s);
  const pairs = rest === "" ? [] : rest.split(",").map((pair) => pair.split(/=(.*)/s));
  const wrong = pairs.find(([key, value]) => !key || value === undefined);
  if (!/^[A-Z][A-Za-z0-9]+$/.test(name) || wrong) {
    problems.push({ field: "--fault", message: `${JSON.stringify(text)} is not NAME[:key=value,...]` });
    return [];
  }
  const { subject, times, ...args } = Object.fromEntries(pairs) as Record<string, string>;
  return [
    {
      name,
      ...(subject === undefined ? {} : { subject }),
      ...(times === undefined ? {} : { times: Number(times) }),
      ...(Object.keys(args).length > 0 ? { args } : {}),
    },
  ];
}
