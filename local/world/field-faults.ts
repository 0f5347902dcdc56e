import type { AwsEndpoint } from "../aws/contract.ts";
import { AwsError } from "../aws/contract.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { FaultSpec, Faults } from "./faults.ts";
import type { InfraWorld } from "./infra-contract.ts";
import type { ClusterArn, KubeObject, KubernetesWorld } from "./kubernetes-contract.ts";

/**
 * Faults that somebody brings into a cluster: objects that teams deploy, hands on nodes and groups, permissions
 * that are taken away. The objects come as soon as a cluster has a node, and go when the fault is cleared.
 *
 * | name                     | what happens                                                        [subject]             |
 * |--------------------------|-------------------------------------------------------------------------------------------|
 * | `BudgetAllowsNothing`    | a budget with maxUnavailable 0; args `app`                          [`ARN`]               |
 * | `SeveralBudgets`         | two budgets select the same pods; args `app`                        [`ARN`]               |
 * | `PodsTolerateEverything` | pods that tolerate every taint and want their node                  [`ARN`]               |
 * | `WebhookWithoutEndpoints`| a webhook for pods, failurePolicy Fail, nobody behind it            [`ARN`]               |
 * | `GroupCordoned`          | somebody cordons all nodes at once                                  [`ARN node/N nodegroup/G`] |
 * | `AutoscalerScalesUp`     | a cordoned node makes an autoscaler ask for args `by` (1) more      [`ARN node/N nodegroup/G`] |
 * | `AccessDenied`           | a call of Slipway is not allowed                                    [`SERVICE/OPERATION`] |
 *
 * `app` names the label `app` of pods that are there; without it the fault brings a deployment of its own.
 */
export function createFieldFaults(parts: {
  readonly kernel: Kernel;
  readonly endpoint: AwsEndpoint;
  readonly infra: Pick<InfraWorld, "instance" | "asg" | "resizeAsg">;
  readonly kubernetes: KubernetesWorld;
  readonly faults: Faults;
}): void {
  const { kernel, kubernetes, faults } = parts;
  const { clock } = kernel;
  const placed: { readonly fault: FaultSpec; readonly arn: ClusterArn; readonly objects: KubeObject[] }[] =
    [];

  /** Brings in the objects of every such fault that the cluster does not have yet. */
  function place(arn: ClusterArn): void {
    const [node] = kubernetes.hasCluster(arn) ? kubernetes.nodeNames(arn) : [];
    if (node === undefined) return;
    for (const fault of faults.list()) {
      const make = OBJECTS[fault.name];
      if (!make || placed.some((one) => one.fault === fault && one.arn === arn)) continue;
      if (fault.subject !== undefined && !arn.includes(fault.subject)) continue;
      const objects = make(fault, node);
      placed.push({ fault, arn, objects });
      for (const object of objects) kubernetes.apply(arn, object);
    }
    cordonGroups(arn);
  }

  function cordonGroups(arn: ClusterArn): void {
    for (const node of kubernetes.list(arn, "Node")) {
      if (node.spec?.unschedulable === true || !faults.hit("GroupCordoned", subjectOf(arn, node))) continue;
      kubernetes.setUnschedulable(arn, node.metadata.name, true);
    }
  }

  faults.onChange(() => {
    for (const arn of kubernetes.clusterArns()) place(arn);
    const left = faults.list();
    for (const one of placed.filter(({ fault }) => !left.includes(fault))) {
      placed.splice(placed.indexOf(one), 1);
      if (!kubernetes.hasCluster(one.arn)) continue;
      for (const { kind, metadata } of one.objects)
        kubernetes.delete(one.arn, kind, metadata.namespace, metadata.name);
    }
  });

  kubernetes.onChange((arn, type, object) => {
    if (object.kind !== "Node" || faults.list().length === 0) return;
    // After the change is through: what follows from it is another change.
    if (type === "ADDED") clock.at(clock.now(), () => place(arn));
    else if (type === "MODIFIED" && object.spec?.unschedulable === true) scaleUp(arn, object);
  });

  const told = new Set<string>();
  function scaleUp(arn: ClusterArn, node: KubeObject): void {
    if (told.has(node.metadata.name)) return;
    const fault = faults.hit("AutoscalerScalesUp", subjectOf(arn, node));
    if (!fault) return;
    told.add(node.metadata.name);
    const [, , , region = "", account = ""] = arn.split(":");
    const instance = parts.infra.instance(
      { account, region },
      String(node.spec?.providerID).split("/").at(-1) ?? "",
    );
    const group = instance?.asg === undefined ? undefined : parts.infra.asg(instance, instance.asg);
    if (!instance || !group || group.status !== "InService") return;
    const desired = group.desired + Number(fault.args?.by ?? 1);
    parts.infra.resizeAsg(instance, group.name, { desired, max: Math.max(desired, group.max) });
  }

  parts.endpoint.beforeCall(({ service, operation, scope }) => {
    if (scope.principal.caller === undefined || !faults.hit("AccessDenied", `${service}/${operation}`))
      return;
    const action = `${service}:${operation}`;
    const ec2 = service === "ec2";
    throw new AwsError(
      ec2 ? "UnauthorizedOperation" : "AccessDeniedException",
      `${ec2 ? "You are not authorized to perform this operation. " : ""}User: ${scope.principal.arn} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
      { status: 403 },
    );
  });
}

const subjectOf = (arn: ClusterArn, node: KubeObject): string =>
  `${arn} node/${node.metadata.name} nodegroup/${node.metadata.labels?.["eks.amazonaws.com/nodegroup"] ?? ""}`;

const NAMESPACE = "default";

const budget = (name: string, app: string, maxUnavailable: number): KubeObject => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name, namespace: NAMESPACE },
  spec: { maxUnavailable, selector: { matchLabels: { app } } },
});

const deployment = (app: string, replicas: number, pod: object = {}): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: app, namespace: NAMESPACE },
  spec: {
    replicas,
    selector: { matchLabels: { app } },
    template: {
      metadata: { labels: { app } },
      spec: {
        ...pod,
        containers: [
          {
            name: "main",
            image: "registry.example/app:1",
            resources: { requests: { cpu: "50m", memory: "32Mi" } },
          },
        ],
      },
    },
  },
});

/** The pods that budgets of a fault select: those named, or some of its own. */
function selected(fault: FaultSpec, own: string): { readonly app: string; readonly pods: KubeObject[] } {
  const app = fault.args?.app;
  return app === undefined ? { app: own, pods: [deployment(own, 2)] } : { app, pods: [] };
}

/** What a fault brings into a cluster; `node` is one of its nodes. */
const OBJECTS: Readonly<Record<string, (fault: FaultSpec, node: string) => KubeObject[]>> = {
  BudgetAllowsNothing(fault) {
    const { app, pods } = selected(fault, "fault-budget");
    return [...pods, budget("fault-allows-nothing", app, 0)];
  },
  SeveralBudgets(fault) {
    const { app, pods } = selected(fault, "fault-budgets");
    return [...pods, budget("fault-first", app, 1), budget("fault-second", app, 1)];
  },
  PodsTolerateEverything: (_fault, node) => [
    deployment("fault-tolerates", 4, {
      tolerations: [{ operator: "Exists" }],
      nodeSelector: { "kubernetes.io/hostname": node },
    }),
  ],
  WebhookWithoutEndpoints: () => [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "fault-webhook", namespace: NAMESPACE },
      spec: { selector: { app: "fault-webhook" }, ports: [{ port: 443 }] },
    },
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "fault-webhook" },
      webhooks: [
        {
          name: "pods.fault-webhook.example.com",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          failurePolicy: "Fail",
          clientConfig: { service: { namespace: NAMESPACE, name: "fault-webhook" } },
          rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
        },
      ],
    },
  ],
};
