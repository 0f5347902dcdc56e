import { createRequire } from "node:module";
import type { StateMachine } from "../../core/declaration.ts";
import { createEngine } from "../../local/asl/engine.ts";
import { createEndpoint } from "../../local/aws/endpoint.ts";
import { createSdkIntegrations } from "../../local/aws/sdk-integrations.ts";
import { createKernel } from "../../local/kernel/kernel.ts";
import { functionArn, HOME, TABLE, workflowArn } from "../../local/names.ts";
import { tasksOf } from "../../workflows/grants.ts";
import { render } from "../../workflows/render.ts";

/** The package has no types of its own. */
interface SchemaError {
  readonly "Error code": string;
  readonly Message?: string;
}
type AslValidator = (definition: object) => {
  readonly isValid: boolean;
  readonly errors: readonly SchemaError[];
};
const require = createRequire(import.meta.url);
const published = require("asl-validator") as AslValidator | { readonly default: AslValidator };
const aslValidator = typeof published === "function" ? published : published.default;

/** A definition as it is deployed, with names as long as a stage may make them. */
export const rendered = (definition: StateMachine): StateMachine =>
  render(definition, {
    function: (name) => `${functionArn(HOME, name)}:999999`,
    workflow: (name) => `${workflowArn(HOME, name)}:999999`,
    table: TABLE,
    bus: TABLE,
  });

/** What the published ASL schema (with JSONata) says against a definition. */
export const schemaFaults = (definition: StateMachine): string[] =>
  aslValidator(definition).errors.map(
    (error) => `${error["Error code"]}: ${error.Message ?? JSON.stringify(error)}`,
  );

export interface DefinitionChecks {
  /** What CreateStateMachine would say: fields, transitions, reachability, expressions, resources, arguments. */
  engineFaults(definition: StateMachine): Promise<string[]>;
  /** What the operation schemas of the SDK say against the AWS calls of a definition. */
  callFaults(definition: StateMachine): string[];
}

/** The checks that need the platform's parts; nothing runs. */
export function definitionChecks(): DefinitionChecks {
  const kernel = createKernel({ time: { kind: "virtual" } });
  const endpoint = createEndpoint({ kernel, ...HOME });
  const sdk = createSdkIntegrations(endpoint);
  endpoint.serve("sfn", createEngine({ kernel, endpoint, sdk }).handlers);
  const arn = `arn:aws:iam::${HOME.account}:user/test`;
  const principal = { type: "IAMUser", arn, account: HOME.account, accessKeyId: "" } as const;
  return {
    async engineFaults(definition) {
      const answer = await endpoint.call(
        "sfn",
        "ValidateStateMachineDefinition",
        { definition: JSON.stringify(definition), type: "STANDARD" },
        { ...HOME, principal },
      );
      const found = (answer.diagnostics ?? []) as { code: string; message: string; location?: string }[];
      return found.map(({ code, message, location }) => `${code}: ${message} at ${location}`);
    },
    callFaults: (definition) =>
      tasksOf(definition).flatMap(({ name, state }) => {
        const [, service = "", action = ""] =
          /^arn:aws:states:::aws-sdk:([a-z0-9]+):(\w+)/.exec(String(state.Resource)) ?? [];
        if (service === "") return [];
        // Arguments that an expression makes are checked when they are made: every scenario runs through it.
        const known = typeof state.Arguments === "string" ? undefined : state.Arguments;
        return sdk
          .check(service, action, known)
          .filter((fault) => known !== undefined || !fault.includes("required"))
          .map((fault) => `${name}: ${fault}`);
      }),
  };
}
