import { logical, type Names, namesOf } from "./names.ts";
import { policyText, type Statement, trust } from "./policy.ts";
import { readSettings, type Settings } from "./settings.ts";

/** What every part of the deployment needs to know. */
export interface Context {
  readonly settings: Settings;
  readonly names: Names;
  /** Name of a resource inside of the program; those of a further region end in it. */
  readonly id: (name: string) => string;
  /** Options of every resource: in a further region the provider of that region. */
  readonly options: { readonly provider?: aws.Provider };
}

/** Asks AWS where this is deployed: names and ARNs are plain text from here on. */
export async function contextOf(stage: string, env: NodeJS.ProcessEnv): Promise<Context> {
  const settings = readSettings(stage, env);
  const [{ accountId }, { region }, { partition }] = await Promise.all([
    aws.getCallerIdentity(),
    aws.getRegion(),
    aws.getPartition(),
  ]);
  const furtherRegions = settings.furtherRegions.filter((one) => one !== region);
  const names = namesOf({ stage, partition, account: accountId, region, furtherRegions });
  return { settings, names, id: logical, options: {} };
}

/** The same stage in one of its further regions. */
export function contextIn({ settings, names }: Context, region: string): Context {
  const provider = new aws.Provider(`Aws${logical(region)}`, {
    region: region as aws.Region,
    defaultTags: { tags: { "slipway.dev/stage": settings.stage } },
  });
  return {
    settings,
    names: names.in(region),
    id: (name) => `${logical(name)}${logical(region)}`,
    options: { provider },
  };
}

/** Days that logs are kept; in production a year, for questions that come late. */
export const retention = ({ production }: Settings) =>
  production ? ({ text: "1 year", days: 365 } as const) : ({ text: "1 month", days: 30 } as const);

export interface RoleOptions {
  readonly name: string;
  readonly purpose: string;
  readonly service: string;
  /** Accept the service only when it acts for this account, where the service says for whom it acts. */
  readonly onlyOwnAccount?: boolean;
  /** Who else is let in, beside the service. */
  readonly trusted?: readonly Statement[];
  readonly statements: readonly Statement[];
}

/** Members of a role's arguments that are the same for functions and everything else. */
export const roleArgs = ({ settings, names }: Context, options: RoleOptions) => ({
  name: options.name,
  description: options.purpose,
  assumeRolePolicy: trust(options.service, options.onlyOwnAccount ? names : undefined, options.trusted),
  inlinePolicies: [{ name: "slipway", policy: policyText(options.statements) }],
  managedPolicyArns: [],
  ...(settings.permissionsBoundary ? { permissionsBoundary: settings.permissionsBoundary } : {}),
});
