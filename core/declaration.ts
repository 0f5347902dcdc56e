/**
 * How the parts of Slipway are declared: once, as data. `stacks/` turns a declaration into AWS resources,
 * `local/` into a running platform.
 */

/** A Lambda function. */
export interface FunctionDeclaration {
  /** Kebab-case and unique: `drain-nodes`. Deployed as `slipway-<stage>-<name>`. */
  readonly name: string;
  /** Module path from the project's root; it exports `handler`. */
  readonly module: string;
  readonly purpose: string;
  /** At most 900; API functions at most 29 (API Gateway's limit). */
  readonly timeoutSeconds: number;
  readonly memoryMB: number;
  /** Calls the Kubernetes API of managed clusters, so it may have to run inside their VPC. */
  readonly kubernetes: boolean;
  readonly grants: readonly Grant[];
}

/** Permissions, as narrow as the API allows. `resources` may hold placeholders: `{table}`, `{bus}`, `{workflows}`. */
export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A state machine in Amazon States Language (JSONata), as plain data. */
export interface StateMachine {
  readonly Comment?: string;
  readonly QueryLanguage: "JSONata";
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, State>>;
}

/** A state; the engine and the ASL schema check the members of each type. */
export interface State {
  readonly Type: "Pass" | "Task" | "Choice" | "Wait" | "Succeed" | "Fail" | "Parallel" | "Map";
  readonly [field: string]: unknown;
}

/**
 * A workflow. In its definition `${function:NAME}` stands for a function's ARN, `${workflow:NAME}` for a state
 * machine's, `${table}` and `${bus}` for names; {@link render} of `workflows/render.ts` fills them in.
 */
export interface WorkflowDeclaration {
  /** Kebab-case: `upgrade-cluster`. */
  readonly name: string;
  readonly purpose: string;
  readonly definition: StateMachine;
}

/** An HTTP route of the API and the function behind it. */
export interface RouteDeclaration {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** API Gateway's form: `/v1/clusters/{cluster}`. */
  readonly path: string;
  readonly function: string;
}

/** A rule on a bus or a schedule. In a pattern `{account}` and `{stage}` stand for what they are where it is deployed. */
export type RuleDeclaration = {
  readonly name: string;
  readonly purpose: string;
  /** `topic`: the one that tells people (`slipway-<stage>-alerts`). */
  readonly target:
    | { readonly function: string }
    | { readonly workflow: string }
    | { readonly topic: "alerts" };
} & (
  | { readonly bus: "default" | "slipway"; readonly pattern: Readonly<Record<string, unknown>> }
  | { readonly schedule: string; readonly timeZone?: string }
);

/** A rule's pattern with `{account}` and `{stage}` filled in. */
export function fillPattern(
  pattern: Readonly<Record<string, unknown>>,
  { account, stage }: { readonly account: string; readonly stage: string },
): Readonly<Record<string, unknown>> {
  const filled = JSON.stringify(pattern).replaceAll("{account}", account).replaceAll("{stage}", stage);
  return JSON.parse(filled) as Readonly<Record<string, unknown>>;
}
