import { AwsJson1_1Protocol } from "@aws-sdk/core/protocols";
import type { StaticOperationSchema } from "@smithy/types";
import { TerminalError } from "../../core/errors.ts";
import type { Runtime } from "../runtime.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";
import { createSend, type Operation, type Service } from "./operations/client.ts";

/** Reads a secret by its reference: `ssm:/slipway/NAME` or `secretsmanager:slipway/NAME`. */
export type ReadSecret = (reference: string) => Promise<string>;

const ssm: Service = {
  id: "SSM",
  signingName: "ssm",
  protocol: AwsJson1_1Protocol,
  namespace: "com.amazonaws.ssm",
  xmlNamespace: "http://ssm.amazonaws.com/doc/2014-11-06/",
  version: "2014-11-06",
  target: "AmazonSSM",
};

const secretsManager: Service = {
  id: "Secrets Manager",
  signingName: "secretsmanager",
  protocol: AwsJson1_1Protocol,
  namespace: "com.amazonaws.secretsmanager",
  xmlNamespace: "https://secretsmanager.amazonaws.com/doc/2017-10-17/",
  version: "2017-10-17",
  target: "secretsmanager",
};

/** Two calls with three members: written out here, since their client packages are not among the dependencies. */
const GetParameter: StaticOperationSchema = [
  9,
  ssm.namespace,
  "GetParameter",
  0,
  [3, ssm.namespace, "GetParameterRequest", 0, ["Name", "WithDecryption"], [0, 2], 1],
  [
    3,
    ssm.namespace,
    "GetParameterResult",
    0,
    ["Parameter"],
    [[3, ssm.namespace, "Parameter", 0, ["Name", "Value"], [0, [0, 8]]]],
  ],
];

const GetSecretValue: StaticOperationSchema = [
  9,
  secretsManager.namespace,
  "GetSecretValue",
  0,
  [3, secretsManager.namespace, "GetSecretValueRequest", 0, ["SecretId"], [0], 1],
  [3, secretsManager.namespace, "GetSecretValueResponse", 0, ["SecretString"], [[0, 8]]],
];

const getParameter: Operation<{ Name: string; WithDecryption: boolean }, { Parameter?: { Value?: string } }> =
  { service: ssm, schema: GetParameter };

const getSecretValue: Operation<{ SecretId: string }, { SecretString?: string }> = {
  service: secretsManager,
  schema: GetSecretValue,
};

const FRESH_MS = 300_000;

/**
 * Secrets of Slipway's own account, kept for five minutes: a new token counts soon, and a storm of events asks once.
 * Throws TerminalError `SecretMissing` for one that is not there.
 */
export const secretsOf = perRuntime((runtime: Runtime): ReadSecret => {
  if (runtime.secrets) return runtime.secrets;
  const send = createSend(runtime.aws);
  const known = new Map<string, { readonly value: string; readonly at: number }>();
  return async (reference) => {
    const now = runtime.clock.now();
    const cached = known.get(reference);
    if (cached && now - cached.at < FRESH_MS) return cached.value;
    const [store = "", ...rest] = reference.split(":");
    const name = rest.join(":");
    const value = await read(store, name);
    if (value === undefined || value === "")
      throw new TerminalError(`the secret ${reference} is empty`, {
        code: "SecretMissing",
        remedy: "Store the token or address under that name.",
      });
    known.set(reference, { value, at: now });
    return value;
  };

  async function read(store: string, name: string): Promise<string | undefined> {
    if (store === "ssm") {
      const reply = await aws(`ssm GetParameter ${name}`, () =>
        send(getParameter, { Name: name, WithDecryption: true }),
      );
      return reply.Parameter?.Value;
    }
    const reply = await aws(`secretsmanager GetSecretValue ${name}`, () =>
      send(getSecretValue, { SecretId: name }),
    );
    return reply.SecretString;
  }
});
