import type {
  V1EndpointSlice,
  V1Pod,
  V1RuleWithOperations,
  V1Service,
  V1ValidatingWebhook,
} from "@kubernetes/client-node";
import type { WebhookFacts } from "../../core/snapshot.ts";
import type { KubernetesClient } from "./client.ts";

interface Configuration {
  readonly metadata?: { readonly name?: string };
  /** Those of both kinds have what is looked at in common. */
  readonly webhooks?: readonly V1ValidatingWebhook[];
}

const KINDS = [
  ["ValidatingWebhookConfiguration", "validatingwebhookconfigurations"],
  ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations"],
] as const;

/** Services looked up at once. */
const AT_ONCE = 5;

type Backend = Pick<WebhookFacts, "endpoints" | "serviceExists">;

/** Webhooks with failurePolicy Fail, with the number of ready backends behind the service of each. */
export async function readWebhooks(client: KubernetesClient): Promise<WebhookFacts[]> {
  const lists = await Promise.all(
    KINDS.map(([kind, plural]) =>
      client.listMapped(`/apis/admissionregistration.k8s.io/v1/${plural}`, (item: Configuration) =>
        webhooksOf(`${kind}/${item.metadata?.name ?? ""}`, item.webhooks ?? []),
      ),
    ),
  );
  const webhooks = lists.flat(2);
  const services = [...new Set(webhooks.flatMap(({ service }) => service ?? []))].sort();
  const backends = new Map<string, Backend>();
  for (let i = 0; i < services.length; i += AT_ONCE)
    await Promise.all(
      services.slice(i, i + AT_ONCE).map(async (service) => {
        backends.set(service, await backendOf(client, service));
      }),
    );
  return webhooks.map((webhook) => ({ ...webhook, ...backends.get(webhook.service ?? "") }));
}

function webhooksOf(configuration: string, webhooks: readonly V1ValidatingWebhook[]): WebhookFacts[] {
  return webhooks
    .filter(({ failurePolicy }) => failurePolicy !== "Ignore")
    .map(({ name, clientConfig, rules = [] }) => {
      const { service } = clientConfig;
      return {
        configuration,
        webhook: name,
        pods: rules.some((rule) => covers(rule, "", "pods", "CREATE")),
        nodes: rules.some(
          (rule) =>
            covers(rule, "", "nodes", "UPDATE") || covers(rule, "coordination.k8s.io", "leases", "UPDATE"),
        ),
        ...(service ? { service: `${service.namespace}/${service.name}` } : {}),
      };
    });
}

function covers(rule: V1RuleWithOperations, group: string, resource: string, operation: string): boolean {
  const { apiGroups = [], resources = [], operations = [] } = rule;
  return (
    (apiGroups.includes("*") || apiGroups.includes(group)) &&
    (resources.includes("*") || resources.includes("*/*") || resources.includes(resource)) &&
    (operations.includes("*") || operations.includes(operation))
  );
}

/** Ready pods behind a service; of one without a selector the ready endpoints that somebody maintains. */
async function backendOf(client: KubernetesClient, service: string): Promise<Backend> {
  const [namespace = "", name = ""] = service.split("/");
  const found = await client.get<V1Service>(`/api/v1/namespaces/${namespace}/services/${name}`);
  if (!found) return { serviceExists: false, endpoints: 0 };
  const selector = Object.entries(found.spec?.selector ?? {});
  if (selector.length === 0) {
    const ready = await client.listMapped(
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      (slice: V1EndpointSlice) =>
        (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false).length,
      { labelSelector: `kubernetes.io/service-name=${name}` },
    );
    return { serviceExists: true, endpoints: ready.reduce((sum, count) => sum + count, 0) };
  }
  const ready = await client.listMapped(
    `/api/v1/namespaces/${namespace}/pods`,
    (pod: V1Pod) =>
      pod.metadata?.deletionTimestamp === undefined &&
      pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
        ? true
        : undefined,
    { labelSelector: selector.map(([key, value]) => `${key}=${value}`).join(",") },
  );
  return { serviceExists: true, endpoints: ready.length };
}
