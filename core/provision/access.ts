/**
 * What Slipway may do in a cluster: see nodes, pods, workloads and what keeps them from moving, cordon nodes, evict
 * pods. No secrets, nothing else to write. The group is that of the access entries of Slipway's functions; EKS does not allow names that
 * begin with `system:` and the like.
 */
export const KUBERNETES_GROUP = "slipway-operators";

const RBAC = "rbac.authorization.k8s.io";

export const clusterRole = {
  apiVersion: `${RBAC}/v1`,
  kind: "ClusterRole",
  metadata: { name: KUBERNETES_GROUP },
  rules: [
    { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch", "patch"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
    { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
    {
      apiGroups: ["apps"],
      resources: ["daemonsets", "deployments", "replicasets", "statefulsets"],
      verbs: ["get", "list"],
    },
    { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: ["get", "list"] },
    // What the pre-flight checks look at (adapters/kubernetes).
    { apiGroups: [""], resources: ["namespaces", "persistentvolumes"], verbs: ["list"] },
    { apiGroups: [""], resources: ["services"], verbs: ["get"] },
    {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["kube-proxy-config"],
      verbs: ["get"],
    },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"] },
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
      verbs: ["list"],
    },
    { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"], verbs: ["list"] },
    { apiGroups: ["crd.k8s.amazonaws.com"], resources: ["eniconfigs"], verbs: ["list"] },
  ],
};

export const clusterRoleBinding = {
  apiVersion: `${RBAC}/v1`,
  kind: "ClusterRoleBinding",
  metadata: { name: KUBERNETES_GROUP },
  roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: KUBERNETES_GROUP },
  subjects: [{ kind: "Group", apiGroup: RBAC, name: KUBERNETES_GROUP }],
};

/** The objects with the paths that they are applied at. */
export const accessObjects = [
  { path: `/apis/${RBAC}/v1/clusterroles/${KUBERNETES_GROUP}`, object: clusterRole },
  { path: `/apis/${RBAC}/v1/clusterrolebindings/${KUBERNETES_GROUP}`, object: clusterRoleBinding },
] as const;
