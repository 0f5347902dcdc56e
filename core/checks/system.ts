import { compareVersions } from "../versions/version.ts";
import { block, CHANGES, type Check, type CheckResult, info, listed, NODES, UPGRADE, warn } from "./check.ts";
import { nodesToReplace } from "./moving.ts";

const MINUTE_MS = 60_000;

export const coreDns: Check = {
  code: "COREDNS",
  title: "CoreDNS does not hang on one pod or one node",
  guards: NODES,
  run({ kubernetes }) {
    const dns = kubernetes?.workloads.find(
      ({ kind, namespace, name }) =>
        kind === "Deployment" && namespace === "kube-system" && name === "coredns",
    );
    // Auto Mode runs DNS on the nodes; a DNS of somebody's own is theirs to judge.
    if (!kubernetes || !dns) return [];
    const subject = "deployment kube-system/coredns";
    if (dns.replicas < 2)
      return [
        warn(
          subject,
          `runs ${dns.replicas} pod${dns.replicas === 1 ? "" : "s"}: while it moves, nothing in the cluster finds a name`,
          "Run two or more (replicaCount of the add-on), or turn its autoscaling on.",
        ),
      ];
    const nodes = new Set(
      kubernetes.pods.filter((pod) => pod.workload === "Deployment/coredns").map((pod) => pod.node),
    );
    if (nodes.size !== 1) return [];
    return [
      warn(
        subject,
        `all ${dns.replicas} pods are on ${[...nodes].join("")}`,
        "Spread them over nodes (topologySpreadConstraints of the add-on).",
      ),
    ];
  },
};

/** Without these no new node becomes Ready, and no pod gets an address or a route. */
const VITAL = new Set(["aws-node", "kube-proxy"]);

export const systemPods: Check = {
  code: "SYSTEM_PODS",
  title: "The pods of the system run",
  guards: CHANGES,
  run({ kubernetes }) {
    const results: CheckResult[] = [];
    for (const { kind, namespace, name, replicas, ready } of kubernetes?.workloads ?? [])
      if (namespace === "kube-system" && VITAL.has(name) && replicas > 0 && ready === 0)
        results.push(
          block(
            `${kind.toLowerCase()} ${namespace}/${name}`,
            `none of its ${replicas} pods is ready; new nodes would not become Ready either`,
            "Repair it first: its pods' events and logs say what is wrong.",
          ),
        );
    const groups = Map.groupBy(kubernetes?.troubledPods ?? [], (pod) =>
      [pod.namespace, pod.owner ?? pod.name, pod.reason].join(" "),
    );
    for (const own of groups.values()) {
      const [first] = own;
      if (!first) continue;
      const restarts = Math.max(...own.map((pod) => pod.restarts));
      results.push(
        warn(
          `${first.owner ?? first.name} in ${first.namespace}`,
          `${first.reason}${restarts > 0 ? ` after up to ${restarts} restarts` : ""}: ${listed(own.map((pod) => pod.name).toSorted())}`,
          "Find out why before more changes come on top of it.",
        ),
      );
    }
    return results;
  },
};

export const pendingCertificates: Check = {
  code: "PENDING_CSR",
  title: "No certificate request of a kubelet waits for an answer",
  guards: NODES,
  run({ kubernetes, snapshot }) {
    if (!kubernetes?.pendingCertificates.ok) return [];
    // A request takes some seconds to be approved; what waits for minutes waits for somebody.
    const waiting = kubernetes.pendingCertificates.value.filter(
      ({ since }) => snapshot.takenAt - since > 10 * MINUTE_MS,
    );
    return [...Map.groupBy(waiting, ({ signer }) => signer)].map(([signer, own]) =>
      warn(
        `certificatesigningrequests of ${signer}`,
        `${own.length} wait${own.length === 1 ? "s" : ""} for approval: ${listed(own.map(({ name, requester }) => `${name} of ${requester}`).toSorted())}`,
        "Find out why nobody approves them: without a serving certificate logs and exec of a node's pods fail.",
      ),
    );
  },
};

export const stuckTerminating: Check = {
  code: "STUCK_TERMINATING",
  title: "Nothing that was deleted is held back by finalizers",
  guards: NODES,
  run(context) {
    const { kubernetes, snapshot } = context;
    if (!kubernetes?.terminating.ok) return [];
    const going = nodesToReplace(context);
    return kubernetes.terminating.value.flatMap(({ kind, name, node, since, finalizers }) => {
      const minutes = Math.floor((snapshot.takenAt - since) / MINUTE_MS);
      if (minutes < 10) return [];
      // The drain waits for a pod until it is gone, and this one never is.
      const holds = kind === "Pod" && node !== undefined && going.has(node);
      return [
        (holds ? block : warn)(
          `${kind.toLowerCase()} ${name}`,
          `was deleted and has not gone for ${minutes} minutes${finalizers.length > 0 ? `; finalizers ${listed(finalizers)}` : ""}${holds ? `; the drain of ${node} would wait for it in vain` : ""}`,
          finalizers.length > 0
            ? "Repair the controller that has to remove the finalizers; remove them by hand only when you know what they guard."
            : "Find out why its node does not end it.",
        ),
      ];
    });
  },
};

/** Kubernetes deprecated the mode with 1.35 (KEP-5495); its feature gate is to be off from 1.40. */
const IPVS_DEPRECATED = "1.35";
const IPVS_OFF = "1.40";

export const kubeProxyIpvs: Check = {
  code: "KUBE_PROXY_IPVS",
  title: "kube-proxy does not run in the deprecated mode IPVS",
  guards: UPGRADE,
  run({ kubernetes, to }) {
    if (!kubernetes?.kubeProxyMode.ok || kubernetes.kubeProxyMode.value !== "ipvs") return [];
    if (compareVersions(to, IPVS_DEPRECATED) < 0) return [];
    return [
      warn(
        "daemonset kube-system/kube-proxy",
        `runs in mode ipvs, deprecated since ${IPVS_DEPRECATED}${compareVersions(to, IPVS_OFF) >= 0 ? ` and off by default since ${IPVS_OFF}` : ""}`,
        "Move to nftables or iptables (mode in the add-on's configuration), then replace the nodes.",
      ),
    ];
  },
};

/** From 1.35 a kubelet does not start on cgroup v1 unless it is told to. */
export const cgroupV1: Check = {
  code: "CGROUP_V1",
  title: "No node that stays has cgroup v1 when kubelets stop to start on it",
  guards: UPGRADE,
  run(context) {
    if (compareVersions(context.to, "1.35") < 0) return [];
    const going = nodesToReplace(context);
    // Groups that Slipway rotates have AL2_AMI; Amazon Linux 2 is the last image of EKS with cgroup v1.
    const old = (context.kubernetes?.nodes ?? []).filter(
      (node) => node.osImage === "Amazon Linux 2" && !going.has(node.name),
    );
    if (old.length === 0) return [];
    return [
      warn(
        "nodes outside of managed node groups",
        `run Amazon Linux 2 with cgroup v1, on which a kubelet of 1.35 or newer does not start: ${listed(old.map((node) => node.name).toSorted())}`,
        "Replace them by nodes with Amazon Linux 2023 or Bottlerocket.",
      ),
    ];
  },
};

export const gitRepoVolume: Check = {
  code: "GITREPO_VOLUME",
  title: "No workload uses a gitRepo volume where kubelets refuse it",
  guards: UPGRADE,
  run({ kubernetes, to, hops }) {
    if (compareVersions(to, "1.36") < 0) return [];
    const users = (kubernetes?.workloads ?? []).filter(({ volumes }) => volumes.gitRepo);
    if (users.length === 0) return [];
    const next = hops[0];
    const now = next === undefined || compareVersions(next, "1.36") >= 0;
    return [
      (now ? block : warn)(
        "gitRepo volumes",
        `kubelets of 1.36 refuse to start pods with them: ${listed(users.map(({ kind, namespace, name }) => `${kind.toLowerCase()} ${namespace}/${name}`).toSorted())}`,
        "Clone in an init container instead.",
      ),
    ];
  },
};

export const fargatePods: Check = {
  code: "FARGATE_PODS",
  title: "Pods on Fargate are started again after the upgrade",
  guards: UPGRADE,
  run({ kubernetes, to }) {
    const fargate = new Set(
      (kubernetes?.nodes ?? []).filter((node) => node.fargate).map((node) => node.name),
    );
    const pods = (kubernetes?.pods ?? []).filter((pod) => fargate.has(pod.node));
    if (pods.length === 0) return [];
    const owners = new Set(pods.map((pod) => `${pod.namespace}/${pod.workload ?? pod.owner ?? pod.name}`));
    return [
      info(
        "pods on Fargate",
        `${pods.length} keep the kubelet that they were started with until they are started again: ${listed([...owners].toSorted())}`,
        `Nothing to do: Slipway restarts them after the control plane is on ${to}, one of a controller at a time, within their budgets. Bare pods stay as they are.`,
      ),
    ];
  },
};

export const ingressNginx: Check = {
  code: "INGRESS_NGINX",
  title: "The retired Ingress NGINX controller is not in use",
  guards: UPGRADE,
  run: ({ kubernetes }) =>
    (kubernetes?.workloads ?? [])
      .filter(({ images }) => images.some((image) => /ingress-nginx[/-]controller/.test(image)))
      .map(({ kind, namespace, name, images }) =>
        warn(
          `${kind.toLowerCase()} ${namespace}/${name}`,
          `runs ${images.find((image) => image.includes("nginx"))}; the project ended in March 2026 and mends no more security holes`,
          "Move to the Gateway API or another ingress controller.",
        ),
      ),
};
