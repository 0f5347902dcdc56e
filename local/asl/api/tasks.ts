import { AwsError } from "../../aws/contract.ts";
import type { Interpreter } from "../interpreter.ts";
import type { Json } from "../json.ts";
import { LIMIT } from "../limits.ts";
import type { SfnHandlers } from "./machines.ts";

function outputOf(text: string | undefined): Json {
  if (text === undefined || Buffer.byteLength(text) > LIMIT.payload)
    throw new AwsError("InvalidOutput", "Invalid Output: 'The output exceeds 262144 bytes'");
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new AwsError("InvalidOutput", "Invalid Output: 'Output payload is not valid JSON'");
  }
}

/** Answers to `.waitForTaskToken`. */
export function taskHandlers(interpreter: Interpreter): SfnHandlers {
  return {
    SendTaskSuccess: (input) => {
      interpreter.tasks.sendSuccess(input.taskToken ?? "", outputOf(input.output));
      return {};
    },
    SendTaskFailure: (input) => {
      interpreter.tasks.sendFailure(input.taskToken ?? "", {
        ...(input.error === undefined ? {} : { error: input.error }),
        ...(input.cause === undefined ? {} : { cause: input.cause }),
      });
      return {};
    },
    SendTaskHeartbeat: (input) => {
      interpreter.tasks.sendHeartbeat(input.taskToken ?? "");
      return {};
    },
  };
}
