import {
  CloudFormationClient,
  type CloudFormationClientConfig,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { perRuntime } from "../system-runtime.ts";
import { aws, awsErrorName } from "./errors.ts";

export interface StackState {
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface StackReader {
  /** Undefined when there is no such stack. */
  stack(name: string): Promise<StackState | undefined>;
}

export const stacksOf = perRuntime((runtime): StackReader => {
  const client = new CloudFormationClient(runtime.aws as CloudFormationClientConfig);
  return {
    stack: (name) =>
      aws(`cloudformation DescribeStacks ${name}`, async () => {
        try {
          const reply = await client.send(new DescribeStacksCommand({ StackName: name }));
          const stack = reply.Stacks?.[0];
          if (!stack) return undefined;
          const tags = (stack.Tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""] as const);
          return { status: stack.StackStatus ?? "", tags: Object.fromEntries(tags) };
        } catch (error) {
          // CloudFormation has no code of its own for it.
          const missing = error instanceof Error && /does not exist/.test(error.message);
          if (awsErrorName(error) === "ValidationError" && missing) return undefined;
          throw error;
        }
      }),
  };
});
