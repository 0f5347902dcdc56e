/** IAM's evaluation of policies, as far as policies of roles go: explicit deny, allow, else implicit deny. */

export interface PolicyRequest {
  readonly action: string;
  readonly resource: string;
  /** Condition keys in lower case, each with its values. */
  readonly context: ReadonlyMap<string, readonly string[]>;
}

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

export interface Verdict {
  readonly decision: Decision;
  /** Condition keys that statements for this action and resource ask for and the request does not have. */
  readonly missing: readonly string[];
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** Statements of a policy document's text. */
const statementsOf = (document: string): readonly Statement[] =>
  list((JSON.parse(document) as { Statement?: Statement | Statement[] }).Statement);

const escaped = (text: string): string => text.replace(/[.+^${}()|[\]\\]/g, "\\$&");

/** IAM's wildcards: `*` any text, `?` one character. */
export const matchesPattern = (pattern: string, text: string, flags = ""): boolean =>
  new RegExp(`^${escaped(pattern).replaceAll("*", ".*").replaceAll("?", ".")}$`, `s${flags}`).test(text);

const OPERATORS: Readonly<Record<string, (wanted: string, value: string) => boolean>> = {
  StringEquals: (wanted, value) => wanted === value,
  StringLike: (wanted, value) => matchesPattern(wanted, value),
  ArnEquals: (wanted, value) => matchesPattern(wanted, value),
  ArnLike: (wanted, value) => matchesPattern(wanted, value),
  Bool: (wanted, value) => wanted.toLowerCase() === value.toLowerCase(),
};

/** Whether the conditions hold; keys that are missing are noted. An operator that is not known holds never. */
function conditionsHold(
  { Condition = {} }: Statement,
  request: PolicyRequest,
  missing: Set<string>,
): boolean {
  let holds = true;
  for (const [name, keys] of Object.entries(Condition)) {
    const ifExists = name.endsWith("IfExists");
    const operator = OPERATORS[ifExists ? name.slice(0, -"IfExists".length) : name];
    for (const [key, wanted] of Object.entries(keys)) {
      const values = request.context.get(key.toLowerCase());
      if (name === "Null") {
        // "true": the key must not be there; "false": it must be.
        if (list(wanted).includes(String(values === undefined))) continue;
        if (values === undefined) missing.add(key);
        holds = false;
        continue;
      }
      if (values === undefined) {
        if (ifExists) continue;
        missing.add(key);
        holds = false;
      } else if (!list(wanted).some((one) => values.some((value) => operator?.(one, value)))) holds = false;
    }
  }
  return holds;
}

const about = (statement: Statement, { action, resource }: PolicyRequest): boolean => {
  const named = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => matchesPattern(pattern, action, "i"));
  const on = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => matchesPattern(pattern, resource));
  return (
    (statement.Action === undefined ? !named(list(statement.NotAction)) : named(list(statement.Action))) &&
    (statement.Resource === undefined
      ? statement.NotResource === undefined || !on(list(statement.NotResource))
      : on(list(statement.Resource)))
  );
};

function decide(statements: readonly Statement[], request: PolicyRequest): Verdict {
  const missing = new Set<string>();
  let decision: Decision = "implicitDeny";
  for (const statement of statements) {
    if (!about(statement, request) || !conditionsHold(statement, request, missing)) continue;
    if (statement.Effect === "Deny") return { decision: "explicitDeny", missing: [] };
    if (statement.Effect === "Allow") decision = "allowed";
  }
  return { decision, missing: decision === "allowed" ? [] : [...missing].sort() };
}

/** What identity policies (documents as text) say to a request. */
export const evaluate = (documents: readonly string[], request: PolicyRequest): Verdict =>
  decide(documents.flatMap(statementsOf), request);

/** Whether a trust policy lets `principal` (ARN of a role or user, or a service's name) do it. */
export function trusts(
  document: string,
  principal: { readonly arn: string; readonly account: string },
  context: ReadonlyMap<string, readonly string[]>,
): boolean {
  const names = new Set(["*", principal.arn, principal.account, `arn:aws:iam::${principal.account}:root`]);
  const applying = statementsOf(document).filter(({ Principal }) =>
    typeof Principal === "string"
      ? names.has(Principal)
      : Object.values(Principal ?? {}).some((values) => list(values).some((value) => names.has(value))),
  );
  return decide(applying, { action: "sts:AssumeRole", resource: "", context }).decision === "allowed";
}
