import { AwsError } from "../../../aws/contract.ts";
import type { Durable, DurableMap } from "../../../kernel/durable.ts";
import type { Tags } from "../state.ts";

/** IAM's documents: one set for each account, keyed by account and name or ARN. */

export interface RoleDocument {
  readonly account: string;
  readonly roleName: string;
  readonly roleId: string;
  readonly arn: string;
  readonly path: string;
  trust: string;
  description: string;
  maxSessionDuration: number;
  permissionsBoundary?: string;
  readonly createdAt: number;
  /** ARNs of attached policies, in order of attachment. */
  attached: string[];
  /** Inline policies: documents by name. */
  inline: Record<string, string>;
  tags: Tags;
}

export interface PolicyDocument {
  readonly account: string;
  readonly policyName: string;
  readonly policyId: string;
  readonly arn: string;
  readonly path: string;
  readonly description: string;
  readonly createdAt: number;
  versions: {
    readonly id: string;
    readonly document: string;
    readonly createdAt: number;
    isDefault: boolean;
  }[];
  tags: Tags;
}

export interface InstanceProfileDocument {
  readonly account: string;
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly path: string;
  readonly createdAt: number;
  role?: string;
  tags: Tags;
}

export interface OidcProviderDocument {
  readonly account: string;
  readonly arn: string;
  readonly url: string;
  clientIds: string[];
  thumbprints: string[];
  readonly createdAt: number;
  tags: Tags;
}

export interface IamState {
  readonly roles: DurableMap<RoleDocument>;
  readonly policies: DurableMap<PolicyDocument>;
  readonly profiles: DurableMap<InstanceProfileDocument>;
  readonly providers: DurableMap<OidcProviderDocument>;
}

export const openIamState = (durable: Durable): IamState => ({
  roles: durable.map("infra.iam.roles"),
  policies: durable.map("infra.iam.policies"),
  profiles: durable.map("infra.iam.profiles"),
  providers: durable.map("infra.iam.oidc-providers"),
});

export const iamKey = (account: string, id: string): string => `${account}/${id}`;

export const inAccount = <V extends { readonly account: string }>(map: DurableMap<V>, account: string): V[] =>
  [...map.values()].filter((document) => document.account === account);

export const noSuchEntity = (message: string): AwsError =>
  new AwsError("NoSuchEntity", message, { status: 404 });

export const alreadyExists = (message: string): AwsError =>
  new AwsError("EntityAlreadyExists", message, { status: 409 });

export const deleteConflict = (message: string): AwsError =>
  new AwsError("DeleteConflict", message, { status: 409 });

/** The text, if it is a policy: a JSON object with a Statement. Throws MalformedPolicyDocument. */
export function policyText(text: string | undefined): string {
  try {
    const parsed: unknown = JSON.parse(text ?? "");
    if (parsed !== null && typeof parsed === "object" && "Statement" in parsed) return text ?? "";
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AwsError("MalformedPolicyDocument", "Syntax errors in policy.");
}

/** One page of IAM's lists: `Marker` is the number of entries before the page, 100 entries unless told. */
export function markerPage<V>(
  all: readonly V[],
  marker: string | undefined,
  size = 100,
): { readonly items: V[]; readonly IsTruncated: boolean; readonly Marker?: string } {
  const from = marker === undefined ? 0 : Number(marker);
  if (!Number.isInteger(from) || from < 0) throw new AwsError("InvalidInput", "Invalid Marker.");
  const items = all.slice(from, from + size);
  const more = from + size < all.length;
  return { items, IsTruncated: more, ...(more ? { Marker: String(from + size) } : {}) };
}
