import type {
  V1CertificateSigningRequest,
  V1ConfigMap,
  V1DaemonSet,
  V1Namespace,
} from "@kubernetes/client-node";
import type { PendingCertificate, PodSubnet, TerminatingObject } from "../../core/snapshot.ts";
import type { KubernetesClient } from "./client.ts";

/** Requests that are neither approved, denied nor failed. */
export const readCertificates = (client: KubernetesClient): Promise<PendingCertificate[]> =>
  client.listMapped(
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
    ({ metadata, spec, status }: V1CertificateSigningRequest) =>
      (status?.conditions ?? []).length > 0
        ? undefined
        : {
            name: metadata?.name ?? "",
            signer: spec.signerName,
            requester: spec.username ?? "",
            since: Date.parse(String(metadata?.creationTimestamp ?? "")),
          },
  );

/** Namespaces that somebody deleted and that are still there. */
export const readTerminatingNamespaces = (client: KubernetesClient): Promise<TerminatingObject[]> =>
  client.listMapped(
    "/api/v1/namespaces",
    ({ metadata, spec }: V1Namespace) => ({
      kind: "Namespace",
      name: metadata?.name ?? "",
      since: Date.parse(String(metadata?.deletionTimestamp ?? "")),
      finalizers: [...(metadata?.finalizers ?? []), ...(spec?.finalizers ?? [])],
    }),
    { fieldSelector: "status.phase=Terminating" },
  );

/** The mode in the configuration that EKS's kube-proxy reads: YAML with `mode: "iptables"`. */
export async function readProxyMode(client: KubernetesClient): Promise<string | undefined> {
  const map = await client.get<V1ConfigMap>("/api/v1/namespaces/kube-system/configmaps/kube-proxy-config");
  const mode = /^mode:\s*["']?(\w*)["']?\s*$/m.exec(map?.data?.config ?? "")?.[1];
  // Empty is kube-proxy's own choice, which on Linux is iptables.
  return mode === "" ? "iptables" : mode;
}

interface EniConfig {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly subnet?: string };
}

/** The subnets of the ENIConfigs, while the VPC CNI is told to use them. */
export async function readEniConfigs(client: KubernetesClient): Promise<PodSubnet[]> {
  const agent = await client.get<V1DaemonSet>("/apis/apps/v1/namespaces/kube-system/daemonsets/aws-node");
  const custom = agent?.spec?.template.spec?.containers.some((container) =>
    container.env?.some(
      ({ name, value }) => name === "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG" && value === "true",
    ),
  );
  if (!custom) return [];
  return client.listMapped(
    "/apis/crd.k8s.amazonaws.com/v1alpha1/eniconfigs",
    ({ metadata, spec }: EniConfig) => ({ config: metadata?.name ?? "", subnetId: spec?.subnet ?? "" }),
    { optional: true },
  );
}
