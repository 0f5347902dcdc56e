import type { KubeObject } from "../kubernetes-contract.ts";
import type { Cluster } from "./cluster.ts";
import { ApiError, internalError } from "./errors.ts";
import type { LabelSelector } from "./objects.ts";
import { NAMESPACES, PODS, type Resource, resource, SERVICES } from "./resources.ts";
import { matchesSelector } from "./selectors.ts";

const VALIDATING = resource("validatingwebhookconfigurations.admissionregistration.k8s.io");
const MUTATING = resource("mutatingwebhookconfigurations.admissionregistration.k8s.io");

type Webhook = {
  name: string;
  failurePolicy?: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  clientConfig?: { service?: { namespace: string; name: string; path?: string; port?: number } };
  rules?: { operations?: string[]; apiGroups?: string[]; resources?: string[] }[];
};

/**
 * Admission of a write. Webhooks never run here; one that nobody answers behind (no ready pod behind its
 * service) fails the write when its failurePolicy is Fail, as it does in the field.
 * @throws {ApiError} 500 for such a webhook, 403 for the fault `WebhookRejectsPods`.
 */
export function admit(
  cluster: Cluster,
  r: Resource,
  object: KubeObject,
  operation: "CREATE" | "UPDATE",
): void {
  if (r === PODS && operation === "CREATE") rejectByFault(cluster, object);
  if (cluster.store.count(VALIDATING) + cluster.store.count(MUTATING) === 0) return;
  if (r.group === "admissionregistration.k8s.io") return;
  for (const configurations of [MUTATING, VALIDATING])
    for (const [, configuration] of cluster.store.list(configurations)) {
      const webhooks = configuration.webhooks;
      if (!Array.isArray(webhooks)) continue;
      for (const webhook of webhooks as Webhook[])
        if (applies(cluster, webhook, r, object, operation)) callWebhook(cluster, webhook);
    }
}

function rejectByFault(cluster: Cluster, pod: KubeObject): void {
  const fault = cluster.faults.hit(
    "WebhookRejectsPods",
    `${cluster.arn} pod/${pod.metadata.namespace ?? ""}/${pod.metadata.name}`,
  );
  if (!fault) return;
  const webhook = fault.args?.webhook ?? "validate.policy.example.com";
  throw new ApiError(
    403,
    "Forbidden",
    `admission webhook ${JSON.stringify(webhook)} denied the request: ${fault.args?.message ?? "the pod violates a policy"}`,
  );
}

const covers = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes("*") || list.includes("*/*") || list.includes(value));

function applies(
  cluster: Cluster,
  webhook: Webhook,
  r: Resource,
  object: KubeObject,
  operation: string,
): boolean {
  if (webhook.failurePolicy === "Ignore") return false;
  const rule = webhook.rules?.some(
    (x) => covers(x.operations, operation) && covers(x.apiGroups, r.group) && covers(x.resources, r.plural),
  );
  if (!rule) return false;
  if (webhook.objectSelector && !matchesSelector(webhook.objectSelector, object.metadata.labels))
    return false;
  if (!r.namespaced || !webhook.namespaceSelector) return true;
  const namespace = cluster.store.get(NAMESPACES, object.metadata.namespace ?? "default");
  return matchesSelector(webhook.namespaceSelector, namespace?.metadata.labels);
}

function callWebhook(cluster: Cluster, webhook: Webhook): void {
  const target = webhook.clientConfig?.service;
  if (!target) return;
  const service = cluster.store.get(SERVICES, `${target.namespace}/${target.name}`);
  const selector = service?.spec?.selector as Record<string, string> | undefined;
  const ready = selector
    ? cluster.pods.selectedBy(target.namespace, { matchLabels: selector }).group.ready
    : 0;
  if (ready > 0) return;
  const url = `https://${target.name}.${target.namespace}.svc:${target.port ?? 443}${target.path ?? "/"}?timeout=10s`;
  const why = service
    ? `no endpoints available for service ${JSON.stringify(target.name)}`
    : `service ${JSON.stringify(target.name)} not found`;
  throw internalError(
    `failed calling webhook ${JSON.stringify(webhook.name)}: failed to call webhook: Post ${JSON.stringify(url)}: ${why}`,
  );
}
