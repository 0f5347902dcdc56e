import { loop } from "./loop.ts";
import { eksBusyRetry } from "./retry.ts";
import { choose, eks, expr, failure, run, type States, wait } from "./states.ts";

/** What runs in a new cluster besides nodes and add-ons: each list of `$requests` one element after the other. */

const failTo = "Cleanup";
const begin = (next: string) => run("record-steps", { started: expr("[$item.step]") }, { failTo, next });
const end = (message: string, next: string) =>
  run("record-steps", { ended: [{ step: expr("$item.step"), message: expr(message) }] }, { failTo, next });

/** The request of the element, with a token that a repeated call has too. */
const withToken = expr(
  "$merge([$item.request, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $item.step, 'SHA-256')}])",
);

const ISSUES = "$exists($r.Health.Issues) ? $r.Health.Issues : []";
const health = (resource: string) => expr(`($r := $states.result.${resource}; ${ISSUES})`);

/** Whether what is described is ACTIVE yet; `creating` are the statuses in which it may still become so. */
const settled = (options: {
  readonly what: string;
  readonly code: string;
  readonly creating: readonly string[];
  readonly again: string;
  readonly next: string;
}) =>
  choose(
    [
      { when: "$states.input.status = 'ACTIVE'", next: options.next },
      {
        when: `$not($states.input.status in [${options.creating.map((s) => `'${s}'`).join(", ")}]) or $polls >= 120`,
        assign: {
          failure: failure(options.code, {
            message: `'${options.what} ' & $item.name & ' is ' & $states.input.status & $join($map($states.input.issues, function($i) { ': ' & $i.Code & ' ' & $i.Message }))`,
            remedy: "Mend what EKS names, then retry the operation.",
            step: "$item.step",
            detail: "{'issues': $states.input.issues}",
          }),
        },
        next: failTo,
      },
    ],
    { next: options.again },
  );

/** One association after the other; EKS makes them at once. */
export const podIdentities = (next: string): States => ({
  StartPodIdentities: choose(
    [{ when: "$count($requests.podIdentities) > 0", assign: { index: 0 }, next: "BeginPodIdentities" }],
    { next },
  ),
  BeginPodIdentities: run(
    "record-steps",
    { started: expr("[$requests.podIdentityStep]") },
    { failTo, next: "NextPodIdentity" },
  ),
  NextPodIdentity: choose(
    [
      {
        when: "$index < $count($requests.podIdentities)",
        assign: { item: expr("$requests.podIdentities[$index]"), index: expr("$index + 1") },
        next: "CreatePodIdentity",
      },
    ],
    { next: "EndPodIdentities" },
  ),
  CreatePodIdentity: eks(
    "createPodIdentityAssociation",
    expr(
      "$merge([$item, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $item.Namespace & '/' & $item.ServiceAccount, 'SHA-256')}])",
    ),
    {
      output: {},
      catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "NextPodIdentity" }],
      failTo,
      next: "NextPodIdentity",
    },
  ),
  EndPodIdentities: run(
    "record-steps",
    {
      ended: [
        {
          step: expr("$requests.podIdentityStep"),
          message: expr("$string($count($requests.podIdentities)) & ' roles are associated'"),
        },
      ],
    },
    { failTo, next },
  ),
});

/** EKS makes one profile of a cluster at a time. */
export const fargateProfiles = (next: string): States => ({
  ...loop({ id: "Profiles", list: "$requests.fargate", first: "BeginProfile", next }),
  BeginProfile: begin("CreateProfile"),
  CreateProfile: eks("createFargateProfile", withToken, {
    // Busy with another one, or ours already, when the answer to this very call was lost.
    retry: eksBusyRetry.map((retrier) =>
      retrier.ErrorEquals.includes("Eks.ResourceInUseException") ? { ...retrier, MaxAttempts: 6 } : retrier,
    ),
    output: {},
    catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "DescribeProfile" }],
    failTo,
    next: "WaitForProfile",
  }),
  WaitForProfile: wait("$polls = 0 ? 60 : 20", "DescribeProfile"),
  DescribeProfile: eks(
    "describeFargateProfile",
    { ClusterName: expr("$cluster"), FargateProfileName: expr("$item.name") },
    {
      assign: { polls: expr("$polls + 1") },
      output: { status: expr("$states.result.FargateProfile.Status"), issues: health("FargateProfile") },
      failTo,
      next: "ProfileActive",
    },
  ),
  ProfileActive: settled({
    what: "Fargate profile",
    code: "FargateProfileFailed",
    creating: ["CREATING"],
    again: "WaitForProfile",
    next: "EndProfile",
  }),
  EndProfile: end("'The Fargate profile ' & $item.name & ' is ACTIVE'", "NextProfiles"),
});

/** The control plane restarts for it: a quarter of an hour, in which EKS takes no other update. */
export const identityProviders = (next: string): States => ({
  ...loop({ id: "Providers", list: "$requests.identityProviders", first: "BeginProvider", next }),
  BeginProvider: begin("AssociateProvider"),
  AssociateProvider: eks("associateIdentityProviderConfig", withToken, {
    retry: eksBusyRetry.map((retrier) =>
      retrier.ErrorEquals.includes("Eks.ResourceInUseException") ? { ...retrier, MaxAttempts: 6 } : retrier,
    ),
    output: {},
    catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "DescribeProvider" }],
    failTo,
    next: "WaitForProvider",
  }),
  WaitForProvider: wait("$polls = 0 ? 60 : 30", "DescribeProvider"),
  DescribeProvider: eks(
    "describeIdentityProviderConfig",
    {
      ClusterName: expr("$cluster"),
      IdentityProviderConfig: { Type: "oidc", Name: expr("$item.name") },
    },
    {
      assign: { polls: expr("$polls + 1") },
      output: { status: expr("$states.result.IdentityProviderConfig.Oidc.Status"), issues: [] },
      failTo,
      next: "ProviderActive",
    },
  ),
  ProviderActive: settled({
    what: "identity provider",
    code: "IdentityProviderFailed",
    creating: ["CREATING"],
    again: "WaitForProvider",
    next: "EndProvider",
  }),
  EndProvider: end("'The identity provider ' & $item.name & ' is ACTIVE'", "NextProviders"),
});

/** Each with the access policies that its own access entry, which EKS makes, shall have. */
export const capabilities = (next: string): States => ({
  ...loop({ id: "Capabilities", list: "$requests.capabilities", first: "BeginCapability", next }),
  BeginCapability: begin("CreateCapability"),
  CreateCapability: eks("createCapability", withToken, {
    output: {},
    catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: "DescribeCapability" }],
    failTo,
    next: "WaitForCapability",
  }),
  WaitForCapability: wait("$polls = 0 ? 60 : 20", "DescribeCapability"),
  DescribeCapability: eks(
    "describeCapability",
    { ClusterName: expr("$cluster"), CapabilityName: expr("$item.name") },
    {
      assign: { polls: expr("$polls + 1"), policy: 0 },
      output: { status: expr("$states.result.Capability.Status"), issues: health("Capability") },
      failTo,
      next: "CapabilityActive",
    },
  ),
  CapabilityActive: settled({
    what: "capability",
    code: "CapabilityFailed",
    creating: ["CREATING"],
    again: "WaitForCapability",
    next: "NextCapabilityPolicy",
  }),
  NextCapabilityPolicy: choose(
    [
      {
        when: "$policy < $count($item.policies)",
        assign: { grant: expr("$item.policies[$policy]"), policy: expr("$policy + 1") },
        next: "AssociateCapabilityPolicy",
      },
    ],
    { next: "EndCapability" },
  ),
  AssociateCapabilityPolicy: eks("associateAccessPolicy", expr("$grant"), {
    output: {},
    failTo,
    next: "NextCapabilityPolicy",
  }),
  EndCapability: end("'The capability ' & $item.name & ' is ACTIVE'", "NextCapabilities"),
});
