import type { FunctionDeclaration, RuleDeclaration } from "../core/declaration.ts";
import type { Api } from "./api.ts";
import { bundling } from "./bundling.ts";
import { type Context, retention, roleArgs } from "./context.ts";
import type { Events } from "./events.ts";
import * as policy from "./policy.ts";
import type { Storage } from "./storage.ts";

/** The functions of a region. */
export interface Functions {
  /** Throws TypeError for one that is not declared. */
  named(name: string): sst.aws.Function;
}

/**
 * Every function with a role, a log group and a bundle of its own. Each deployment publishes a version: state
 * machines call versions, so that an execution keeps the code that it began with.
 */
export function functions(
  context: Context,
  { key }: Pick<Storage, "key">,
  { undelivered, apiUrl }: Pick<Events, "undelivered"> & { readonly apiUrl: Api["url"] },
  declared: readonly FunctionDeclaration[],
  rules: readonly RuleDeclaration[],
  /** In a further region: those at home, whose roles serve there too. */
  home?: Functions,
): Functions {
  const { settings, names, id: idOf, options } = context;
  const { text } = retention(settings);
  // The bus hands an event over and forgets it: what a function fails to handle is the function's to keep.
  const listening = new Set(rules.flatMap(({ target }) => ("function" in target ? [target.function] : [])));
  const queue = names.arn("sqs", names.of("undelivered"));
  const environment = {
    SLIPWAY_STAGE: settings.stage,
    SLIPWAY_ACCOUNT: names.account,
    SLIPWAY_TABLE: names.of(),
    SLIPWAY_BUS: names.of(),
    SLIPWAY_WORKFLOW_ARN_PREFIX: names.in(names.homeRegion).workflowPrefix,
    ...(names.furtherRegions.length > 0
      ? { SLIPWAY_HOME_REGION: names.homeRegion, SLIPWAY_REGIONS: names.furtherRegions.join(",") }
      : {}),
    SLIPWAY_LOG_LEVEL: settings.logLevel,
    SLIPWAY_API_URL: apiUrl,
    ...(settings.managedAccounts ? { SLIPWAY_EXTERNAL_ID: settings.managedAccounts.externalId } : {}),
  };

  const deploy = (declaration: FunctionDeclaration): sst.aws.Function => {
    const { name } = declaration;
    const id = idOf(name);
    // The subnets are of the home region; elsewhere a relay reaches private endpoints (docs/deploy.md).
    const inVpc = declaration.kubernetes && settings.vpc !== undefined && !home;
    const logGroup = `/aws/lambda/${names.of(name)}`;
    const statementsOfKey = key && policy.usesTable(declaration.grants);
    const grants = [
      ...declaration.grants,
      policy.ownLogs(logGroup),
      policy.tracing,
      ...(inVpc ? [policy.networkInterfaces] : []),
      ...(listening.has(name) ? [{ actions: ["sqs:SendMessage"], resources: [queue] }] : []),
    ];
    const denied = inVpc
      ? [
          policy.notFromCode(
            policy.networkInterfaces,
            names.places.map((place) => place.function(name)),
          ),
        ]
      : [];
    const role = (keyArn: string | undefined) =>
      roleArgs(context, {
        name: names.of(name),
        purpose: declaration.purpose,
        service: "lambda.amazonaws.com",
        statements: [
          ...policy.statements(
            keyArn ? [...grants, policy.tableKey(keyArn, names.homeRegion)] : grants,
            names,
          ),
          ...denied,
        ],
      });
    const fn = new sst.aws.Function(
      id,
      {
        name: names.of(name),
        description: declaration.purpose,
        handler: declaration.module.replace(/\.ts$/, ".handler"),
        runtime: bundling.runtime,
        architecture: bundling.architecture,
        nodejs: bundling.nodejs,
        memory: `${declaration.memoryMB} MB`,
        timeout: `${declaration.timeoutSeconds} seconds`,
        versioning: true,
        environment,
        logging: { format: "json", retention: text },
        // One role for all regions: it has all that it may do in any of them.
        ...(home ? { role: home.named(name).nodes.role.arn } : {}),
        ...(inVpc && settings.vpc
          ? {
              vpc: {
                privateSubnets: [...settings.vpc.subnets],
                securityGroups: [...settings.vpc.securityGroups],
              },
            }
          : {}),
        ...(listening.has(name) ? { retries: 2 } : {}),
        transform: {
          role: (args) => {
            // SST's own role is trusted by the whole account while developing, and may write every log group.
            const { inlinePolicies: _, ...same } = role(undefined);
            Object.assign(args, same);
            args.inlinePolicies = statementsOfKey
              ? key.arn.apply((arn) => role(arn).inlinePolicies)
              : role(undefined).inlinePolicies;
          },
          logGroup: (args) => {
            args.name = logGroup;
            if (key) args.kmsKeyId = key.arn;
          },
          function: (args) => {
            args.tracingConfig = { mode: "Active" };
            // Lambda drops lines below its own level, INFO unless told otherwise: DEBUG would show nothing.
            args.loggingConfig = $util
              .output(args.loggingConfig)
              .apply((config) => ({ logFormat: "JSON", ...config, applicationLogLevel: settings.logLevel }));
          },
          eventInvokeConfig: (args) => {
            args.destinationConfig = { onFailure: { destination: undelivered.arn } };
          },
        },
      },
      options,
    );
    return fn;
  };

  const deployed = new Map(declared.map((declaration) => [declaration.name, deploy(declaration)]));
  return {
    named(name) {
      const fn = deployed.get(name);
      if (!fn) throw new TypeError(`function ${name} is not declared`);
      return fn;
    },
  };
}
