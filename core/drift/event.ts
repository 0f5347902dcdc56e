import * as z from "zod";
import { type ClusterRef, parseClusterKey } from "../cluster-ref.ts";
import { decoded, printable } from "./text.ts";
import { classesOf, subjectOf } from "./touched.ts";
import type { ClusterChange } from "./types.ts";

const text = (max: number) => z.string().max(max);
const loose = z.record(z.string(), z.unknown());

/**
 * A management event of CloudTrail as EventBridge delivers it (aws-facts, 4.2), read loosely: members that nobody
 * looks at may be anything. What does not fit is no event that can be acted on.
 */
export const trailEvent = z.object({
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  detail: z.object({
    eventID: z.string().regex(/^[A-Za-z0-9-]{8,64}$/),
    eventName: z.string().regex(/^[A-Za-z]{1,64}$/),
    eventSource: text(128),
    eventTime: z.iso.datetime({ offset: true }),
    readOnly: z.boolean().optional(),
    errorCode: z.unknown().optional(),
    sourceIPAddress: text(1024).nullish(),
    userAgent: text(8192).nullish(),
    userIdentity: z
      .object({
        type: text(64).nullish(),
        arn: text(2048).nullish(),
        principalId: text(512).nullish(),
        invokedBy: text(256).nullish(),
        sessionContext: z
          .object({ sessionIssuer: z.object({ arn: text(2048).nullish() }).nullish() })
          .nullish(),
      })
      .nullish(),
    requestParameters: loose.nullish(),
  }),
});

export type TrailEvent = z.infer<typeof trailEvent>;

/** Why an event leads to no look. */
export type Ignored =
  | "read"
  | "failed call"
  | "another service"
  | "made by Slipway"
  | "made by EKS"
  | "about no cluster";

export type Judged =
  | { readonly ignored: Ignored }
  | { readonly ref: ClusterRef; readonly change: ClusterChange };

/** A service of EKS that acts for itself, and its service-linked roles. */
const EKS_ITSELF = /^eks(-[a-z]+)?\.amazonaws\.com$/;
const EKS_LINKED_ROLE = /:role\/aws-service-role\/eks(-[a-z]+)?\.amazonaws\.com\//;

/** Whether an ARN is that of a role of Slipway: of its functions, workflows, foundation, or in a managed account. */
export type OwnRoleTest = (roleArn: string) => boolean;

/**
 * Roles of a stage are named `slipway-STAGE-...` in its own account and in managed ones. Only those of the account
 * that Slipway lives in and of the account that the event is of count.
 */
export const ownPrincipals = (own: { readonly stage: string; readonly account: string }, account: string) => {
  const accounts = account === own.account ? account : `(?:${own.account}|${account})`;
  const pattern = new RegExp(`^arn:[^:]+:iam::${accounts}:role/(?:[^:]+/)?slipway-${own.stage}-[^/]+$`);
  return (roleArn: string): boolean => pattern.test(roleArn);
};

/** The role of an assumed role's session, where the event does not name the issuer. */
function issuerOf(identity: NonNullable<TrailEvent["detail"]["userIdentity"]>): string {
  const issuer = identity.sessionContext?.sessionIssuer?.arn;
  if (issuer) return issuer;
  const [, partition, account, role] =
    /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(identity.arn ?? "") ?? [];
  return role ? `arn:${partition}:iam::${account}:role/${role}` : (identity.arn ?? "");
}

/** Names of calls that are about no cluster although they have a `name`. */
const NO_CLUSTER = /Subscription/;
const READ = /^(Describe|List|Get)/;

/** What an event is about, or why nobody has to look. Pure; never throws. */
export function judge(event: TrailEvent, isOwnRole: OwnRoleTest): Judged {
  const { detail } = event;
  if (detail.eventSource !== "eks.amazonaws.com") return { ignored: "another service" };
  if (detail.readOnly === true || READ.test(detail.eventName)) return { ignored: "read" };
  if (detail.errorCode !== undefined && detail.errorCode !== null) return { ignored: "failed call" };
  const identity = detail.userIdentity ?? {};
  const issuer = issuerOf(identity);
  if (EKS_ITSELF.test(identity.invokedBy ?? "") || EKS_LINKED_ROLE.test(issuer))
    return { ignored: "made by EKS" };
  if (isOwnRole(issuer)) return { ignored: "made by Slipway" };
  const name = NO_CLUSTER.test(detail.eventName) ? undefined : clusterOf(event);
  const ref = name && parseClusterKey(`${event.account}:${event.region}:${name}`);
  if (!ref) return { ignored: "about no cluster" };
  const parameters = detail.requestParameters ?? {};
  const subject = subjectOf(detail.eventName, parameters);
  return {
    ref,
    change: {
      id: detail.eventID,
      at: new Date(detail.eventTime).toISOString(),
      call: detail.eventName,
      actor: printable(identity.arn ?? identity.invokedBy ?? identity.principalId ?? "unknown", 512),
      ...(identity.invokedBy ? { via: printable(identity.invokedBy, 128) } : {}),
      ...(detail.sourceIPAddress ? { sourceAddress: printable(detail.sourceIPAddress, 64) } : {}),
      ...(detail.userAgent ? { userAgent: printable(detail.userAgent, 256) } : {}),
      classes: classesOf(detail.eventName, parameters),
      ...(subject === undefined ? {} : { subject: printable(subject, 256) }),
    },
  };
}

/** Types of resources whose ARN names their cluster: `nodegroup/CLUSTER/NAME/ID`. */
const RESOURCE_OF_CLUSTER =
  /^arn:[^:]+:eks:[^:]*:\d{12}:(?:cluster|nodegroup|addon|access-entry|fargateprofile|identityproviderconfig|podidentityassociation|capability)\/([^/]+)/;

/** The cluster in the path is `name`; older events say `clusterName`; calls about tags name an ARN. */
function clusterOf({ detail: { requestParameters: parameters } }: TrailEvent): string | undefined {
  const named = parameters?.name ?? parameters?.clusterName;
  if (typeof named === "string") return decoded(named);
  const arn = parameters?.resourceArn;
  return typeof arn === "string" ? RESOURCE_OF_CLUSTER.exec(decoded(arn))?.[1] : undefined;
}
