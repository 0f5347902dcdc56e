import { AwsError, type Scope } from "../../aws/contract.ts";

// Characters AWS refuses in names of machines and executions, and control characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const REFUSED = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff]/;

/** A name of 1 to 80 characters. Throws InvalidName. */
export function checkName(name: string | undefined): string {
  if (name === undefined || name.length === 0 || name.length > 80 || REFUSED.test(name))
    throw new AwsError("InvalidName", `Invalid Name: '${name ?? ""}'`);
  return name;
}

/** An ARN of Step Functions. Throws InvalidArn. */
export function checkArn(arn: string | undefined): string {
  if (!arn?.startsWith("arn:"))
    throw new AwsError("InvalidArn", `Invalid Arn: 'Invalid ARN prefix: ${arn ?? ""}'`);
  const parts = arn.split(":");
  if (parts[2] !== "states" || parts.length < 7)
    throw new AwsError("InvalidArn", `Invalid Arn: 'Resource type not valid in this context: ${arn}'`);
  return arn;
}

export const machineArn = (scope: Pick<Scope, "account" | "region">, name: string): string =>
  `arn:aws:states:${scope.region}:${scope.account}:stateMachine:${name}`;
