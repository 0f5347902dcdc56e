import type { Template } from "../expression/template.ts";
import type { JsonObject } from "../json.ts";

export type StateType = "Pass" | "Task" | "Choice" | "Wait" | "Succeed" | "Fail" | "Parallel" | "Map";

/** A field whose value is computed: its compiled template and its name in error texts. */
export interface Field {
  readonly template: Template;
  readonly location: string;
}

/** How a state is left: what it hands on, what it remembers, where it goes. */
export interface Exit {
  readonly output: Field | undefined;
  readonly assign: Field | undefined;
  /** Undefined: the end of its branch. */
  readonly next: string | undefined;
}

export interface Retrier {
  readonly errors: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds: number | undefined;
  readonly fullJitter: boolean;
}

export interface Catcher {
  readonly errors: readonly string[];
  readonly exit: Exit;
}

interface Base {
  readonly name: string;
  readonly exit: Exit;
}

interface Retryable extends Base {
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
}

export interface PassState extends Base {
  readonly type: "Pass";
}
export interface SucceedState extends Base {
  readonly type: "Succeed";
}
export interface FailState extends Base {
  readonly type: "Fail";
  readonly error: Field | undefined;
  readonly cause: Field | undefined;
}
export interface WaitState extends Base {
  readonly type: "Wait";
  readonly seconds: Field | undefined;
  readonly timestamp: Field | undefined;
}
export interface ChoiceState extends Base {
  readonly type: "Choice";
  readonly rules: readonly { readonly condition: Field; readonly exit: Exit }[];
  readonly hasDefault: boolean;
}
export interface TaskState extends Retryable {
  readonly type: "Task";
  readonly resource: string;
  readonly arguments: Field | undefined;
  readonly timeoutSeconds: Field | undefined;
  readonly heartbeatSeconds: Field | undefined;
  readonly roleArn: Field | undefined;
}
export interface ParallelState extends Retryable {
  readonly type: "Parallel";
  readonly arguments: Field | undefined;
  readonly branches: readonly Processor[];
}
export interface MapState extends Retryable {
  readonly type: "Map";
  readonly items: Field | undefined;
  readonly itemSelector: Field | undefined;
  readonly maxConcurrency: Field | undefined;
  readonly toleratedFailureCount: Field | undefined;
  readonly toleratedFailurePercentage: Field | undefined;
  readonly processor: Processor;
  readonly distributed: boolean;
  readonly executionType: "STANDARD" | "EXPRESS";
  readonly label: string;
  readonly batcher: Batcher | undefined;
}

export interface Batcher {
  readonly maxItemsPerBatch: Field | undefined;
  readonly maxInputBytesPerBatch: Field | undefined;
  readonly batchInput: Field | undefined;
}

export type State =
  | PassState
  | SucceedState
  | FailState
  | WaitState
  | ChoiceState
  | TaskState
  | ParallelState
  | MapState;

/** A set of states with an entry: a machine, a branch, an iteration. */
export interface Processor {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

/** A machine's definition, ready to be executed. */
export interface Program extends Processor {
  readonly timeoutSeconds: number | undefined;
  readonly source: JsonObject;
}

/** Where a processor is inside its program: names of states, and after a Parallel the number of the branch. */
export type ProcessorPath = readonly (string | number)[];
