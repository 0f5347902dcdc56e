import { type InputProblem, InvalidInputError } from "../core/errors.ts";

/**
 * What may differ from one deployment to the next: read from the environment, which SST fills from `.env` and
 * `.env.<stage>` (docs/deploy.md). Pure, so that a wrong setting is told before anything is built.
 */
export interface Settings {
  /** Short, since names of roles hold it: `slipway-<stage>-<name>` has at most 64 characters. */
  readonly stage: string;
  /** Stages `prod` and `prod-*`: kept on removal, protected, encrypted with a key of their own. */
  readonly production: boolean;
  /** Undefined: the region of the AWS profile. */
  readonly region: string | undefined;
  /** Regions beside that one whose clusters are managed: each gets the workflows and their tasks. */
  readonly furtherRegions: readonly string[];
  readonly logLevel: string;
  /** Told about alarms. */
  readonly alertsEmail: string | undefined;
  /** ARN of the policy that bounds every role that Slipway makes. */
  readonly permissionsBoundary: string | undefined;
  /**
   * Whether cluster files may bring IAM policies of their own, for roles within the boundary: without one, whoever
   * may apply a cluster could make a role that may do anything (workflows/foundation-role.ts).
   */
  readonly filePolicies: boolean;
  /** Where people reach the API when that is not API Gateway's own address: a domain in front of it. */
  readonly apiUrl: string | undefined;
  /** Existing private subnets in which the functions run that call Kubernetes APIs. */
  readonly vpc:
    | { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] }
    | undefined;
  /** Other accounts whose clusters this stage manages: their organisation, and what their role asks for. */
  readonly managedAccounts: { readonly organization: string; readonly externalId: string } | undefined;
  /** Instead of IAM: who signs the tokens that the API takes. */
  readonly jwt: { readonly issuer: string; readonly audiences: readonly string[] } | undefined;
}

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

type Env = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"];

/** Throws InvalidInputError with every problem of stage and environment. */
export function readSettings(stage: string, env: Env): Settings {
  const problems: InputProblem[] = [];
  const report = (field: string, message: string): void => void problems.push({ field, message });
  const text = (field: string, pattern: RegExp, example: string): string | undefined => {
    const value = env[field]?.trim();
    if (value === undefined || value === "") return undefined;
    if (!pattern.test(value)) report(field, `${JSON.stringify(value)} is not like ${example}`);
    return value;
  };
  const list = (field: string, pattern: RegExp, example: string): string[] => {
    const values = (env[field] ?? "")
      .split(",")
      .map((value) => value.trim())
      .filter((value) => value !== "");
    for (const value of values)
      if (!pattern.test(value)) report(field, `${JSON.stringify(value)} is not like ${example}`);
    return values;
  };
  const together = (one: string, has: boolean, other: string, hasOther: boolean): boolean => {
    if (has !== hasOther) report(has ? other : one, `is needed too where ${has ? one : other} is set`);
    return has && hasOther;
  };

  // The same rule as adapters/system-runtime.ts has for what functions are told.
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage) || stage.endsWith("-"))
    report("--stage", `${JSON.stringify(stage)} is not a stage: a-z, 0-9 and '-', at most 20 characters`);
  const logLevel = text("SLIPWAY_LOG_LEVEL", new RegExp(`^(${LOG_LEVELS.join("|")})$`), "INFO") ?? "INFO";
  const subnets = list("SLIPWAY_VPC_SUBNETS", /^subnet-[0-9a-f]+$/, "subnet-0a1b2c3d,subnet-1b2c3d4e");
  const securityGroups = list("SLIPWAY_VPC_SECURITY_GROUPS", /^sg-[0-9a-f]+$/, "sg-0a1b2c3d");
  const vpc = together(
    "SLIPWAY_VPC_SUBNETS",
    subnets.length > 0,
    "SLIPWAY_VPC_SECURITY_GROUPS",
    securityGroups.length > 0,
  );
  const issuer = text("SLIPWAY_JWT_ISSUER", /^https:\/\/\S+$/, "https://login.example.com/");
  const audiences = list("SLIPWAY_JWT_AUDIENCE", /^\S+$/, "slipway");
  const jwt = together(
    "SLIPWAY_JWT_ISSUER",
    issuer !== undefined,
    "SLIPWAY_JWT_AUDIENCE",
    audiences.length > 0,
  );
  const organization = text("SLIPWAY_ORGANIZATION_ID", /^o-[a-z0-9]{10,32}$/, "o-a1b2c3d4e5");
  // The same rule as managed-account/template.yaml has.
  const externalId = text("SLIPWAY_EXTERNAL_ID", /^[\w+=,.@:/-]{8,1224}$/, "3f9a4c61-8f4e-4f0c-9d8e-2b1a");
  together(
    "SLIPWAY_ORGANIZATION_ID",
    organization !== undefined,
    "SLIPWAY_EXTERNAL_ID",
    externalId !== undefined,
  );
  const permissionsBoundary = text(
    "SLIPWAY_PERMISSIONS_BOUNDARY",
    /^arn:[^:]+:iam::(\d{12}|aws):policy\/.+$/,
    "arn:aws:iam::111122223333:policy/boundary",
  );
  const filePolicies = text("SLIPWAY_FILE_POLICIES", /^allow$/, "allow") !== undefined;
  if (filePolicies && permissionsBoundary === undefined)
    report("SLIPWAY_PERMISSIONS_BOUNDARY", "is needed where SLIPWAY_FILE_POLICIES allows policies of files");
  const region = text("SLIPWAY_REGION", REGION, "eu-west-1");
  const settings: Settings = {
    stage,
    production: stage === "prod" || stage.startsWith("prod-"),
    region,
    furtherRegions: [
      ...new Set(list("SLIPWAY_REGIONS", REGION, "us-east-1,ap-southeast-2").filter((one) => one !== region)),
    ],
    logLevel,
    alertsEmail: text("SLIPWAY_ALERTS_EMAIL", /^[^\s@]+@[^\s@]+$/, "platform@example.com"),
    permissionsBoundary,
    filePolicies,
    // The same rule as adapters/system-runtime.ts has.
    apiUrl: text("SLIPWAY_API_URL", /^https:\/\/\S+[^/\s]$/, "https://slipway.example.com"),
    vpc: vpc ? { subnets, securityGroups } : undefined,
    managedAccounts: organization && externalId ? { organization, externalId } : undefined,
    jwt: jwt && issuer ? { issuer, audiences } : undefined,
  };
  if (problems.length > 0) throw new InvalidInputError(problems, "settings");
  return settings;
}
