import { block, type Check, listed, NODES, warn } from "./check.ts";

/** With failurePolicy Fail every request that the webhook is asked about fails while nobody answers. */
export const webhookEndpoints: Check = {
  code: "WEBHOOK_ENDPOINTS",
  title: "Somebody answers behind every admission webhook that must agree",
  guards: NODES,
  run({ kubernetes }) {
    if (!kubernetes?.webhooks.ok) return [];
    const dead = kubernetes.webhooks.value.filter((webhook) => webhook.endpoints === 0);
    const groups = Map.groupBy(dead, ({ configuration, service, pods, nodes }) =>
      [configuration, service, pods || nodes].join(" "),
    );
    return [...groups.values()].flatMap((own) => {
      const [first] = own;
      if (!first) return [];
      const vital = first.pods || first.nodes;
      const what = first.pods ? "pods" : first.nodes ? "nodes" : "some objects";
      return [
        (vital ? block : warn)(
          first.configuration,
          `failurePolicy is Fail, and service ${first.service} ${first.serviceExists ? "has no ready endpoint" : "does not exist"}: the API server refuses to create or change ${what} (${listed(own.map((webhook) => webhook.webhook))})`,
          vital
            ? "Bring its backend up, or delete the webhook configuration: evicted pods could not come back."
            : "Bring its backend up, or delete the webhook configuration.",
        ),
      ];
    });
  },
};
