import type { FunctionConfiguration, InvokeCommand } from "@aws-sdk/client-lambda";
import { Uint8ArrayBlobAdapter } from "@smithy/core/serde";
import type { Runtime } from "../../adapters/runtime.ts";
import type { FunctionDeclaration } from "../../core/declaration.ts";
import { AwsError, type InputOf, type OutputOf, type Scope, type ServiceHandlers } from "../aws/contract.ts";
import type { Invocation } from "./context.ts";
import { ASYNC_LIMIT, type Outcome, SYNC_LIMIT } from "./outcome.ts";

/** A loaded module of a function. */
export interface FunctionModule {
  readonly handler: (event: unknown, context: object) => Promise<unknown>;
}

export interface RegisteredFunction {
  readonly declaration: FunctionDeclaration;
  readonly functionName: string;
  readonly arn: string;
  readonly load: () => Promise<FunctionModule>;
  readonly runtimeFor: (invocation: Invocation) => Runtime;
  module: FunctionModule | undefined;
}

/** What the API needs of the service behind it. */
interface LambdaCore {
  readonly account: string;
  /** Throws ResourceNotFoundException. */
  find(nameOrArn: string): RegisteredFunction;
  all(): readonly RegisteredFunction[];
  run(fn: RegisteredFunction, event: unknown, requestId: string): Promise<Outcome>;
  accept(fn: RegisteredFunction, payload: string, requestId: string): void;
}

type InvokeInput = InputOf<typeof InvokeCommand>;
type InvokeOutput = OutputOf<typeof InvokeCommand>;

const utf8 = new TextDecoder();
const PAGE = 50;

function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AwsError(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${error instanceof Error ? error.message : String(error)}`,
      { members: { Type: "User" } },
    );
  }
}

/** Lambda's API: invoke, and read what is deployed. */
export function createLambdaApi(core: LambdaCore): ServiceHandlers<typeof import("@aws-sdk/client-lambda")> {
  const configuration = ({ declaration, functionName, arn }: RegisteredFunction) =>
    ({
      FunctionName: functionName,
      FunctionArn: arn,
      Description: declaration.purpose,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: `arn:aws:iam::${core.account}:role/${functionName}`,
      Timeout: declaration.timeoutSeconds,
      MemorySize: declaration.memoryMB,
      PackageType: "Zip",
      Architectures: ["arm64"],
      Version: "$LATEST",
      State: "Active",
      LastUpdateStatus: "Successful",
    }) satisfies FunctionConfiguration;

  async function invoke(input: InvokeInput, scope: Scope): Promise<InvokeOutput> {
    const fn = core.find(input.FunctionName ?? "");
    const kind = input.InvocationType ?? "RequestResponse";
    if (kind === "DryRun") return { StatusCode: 204 };
    // The endpoint hands blobs over as bytes; the SDK's type allows more.
    const bytes = input.Payload instanceof Uint8Array ? input.Payload : new Uint8Array();
    const limit = kind === "Event" ? ASYNC_LIMIT : SYNC_LIMIT;
    if (bytes.byteLength > limit)
      throw new AwsError(
        "RequestTooLargeException",
        `${bytes.byteLength} byte payload is too large for the ${kind} invocation type (limit ${limit} bytes)`,
        { status: 413, members: { Type: "User" } },
      );
    const text = bytes.byteLength === 0 ? "{}" : utf8.decode(bytes);
    const event = parsePayload(text);
    if (kind === "Event") {
      core.accept(fn, text, scope.requestId);
      return { StatusCode: 202 };
    }
    const outcome = await core.run(fn, event, scope.requestId);
    return {
      StatusCode: 200,
      ExecutedVersion: "$LATEST",
      Payload: Uint8ArrayBlobAdapter.fromString(outcome.payload),
      ...(outcome.functionError ? { FunctionError: outcome.functionError } : {}),
    };
  }

  return {
    Invoke: invoke,
    GetFunctionConfiguration: (input) => configuration(core.find(input.FunctionName ?? "")),
    GetFunction: (input) => {
      const fn = core.find(input.FunctionName ?? "");
      return {
        Configuration: configuration(fn),
        Code: { RepositoryType: "S3", Location: fn.declaration.module },
        Tags: { "slipway.dev/function": fn.declaration.name },
      };
    },
    ListFunctions: (input) => {
      const all = [...core.all()].sort((a, b) => (a.functionName < b.functionName ? -1 : 1));
      const from = input.Marker === undefined ? 0 : Number(input.Marker);
      if (!Number.isInteger(from) || from < 0)
        throw new AwsError("InvalidParameterValueException", "The marker is not one of this list");
      const to = from + Math.min(input.MaxItems ?? PAGE, PAGE);
      return {
        Functions: all.slice(from, to).map(configuration),
        ...(to < all.length ? { NextMarker: String(to) } : {}),
      };
    },
  };
}
