import type { Problem } from "./codec/walk.ts";
import { AwsError, type ServiceName } from "./contract.ts";
import type { ServiceModel } from "./model/service-model.ts";

/** A request that breaks the model, as the service at hand would refuse it. */
export function invalidRequest(problems: readonly Problem[], model: ServiceModel): AwsError {
  const query = model.protocol === "query" || model.protocol === "ec2";
  const mistyped = problems.find((problem) => problem.kind === "type");
  if (mistyped) {
    if (query)
      return new AwsError(
        model.invalid,
        `Value for parameter ${mistyped.path} is invalid. ${mistyped.message}`,
      );
    return new AwsError("SerializationException", `${mistyped.path}: ${mistyped.message}`);
  }
  const [first] = problems;
  if (model.protocol === "ec2" && first?.kind === "missing")
    return new AwsError("MissingParameter", `The request must contain the parameter ${first.path}`);
  const texts = problems.map((problem) => constraint(problem));
  const errors = problems.length === 1 ? "error" : "errors";
  return new AwsError(model.invalid, `${problems.length} validation ${errors} detected: ${texts.join("; ")}`);
}

function constraint(problem: Problem): string {
  if (problem.kind === "missing")
    return `Value null at '${problem.path}' failed to satisfy constraint: ${problem.message}`;
  return problem.kind === "value" ? problem.message : `${problem.path}: ${problem.message}`;
}

/** The operation exists at AWS, but nothing on this platform carries it out. */
export const notImplemented = (service: ServiceName, operation: string): AwsError =>
  new AwsError(
    "NotImplemented",
    `The operation ${operation} of ${service} is not implemented by the embedded platform.`,
    { status: 501 },
  );

/** What a caller sees of a defect inside a service: nothing but that it happened. */
export const internalFailure = (model: ServiceModel | undefined): AwsError =>
  new AwsError(
    model?.fault ?? "InternalFailure",
    "The request processing has failed because of an unknown error, exception or failure.",
    { status: 500 },
  );
