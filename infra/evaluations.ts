import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { controls } from "./controls.ts";
import type { Graph } from "./offline/graph.ts";
import { type Root, run } from "./run.ts";

/** An evaluation that the checks look at. */
export interface Evaluated {
  readonly name: string;
  readonly stage: string;
  readonly region: string;
  /** Also build the functions' bundles. */
  readonly bundles?: boolean;
  readonly control?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Every setting in use: see stacks/settings.ts. */
const EVERY_SETTING = {
  SLIPWAY_REGION: "us-east-1",
  SLIPWAY_REGIONS: "eu-west-1",
  SLIPWAY_LOG_LEVEL: "DEBUG",
  SLIPWAY_API_URL: "https://slipway.example.com",
  SLIPWAY_ALERTS_EMAIL: "platform@example.com",
  SLIPWAY_PERMISSIONS_BOUNDARY: "arn:aws:iam::111122223333:policy/boundary",
  SLIPWAY_FILE_POLICIES: "allow",
  SLIPWAY_VPC_SUBNETS: "subnet-0a1b2c3d,subnet-1b2c3d4e",
  SLIPWAY_VPC_SECURITY_GROUPS: "sg-0a1b2c3d",
  SLIPWAY_JWT_ISSUER: "https://login.example.com/",
  SLIPWAY_JWT_AUDIENCE: "slipway",
  SLIPWAY_ORGANIZATION_ID: "o-a1b2c3d4e5",
  SLIPWAY_EXTERNAL_ID: "3f9a4c61-8f4e-4f0c",
};

export const deployments: readonly Evaluated[] = [
  { name: "prod-eu", stage: "prod", region: "eu-central-1", bundles: true },
  { name: "prod-us", stage: "prod", region: "us-east-1" },
  { name: "dev", stage: "dev", region: "eu-west-1" },
  {
    name: "regions",
    stage: "prod",
    region: "eu-central-1",
    env: { SLIPWAY_REGIONS: "us-east-1,ap-southeast-2" },
  },
  { name: "settings", stage: "prod-settings", region: "us-east-1", env: EVERY_SETTING },
];

const defects: readonly Evaluated[] = controls.map(({ name, regions }) => ({
  name: `control-${name}`,
  stage: "prod",
  region: "eu-central-1",
  control: name,
  ...(regions === undefined ? {} : { env: { SLIPWAY_REGIONS: regions } }),
}));

export const evaluations: readonly Evaluated[] = [...deployments, ...defects];

const fileOf = ({ root }: Root, name: string): string => join(root, ".build", "infra", `${name}.json`);

/** A graph that {@link evaluate} wrote. */
export const readGraph = (root: Root, name: string): Graph =>
  JSON.parse(readFileSync(fileOf(root, name), "utf8")) as Graph;

/** Evaluates in a process of its own. */
export async function evaluate(root: Root, evaluated: Evaluated): Promise<void> {
  const { name, stage, region, bundles, control, env = {} } = evaluated;
  mkdirSync(join(root.root, ".build", "infra"), { recursive: true });
  await run(
    root,
    "node_modules/.bin/node",
    [
      "infra/offline/evaluate.ts",
      ...["--stage", stage, "--region", region, "--out", fileOf(root, name)],
      ...(bundles ? ["--bundles"] : []),
      ...(control ? ["--control", control] : []),
    ],
    { ...NOTHING_SET, ...env },
  );
}

/** Settings of whoever runs the checks are not those of the checks. */
const NOTHING_SET = Object.fromEntries(Object.keys(EVERY_SETTING).map((name) => [name, ""]));
