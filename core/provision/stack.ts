import { ownVpc } from "../cluster-config/desired.ts";
import type { ClusterConfig } from "../cluster-config/schema.ts";
import { sha256 } from "../plan/sha256.ts";
import { getAtt, networkResources } from "./network.ts";
import {
  foundationRoles,
  issuerRoles,
  type RoleSpec,
  roleOutput,
  roleResource,
  serviceTrust,
} from "./roles.ts";

export { splitCidr } from "./network.ts";

/** A CloudFormation template as JSON. */
export interface Template {
  readonly AWSTemplateFormatVersion: "2010-09-09";
  readonly Description: string;
  readonly Resources: Readonly<Record<string, object>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** Stack names know no underscore; cluster names do. */
export const stackName = (cluster: string): string => `slipway-${cluster.replaceAll("_", "-")}`;

/** Which part of a cluster a stack holds: `foundation`, `identity`, or `nodegroup/PHYSICAL-NAME`. */
export type StackPart = "foundation" | "identity" | `nodegroup/${string}`;

/** `slipway-prod-identity-4f2a91`: the hash keeps a cluster named `prod-identity` from meeting the stack of `prod`. */
export function partStackName(cluster: string, part: StackPart): string {
  if (part === "foundation") return stackName(cluster);
  const readable = `${cluster.slice(0, 50)}-${part.replace("nodegroup/", "")}`.replaceAll(
    /[^A-Za-z0-9-]/g,
    "-",
  );
  return `slipway-${readable.slice(0, 110)}-${sha256(`${cluster}/${part}`).slice(0, 6)}`;
}

const outputsOf = (roles: readonly RoleSpec[]) =>
  Object.fromEntries(
    roles.map((role) => [roleOutput(role.key), { Value: getAtt(role.logicalId, "Arn") }] as const),
  );

const template = (
  description: string,
  Resources: Template["Resources"],
  Outputs: Template["Outputs"],
): Template => ({ AWSTemplateFormatVersion: "2010-09-09", Description: description, Resources, Outputs });

/**
 * What a cluster stands on and its file does not bring: IAM roles, and a VPC with a public and a private subnet
 * in each zone. Undefined where the file brings everything. Both are in one stack, which appears and goes as one.
 */
export function stackTemplate(config: ClusterConfig): Template | undefined {
  const roles = foundationRoles(config);
  const network = ownVpc(config) ? networkResources(config) : undefined;
  if (roles.length === 0 && !network) return undefined;
  return template(
    `What the EKS cluster ${config.metadata.name} stands on; made and removed by Slipway`,
    {
      ...Object.fromEntries(roles.map((role) => [role.logicalId, roleResource(role, serviceTrust(role))])),
      ...network?.resources,
    },
    { ...outputsOf(roles), ...network?.outputs },
  );
}

/** Whether a cluster has anything that trusts its own OIDC issuer. */
export const needsIdentity = (config: ClusterConfig): boolean =>
  config.iam?.withOIDC === true || issuerRoles(config).length > 0;

/** The OIDC provider of a cluster and the roles of its service accounts. `issuer` is an https URL. */
export function identityTemplate(config: ClusterConfig, issuer: string): Template {
  const roles = issuerRoles(config);
  const host = issuer.replace(/^https:\/\//, "");
  const trust = ({ actions, subject }: RoleSpec): object => {
    const sub = { [`${host}:sub`]: subject?.value ?? "" };
    const aud = { [`${host}:aud`]: "sts.amazonaws.com" };
    return {
      Effect: "Allow",
      Principal: { Federated: { Ref: "OidcProvider" } },
      Action: actions,
      Condition:
        subject?.operator === "StringLike"
          ? { StringEquals: aud, StringLike: sub }
          : { StringEquals: { ...aud, ...sub } },
    };
  };
  return template(
    `Identity of service accounts of the EKS cluster ${config.metadata.name}; made and removed by Slipway`,
    {
      OidcProvider: {
        Type: "AWS::IAM::OIDCProvider",
        // IAM knows the certificate authority of EKS's issuers: no thumbprint is needed.
        Properties: { Url: issuer, ClientIdList: ["sts.amazonaws.com"] },
      },
      ...Object.fromEntries(roles.map((role) => [role.logicalId, roleResource(role, trust(role))])),
    },
    outputsOf(roles),
  );
}
