import { createHash } from "node:crypto";
import type * as sfn from "@aws-sdk/client-sfn";
import { AwsError, type Scope, type ServiceHandlers } from "../../aws/contract.ts";
import type { Validator } from "../definition/validate.ts";
import type { AliasDoc, MachineDoc, VersionDoc } from "../documents.ts";
import type { Interpreter } from "../interpreter.ts";
import type { Json, JsonObject } from "../json.ts";
import { LIMIT } from "../limits.ts";
import { checkArn, checkName, machineArn } from "./names.ts";
import { page } from "./paging.ts";

export type SfnHandlers = ServiceHandlers<typeof sfn>;

/** A machine with what one of its versions or aliases stands for. */
export interface Resolved {
  readonly machine: MachineDoc;
  readonly revision: string;
  readonly roleArn: string;
  readonly version: string | null;
  readonly alias: string | null;
}

/** State machines: definitions, revisions, published versions and aliases. */
/** Revisions that passed validation in this process: the platform's own workflows are deployed many times in tests. */
const valid = new Set<string>();

export class Machines {
  readonly #interpreter: Interpreter;
  readonly #validator: Validator;

  constructor(interpreter: Interpreter, validator: Validator) {
    this.#interpreter = interpreter;
    this.#validator = validator;
  }

  get #documents() {
    return this.#interpreter.documents;
  }

  #now(): number {
    return this.#interpreter.kernel.clock.now();
  }

  /** The machine of an ARN without qualifier. Throws StateMachineDoesNotExist. */
  machine(arn: string | undefined): MachineDoc {
    const machine = this.#documents.machines.get(checkArn(arn));
    if (!machine) throw new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
    return machine;
  }

  /** What runs when `arn`, which may name a version or an alias, is started. */
  resolve(arn: string | undefined): Resolved {
    const version = this.#documents.versions.get(checkArn(arn));
    if (version) {
      const { revision, roleArn } = version;
      return { machine: this.machine(version.machine), revision, roleArn, version: version.arn, alias: null };
    }
    const alias = this.#documents.aliases.get(checkArn(arn));
    if (alias) {
      const routed = this.resolve(this.#route(alias));
      return { ...routed, alias: alias.arn };
    }
    const machine = this.machine(arn);
    return { machine, revision: machine.revision, roleArn: machine.roleArn, version: null, alias: null };
  }

  #route(alias: AliasDoc): string {
    let at = this.#interpreter.kernel.random() * 100;
    for (const { version, weight } of alias.routing) {
      at -= weight;
      if (at < 0) return version;
    }
    return alias.routing.at(-1)?.version ?? "";
  }

  /** Stores a definition under the name of its content. Throws InvalidDefinition with every problem. */
  #define(text: string | undefined): string {
    if (text === undefined || Buffer.byteLength(text) > LIMIT.definition)
      throw new AwsError(
        "InvalidDefinition",
        "Invalid State Machine Definition: 'The definition is larger than 1 MB'",
      );
    const revision = createHash("sha256").update(text).digest("hex").slice(0, 32);
    if (this.#documents.definitions.has(revision)) return revision;
    const diagnostics = valid.has(revision) ? [] : this.#validator.check(text).diagnostics;
    if (diagnostics.length > 0) {
      const problems = diagnostics.map(({ code, message, location }) => `${code}: ${message} at ${location}`);
      throw new AwsError("InvalidDefinition", `Invalid State Machine Definition: '${problems.join(", ")}'`);
    }
    valid.add(revision);
    this.#documents.definitions.set(revision, { text });
    return revision;
  }

  readonly handlers: SfnHandlers = {
    CreateStateMachine: (input, scope) => this.#create(input, scope),
    UpdateStateMachine: (input) => this.#update(input),
    DeleteStateMachine: (input) => {
      this.#documents.machines.delete(checkArn(input.stateMachineArn));
      return {};
    },
    DescribeStateMachine: (input) => this.#describe(input.stateMachineArn),
    ListStateMachines: (input, scope) => {
      const all = [...this.#documents.machines.values()]
        .filter((machine) => machine.account === scope.account && machine.region === scope.region)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((machine) => ({
          stateMachineArn: machine.arn,
          name: machine.name,
          type: machine.type,
          creationDate: new Date(machine.createdAt),
        }));
      const { items, nextToken } = page(all, input);
      return { stateMachines: items, ...(nextToken === undefined ? {} : { nextToken }) };
    },
    ValidateStateMachineDefinition: (input) => {
      const { diagnostics } = this.#validator.check(input.definition ?? "");
      const most = input.maxResults || 100;
      return {
        result: diagnostics.length === 0 ? "OK" : "FAIL",
        diagnostics: diagnostics.slice(0, most).map((one) => ({ ...one })),
        truncated: diagnostics.length > most,
      };
    },
    PublishStateMachineVersion: (input) => {
      const machine = this.machine(input.stateMachineArn);
      const version = this.#publish(machine, input.description ?? null);
      return { stateMachineVersionArn: version.arn, creationDate: new Date(version.createdAt) };
    },
    DeleteStateMachineVersion: (input) => {
      this.#documents.versions.delete(checkArn(input.stateMachineVersionArn));
      return {};
    },
    ListStateMachineVersions: (input) => {
      const machine = this.machine(input.stateMachineArn);
      const all = [...this.#documents.versions.values()]
        .filter((version) => version.machine === machine.arn)
        .sort((a, b) => b.number - a.number)
        .map((version) => ({
          stateMachineVersionArn: version.arn,
          creationDate: new Date(version.createdAt),
        }));
      const { items, nextToken } = page(all, input);
      return { stateMachineVersions: items, ...(nextToken === undefined ? {} : { nextToken }) };
    },
    CreateStateMachineAlias: (input) => this.#createAlias(input),
    UpdateStateMachineAlias: (input) => {
      const alias = this.#alias(input.stateMachineAliasArn);
      if (input.description !== undefined) alias.description = input.description;
      if (input.routingConfiguration) alias.routing = routing(input.routingConfiguration);
      alias.updatedAt = this.#now();
      this.#documents.aliases.touch(alias.arn);
      return { updateDate: new Date(alias.updatedAt) };
    },
    DeleteStateMachineAlias: (input) => {
      this.#documents.aliases.delete(checkArn(input.stateMachineAliasArn));
      return {};
    },
    DescribeStateMachineAlias: (input) => {
      const alias = this.#alias(input.stateMachineAliasArn);
      return {
        stateMachineAliasArn: alias.arn,
        name: alias.name,
        ...(alias.description === null ? {} : { description: alias.description }),
        routingConfiguration: alias.routing.map(({ version, weight }) => ({
          stateMachineVersionArn: version,
          weight,
        })),
        creationDate: new Date(alias.createdAt),
        updateDate: new Date(alias.updatedAt),
      };
    },
    ListStateMachineAliases: (input) => {
      const machine = this.machine(input.stateMachineArn);
      const all = [...this.#documents.aliases.values()]
        .filter((alias) => alias.machine === machine.arn)
        .map((alias) => ({ stateMachineAliasArn: alias.arn, creationDate: new Date(alias.createdAt) }));
      const { items, nextToken } = page(all, input);
      return { stateMachineAliases: items, ...(nextToken === undefined ? {} : { nextToken }) };
    },
    TagResource: (input) => {
      const machine = this.#tagged(input.resourceArn);
      for (const { key, value } of input.tags ?? []) if (key !== undefined) machine.tags[key] = value ?? "";
      this.#documents.machines.touch(machine.arn);
      return {};
    },
    UntagResource: (input) => {
      const machine = this.#tagged(input.resourceArn);
      for (const key of input.tagKeys ?? []) delete machine.tags[key];
      this.#documents.machines.touch(machine.arn);
      return {};
    },
    ListTagsForResource: (input) => ({
      tags: Object.entries(this.#tagged(input.resourceArn).tags).map(([key, value]) => ({ key, value })),
    }),
  };

  #tagged(arn: string | undefined): MachineDoc {
    const machine = this.#documents.machines.get(checkArn(arn));
    if (!machine) throw new AwsError("ResourceNotFound", `Resource not found: '${arn}'`);
    return machine;
  }

  #create(input: sfn.CreateStateMachineCommandInput, scope: Scope): sfn.CreateStateMachineOutput {
    const name = checkName(input.name);
    const revision = this.#define(input.definition);
    const roleArn = checkRole(input.roleArn);
    const arn = machineArn(scope, name);
    const type = input.type ?? "STANDARD";
    const settings = settingsOf(input);
    const existing = this.#documents.machines.get(arn);
    if (existing) {
      const same =
        existing.revision === revision &&
        existing.type === type &&
        JSON.stringify(existing.settings) === JSON.stringify(settings);
      if (!same) throw new AwsError("StateMachineAlreadyExists", `State Machine Already Exists: '${arn}'`);
      return { stateMachineArn: arn, creationDate: new Date(existing.createdAt) };
    }
    const now = this.#now();
    const machine: MachineDoc = {
      arn,
      name,
      account: scope.account,
      region: scope.region,
      type,
      createdAt: now,
      roleArn,
      revision,
      updatedAt: now,
      status: "ACTIVE",
      versions: 0,
      settings,
      tags: Object.fromEntries((input.tags ?? []).map(({ key, value }) => [key ?? "", value ?? ""])),
    };
    this.#documents.machines.set(arn, machine);
    const version = input.publish ? this.#publish(machine, input.versionDescription ?? null) : undefined;
    return {
      stateMachineArn: arn,
      creationDate: new Date(now),
      ...(version ? { stateMachineVersionArn: version.arn } : {}),
    };
  }

  #update(input: sfn.UpdateStateMachineCommandInput): sfn.UpdateStateMachineOutput {
    const machine = this.machine(input.stateMachineArn);
    if (
      input.definition === undefined &&
      input.roleArn === undefined &&
      Object.keys(settingsOf(input)).length === 0
    )
      throw new AwsError(
        "MissingRequiredParameter",
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
      );
    if (input.definition !== undefined) machine.revision = this.#define(input.definition);
    if (input.roleArn !== undefined) machine.roleArn = checkRole(input.roleArn);
    machine.settings = { ...machine.settings, ...settingsOf(input) };
    machine.updatedAt = this.#now();
    this.#documents.machines.touch(machine.arn);
    const version = input.publish ? this.#publish(machine, input.versionDescription ?? null) : undefined;
    return {
      updateDate: new Date(machine.updatedAt),
      revisionId: machine.revision,
      ...(version ? { stateMachineVersionArn: version.arn } : {}),
    };
  }

  #describe(arn: string | undefined): sfn.DescribeStateMachineOutput {
    const { machine, revision, roleArn, version } = this.resolve(arn);
    const description = this.#documents.versions.get(version ?? "")?.description;
    return {
      stateMachineArn: version ?? machine.arn,
      name: machine.name,
      status: machine.status,
      definition: this.#documents.definitions.get(revision)?.text ?? "",
      roleArn,
      type: machine.type,
      creationDate: new Date(machine.createdAt),
      ...machine.settings,
      revisionId: revision,
      ...(description ? { description } : {}),
    };
  }

  #publish(machine: MachineDoc, description: string | null): VersionDoc {
    const latest = this.#documents.versions.get(`${machine.arn}:${machine.versions}`);
    if (latest?.revision === machine.revision && latest.roleArn === machine.roleArn) return latest;
    machine.versions++;
    this.#documents.machines.touch(machine.arn);
    const version: VersionDoc = {
      arn: `${machine.arn}:${machine.versions}`,
      machine: machine.arn,
      number: machine.versions,
      revision: machine.revision,
      roleArn: machine.roleArn,
      description,
      createdAt: this.#now(),
    };
    this.#documents.versions.set(version.arn, version);
    return version;
  }

  #createAlias(input: sfn.CreateStateMachineAliasCommandInput): sfn.CreateStateMachineAliasOutput {
    const name = checkName(input.name);
    const targets = routing(input.routingConfiguration ?? []);
    const first = this.#documents.versions.get(targets[0]?.version ?? "");
    if (!first) throw new AwsError("ResourceNotFound", `Resource not found: '${targets[0]?.version ?? ""}'`);
    const arn = `${first.machine}:${name}`;
    if (this.#documents.aliases.has(arn))
      throw new AwsError("ConflictException", `State Machine Alias with name '${name}' already exists`);
    const now = this.#now();
    this.#documents.aliases.set(arn, {
      arn,
      machine: first.machine,
      name,
      description: input.description ?? null,
      routing: targets,
      createdAt: now,
      updatedAt: now,
    });
    return { stateMachineAliasArn: arn, creationDate: new Date(now) };
  }

  #alias(arn: string | undefined): AliasDoc {
    const alias = this.#documents.aliases.get(checkArn(arn));
    if (!alias) throw new AwsError("ResourceNotFound", `Resource not found: '${arn}'`);
    return alias;
  }
}

const routing = (items: readonly sfn.RoutingConfigurationListItem[]) =>
  items.map(({ stateMachineVersionArn, weight }) => ({
    version: stateMachineVersionArn ?? "",
    weight: weight ?? 0,
  }));

function checkRole(arn: string | undefined): string {
  if (!arn || !/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/.test(arn))
    throw new AwsError("InvalidArn", `Invalid Role Arn: '${arn ?? ""}'`);
  return arn;
}

function settingsOf(input: {
  readonly loggingConfiguration?: object | undefined;
  readonly tracingConfiguration?: object | undefined;
  readonly encryptionConfiguration?: object | undefined;
}): JsonObject {
  const { loggingConfiguration, tracingConfiguration, encryptionConfiguration } = input;
  return JSON.parse(
    JSON.stringify({ loggingConfiguration, tracingConfiguration, encryptionConfiguration }),
  ) as JsonObject & Json;
}
