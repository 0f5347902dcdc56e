import * as z from "zod";
import { accessSchema } from "../access/access.ts";
import { DOCTOR_STATUSES } from "../doctor/evaluate.ts";
import { OPERATION_STATUSES } from "../operation/types.ts";
import { wantedNodes } from "../plan/rotation-change.ts";
import { automationPolicySchema } from "../policy/schema.ts";
import { maintenanceWindowSchema } from "../policy/windows.ts";

/** Request and response bodies of the API. The OpenAPI document is generated from these. */

const text = (description: string, max = 1024) => z.string().min(1).max(max).meta({ description });
const timestamp = z.string().meta({ description: "ISO 8601", format: "date-time" });

export const Override = z
  .strictObject({
    code: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{2,63}$/, "a check code is upper case, such as PDB_BLOCKS_DRAIN")
      .meta({ description: "Code of a finding that may pass." }),
    reason: text("Why it may pass; recorded with the operation."),
  })
  .meta({ id: "Override", description: "A check that the requester lets pass." });

const requestFields = {
  reason: text("Why the operation is wanted; recorded with it.").optional(),
  ignoreWindow: z.boolean().optional().meta({
    description: "Begin outside of the cluster's windows (a security fix); needs a reason.",
  }),
  overrides: z.array(Override).max(50).optional(),
};

const version = z
  .string()
  .regex(/^\d+\.\d+$/, "a Kubernetes version is MAJOR.MINOR, such as 1.36")
  .meta({ description: "Kubernetes version, MAJOR.MINOR.", examples: ["1.36"] });

const rotationStrategy = z.enum(["perHop", "minimal"]).meta({
  description: "Rotate node groups at each hop, or only as often as the version skew policy demands.",
});

export const UpgradeRequest = z
  .strictObject({ to: version, rotations: rotationStrategy.optional(), ...requestFields })
  .meta({ id: "UpgradeRequest" });

export const RollbackRequest = z
  .strictObject({
    timeoutMinutes: z
      .number()
      .int()
      .min(120)
      .max(10_080)
      .optional()
      .meta({ description: "How long EKS tries to take the nodes of Auto Mode back; EKS's default is 720." }),
    ...requestFields,
  })
  .meta({ id: "RollbackRequest" });

export const RotationRequest = z
  .strictObject({ ...wantedNodes.shape, ...requestFields })
  .meta({ id: "RotationRequest", description: "What new nodes shall have; what is not named stays." });

export const AddonUpdateRequest = z
  .strictObject({
    addons: z.array(text("Name of an add-on, such as coredns.", 100)).max(100).optional().meta({
      description: "Only these; without it every installed add-on.",
    }),
    ...requestFields,
  })
  .meta({ id: "AddonUpdateRequest" });

export const CheckRequest = z.strictObject({ to: version.optional() }).meta({ id: "CheckRequest" });

export const ControlRequest = z
  .strictObject({ reason: text("Why; recorded with the operation.").optional() })
  .meta({ id: "ControlRequest" });

export const ResumeRequest = z
  .strictObject({
    reason: text("Why; recorded with the operation.").optional(),
    now: z.boolean().optional().meta({
      description: "Begin outside of the window that it waits for (a security fix); needs a reason.",
    }),
  })
  .refine(({ now, reason }) => !now || reason !== undefined, {
    error: "beginning outside of a window needs a reason, which is recorded",
    path: ["reason"],
  })
  .meta({ id: "ResumeRequest" });

export const ApprovalRequest = z
  .strictObject({
    reason: text("Why; recorded with the operation.").optional(),
    digest: z
      .string()
      .max(64)
      .optional()
      .meta({ description: "Of the plan that was looked at: another one is not approved." }),
  })
  .meta({ id: "ApprovalRequest" });

export const RetryRequest = z.strictObject({ ...requestFields }).meta({ id: "RetryRequest" });

export const ClusterRef = z
  .object({ account: z.string(), region: z.string(), name: z.string() })
  .meta({ id: "ClusterRef" });

export const Finding = z
  .object({
    code: z.string(),
    severity: z.enum(["block", "unknown", "warn", "info"]),
    subject: z.string(),
    evidence: z.string(),
    remedy: z.string(),
    overridden: z.object({ by: z.string(), reason: z.string() }).optional(),
  })
  .meta({ id: "Finding", description: "One result of a pre-flight check." });

export const PlanStep = z
  .object({
    id: z.string(),
    kind: z.string(),
    title: z.string(),
    target: z.string().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    expectedSeconds: z.number(),
    nodes: z.number().optional(),
  })
  .meta({ id: "PlanStep" });

export const Difference = z
  .object({
    field: z.string(),
    from: z.string().optional(),
    to: z.string().optional(),
    how: z.enum(["create", "update", "rotate", "delete", "left", "immutable"]),
    remedy: z.string().optional(),
    step: z.string().optional(),
  })
  .meta({ id: "Difference", description: "A field in which a cluster is not as its file says." });

export const Plan = z
  .object({
    type: z.string(),
    cluster: ClusterRef,
    fromVersion: z.string().optional(),
    toVersion: z.string().optional(),
    phases: z.array(z.object({ id: z.string(), version: z.string(), steps: z.array(PlanStep) })),
    findings: z.array(Finding),
    differences: z.array(Difference).optional(),
    expectedSeconds: z.number(),
    parallelNodegroups: z.number().optional(),
    disruption: z.object({ nodesReplaced: z.number(), maxUnavailable: z.string(), surgeNodes: z.number() }),
    cost: z.object({ supportPerMonthBefore: z.number(), supportPerMonthAfter: z.number() }).optional(),
    digest: z.string(),
  })
  .meta({ id: "Plan", description: "What an operation will do, computed before it starts." });

export const AdoptRequest = z
  .strictObject({
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "a region such as eu-west-1")
      .optional()
      .meta({ description: "Where the cluster is; without it the region of the installation." }),
    account: z
      .string()
      .regex(/^\d{12}$/, "an account id of 12 digits")
      .optional()
      .meta({ description: "Whose the cluster is; without it the account of the installation." }),
  })
  .meta({ id: "AdoptRequest" });

export const Adoption = z
  .object({
    cluster: ClusterRef,
    config: z.unknown().meta({ description: "The ClusterConfig; applied, it changes nothing." }),
    notes: z.array(z.string()).meta({
      description: "What the cluster has that a ClusterConfig cannot say, or Slipway cannot do with it.",
    }),
    operation: z.string().optional().meta({ description: "It gives Slipway access to the Kubernetes API." }),
  })
  .meta({ id: "Adoption" });

export const OperationError = z
  .object({
    code: z.string(),
    message: z.string(),
    remedy: z.string(),
    step: z.string().optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "OperationError" });

const status = z.enum(OPERATION_STATUSES);

export const Step = z
  .object({
    id: z.string(),
    title: z.string(),
    status: z.string(),
    startedAt: timestamp.optional(),
    endedAt: timestamp.optional(),
    expectedSeconds: z.number(),
    progress: z
      .object({ done: z.number(), total: z.number(), unit: z.string(), phase: z.string().optional() })
      .optional(),
  })
  .loose()
  .meta({ id: "Step" });

export const Operation = z
  .object({
    id: z.string(),
    type: z.string(),
    cluster: ClusterRef,
    status,
    requester: z.string(),
    reason: z.string().optional(),
    overrides: z.array(Override),
    request: z.record(z.string(), z.unknown()),
    plan: Plan,
    createdAt: timestamp,
    startedAt: timestamp.optional(),
    endedAt: timestamp.optional(),
    executionArn: z.string().optional(),
    attempt: z.number(),
    error: OperationError.optional(),
    steps: z.array(Step).optional().meta({ description: "Only on GET of one operation." }),
  })
  .loose()
  .meta({ id: "Operation" });

export const OperationEvent = z
  .object({
    seq: z.number(),
    at: timestamp,
    kind: z.string(),
    step: z.string().optional(),
    message: z.string(),
    status: status.optional(),
    error: OperationError.optional(),
  })
  .loose()
  .meta({ id: "OperationEvent" });

export const OperationEvents = z
  .object({
    items: z.array(OperationEvent),
    next: z.number().meta({ description: "Cursor for the next call's `after`." }),
    now: timestamp.meta({ description: "The backend's clock, to show elapsed times by." }),
    status,
  })
  .meta({ id: "OperationEvents" });

export const OperationList = z
  .object({ items: z.array(Operation), nextToken: z.string().optional() })
  .meta({ id: "OperationList" });

export const Nodegroup = z
  .object({
    name: z.string(),
    physicalName: z.string(),
    version: z.string(),
    status: z.string(),
    nodes: z.number(),
  })
  .meta({ id: "Nodegroup" });

export const Cluster = z
  .object({
    ref: ClusterRef,
    generation: z.number(),
    config: z.unknown(),
    version: z.string().optional(),
    status: z.string(),
    nodegroups: z.array(Nodegroup).optional(),
    addons: z.array(z.object({ name: z.string(), version: z.string(), status: z.string() })).optional(),
    operation: z.string().optional().meta({ description: "The operation that holds the cluster now." }),
    rollback: z
      .object({ to: z.string(), until: timestamp })
      .optional()
      .meta({ description: "The last upgrade can be taken back to this version until then." }),
    updatedAt: timestamp,
    updatedBy: z.string(),
  })
  .meta({ id: "Cluster" });

export const ClusterList = z
  .object({ items: z.array(Cluster), nextToken: z.string().optional() })
  .meta({ id: "ClusterList" });

export const CheckResult = z
  .object({
    cluster: ClusterRef,
    to: z.string().optional(),
    findings: z.array(Finding),
    blocked: z.boolean(),
  })
  .meta({ id: "CheckResult" });

export const DoctorRequest = z
  .strictObject({
    accounts: z
      .array(z.string().regex(/^\d{12}$/, "an account has 12 digits"))
      .min(1)
      .max(20)
      .optional()
      .meta({ description: "Only these; without it Slipway's own and those of the clusters it manages." }),
  })
  .meta({ id: "DoctorRequest" });

const doctorStatus = z.enum(DOCTOR_STATUSES);

export const DoctorCheck = z
  .object({
    code: z.string(),
    status: doctorStatus,
    subject: z.string(),
    evidence: z.string(),
    remedy: z.string().optional(),
  })
  .meta({ id: "DoctorCheck", description: "One result of the doctor." });

export const DoctorReport = z
  .object({
    stage: z.string(),
    status: doctorStatus.meta({ description: "The worst of all checks." }),
    checks: z.array(DoctorCheck),
  })
  .meta({ id: "DoctorReport" });

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.string(),
    remedy: z.string().optional(),
    errors: z
      .array(z.object({ field: z.string(), message: z.string(), remedy: z.string().optional() }))
      .optional(),
    operation: z.string().optional(),
    requestId: z.string().optional(),
  })
  .loose()
  .meta({ id: "Problem", description: "RFC 9457 problem details." });

export type Problem = z.infer<typeof Problem>;

export const MaintenanceWindow = maintenanceWindowSchema.meta({
  id: "MaintenanceWindow",
  description: "When work that disrupts may begin, and when not; for the policies that name it.",
});

export const WindowState = z
  .object({
    open: z.boolean(),
    opensAt: timestamp
      .optional()
      .meta({ description: "When it opens next; absent while open, and for never." }),
    closesAt: timestamp.optional().meta({ description: "Absent while closed, and with no end in sight." }),
    reason: z.string().meta({ description: "In words, with the time zone." }),
  })
  .meta({ id: "WindowState" });

export const Window = z
  .object({ name: z.string(), window: MaintenanceWindow, state: WindowState, revision: z.number() })
  .meta({ id: "Window" });

export const WindowList = z
  .object({ items: z.array(Window), nextToken: z.string().optional() })
  .meta({ id: "WindowList" });

export const AutomationPolicyDocument = automationPolicySchema.meta({ id: "AutomationPolicy" });

export const Policy = z
  .object({ name: z.string(), policy: AutomationPolicyDocument, revision: z.number() })
  .meta({ id: "Policy" });

export const PolicyList = z
  .object({ items: z.array(Policy), nextToken: z.string().optional() })
  .meta({ id: "PolicyList" });

export const ClusterWindow = z
  .object({
    cluster: ClusterRef,
    now: timestamp,
    policy: z.object({
      name: z.string(),
      from: z.enum(["file", "named", "default", "built-in"]).meta({
        description: "In the cluster's file, named by it, the stored policy called default, or none.",
      }),
    }),
    state: WindowState,
    next: z
      .array(z.object({ opensAt: timestamp, closesAt: timestamp.optional(), reason: z.string() }))
      .meta({ description: "The next times at which it is open, the present one first." }),
  })
  .meta({ id: "ClusterWindow" });

export const Deleted = z.object({ name: z.string() }).meta({ id: "Deleted" });

export const Access = accessSchema.meta({
  id: "Access",
  description: "Who may do what, for which clusters.",
});
