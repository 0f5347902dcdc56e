import type { Stack } from "@aws-sdk/client-cloudformation";
import { perRuntime } from "../system-runtime.ts";
import { aws, awsErrorName } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { describeStacks } from "./operations/operations.ts";

export interface StackState {
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface NamedStack extends StackState {
  readonly name: string;
}

export interface StackReader {
  /** The stacks of the account and region that carry a tag. */
  withTag(key: string, value: string): Promise<NamedStack[]>;
  /** Undefined when there is no such stack. */
  stack(name: string): Promise<StackState | undefined>;
}

function stateOf(stack: Stack): StackState {
  const tags = (stack.Tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""] as const);
  const outputs = (stack.Outputs ?? []).map((o) => [o.OutputKey ?? "", o.OutputValue ?? ""] as const);
  return {
    status: stack.StackStatus ?? "",
    tags: Object.fromEntries(tags),
    outputs: Object.fromEntries(outputs),
  };
}

export const stacksOf = perRuntime((runtime): StackReader => {
  const send = createSend(runtime.aws);
  return {
    withTag: (key, value) =>
      aws("cloudformation DescribeStacks", async () => {
        const found: NamedStack[] = [];
        let NextToken: string | undefined;
        do {
          const reply = await send(describeStacks, { NextToken });
          for (const stack of reply.Stacks ?? []) {
            const state = stateOf(stack);
            if (state.tags[key] === value) found.push({ name: stack.StackName ?? "", ...state });
          }
          NextToken = reply.NextToken;
        } while (NextToken);
        return found;
      }),
    stack: (name) =>
      aws(`cloudformation DescribeStacks ${name}`, async () => {
        try {
          const reply = await send(describeStacks, { StackName: name });
          const stack = reply.Stacks?.[0];
          if (!stack) return undefined;
          return stateOf(stack);
        } catch (error) {
          // CloudFormation has no code of its own for it.
          const missing = error instanceof Error && /does not exist/.test(error.message);
          if (awsErrorName(error) === "ValidationError" && missing) return undefined;
          throw error;
        }
      }),
  };
});
