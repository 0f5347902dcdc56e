import type { PodFacts, WebhookFacts } from "../../../core/snapshot.ts";
import { budget, NOW, node, nodegroup, pod, read, subnet, workload } from "./builders.ts";
import { type Case, k8s, rotate, upgrade, upgradeTo } from "./checks-table.ts";

/** Cases of the checks on what the Kubernetes API tells. */

const MINUTE = 60_000;
const web = (name: string, over: Partial<PodFacts> = {}): PodFacts =>
  pod({ name, workload: "Deployment/web", ...over });
const nodes = [node(), node({ name: "node-2", zone: "eu-west-1b" })];
const spreadPods = [web("web-1"), web("web-2", { node: "node-2" })];

/** A workload with two pods on nodes that go. */
const running = (over: Parameters<typeof workload>[0], more: Parameters<typeof k8s>[0] = {}) =>
  k8s({
    nodes,
    budgets: [budget()],
    pods: spreadPods,
    workloads: [workload(over)],
    ...more,
  });

const volume = (over: object = {}) => ({
  name: "pvc-1",
  claim: "default/data",
  zones: ["eu-west-1a"],
  local: false,
  ...over,
});
const withVolume = (over: object = {}, group: Parameters<typeof nodegroup>[0] = {}) => ({
  ...k8s({ pods: [web("web-1", { claims: ["data"] })], volumes: read([volume(over)]) }),
  nodegroups: [nodegroup(group)],
});

const webhook = (over: Partial<WebhookFacts> = {}): WebhookFacts => ({
  configuration: "ValidatingWebhookConfiguration/policy",
  webhook: "validate.policy.example.com",
  service: "policy/webhook",
  serviceExists: true,
  endpoints: 2,
  pods: true,
  nodes: false,
  ...over,
});
const webhooks = (...all: WebhookFacts[]) => k8s({ webhooks: read(all) });

const coredns = (replicas: number, ...on: string[]) =>
  k8s({
    nodes,
    workloads: [workload({ namespace: "kube-system", name: "coredns", replicas, ready: replicas })],
    pods: on.map((name, i) =>
      pod({ namespace: "kube-system", name: `coredns-${i}`, node: name, workload: "Deployment/coredns" }),
    ),
  });

const csr = (minutes: number) => ({
  name: "csr-1",
  signer: "kubernetes.io/kubelet-serving",
  requester: "system:node:node-1",
  since: NOW - minutes * MINUTE,
});

const stuck = (kind: string, name: string, minutes: number, on?: string) => ({
  kind,
  name,
  since: NOW - minutes * MINUTE,
  finalizers: ["example.com/guard"],
  ...(on ? { node: on } : {}),
});

const autoscaler = (tag: string) =>
  k8s({
    workloads: [
      workload({
        namespace: "kube-system",
        name: "cluster-autoscaler",
        images: [`registry.k8s.io/autoscaling/cluster-autoscaler:${tag}`],
      }),
    ],
  });
const fixedSize = { nodegroups: [nodegroup({ minSize: 3, maxSize: 3 })] };

const karpenter = (tag: string) =>
  k8s({
    workloads: [
      workload({
        namespace: "kube-system",
        name: "karpenter",
        images: [`public.ecr.aws/karpenter/controller:${tag}`],
      }),
    ],
  });

export const workloadCases: readonly Case[] = [
  { code: "PDB_MISSING", when: "a budget", world: running({}), expect: [] },
  {
    code: "PDB_MISSING",
    when: "none",
    world: running({}, { budgets: [] }),
    expect: ["warn"],
    says: /namespace default.*deployment web/s,
  },
  {
    code: "PDB_MISSING",
    when: "none, one pod",
    world: running({ replicas: 1 }, { budgets: [] }),
    expect: [],
  },
  {
    code: "PDB_MISSING",
    when: "none, but nothing of it moves",
    world: {
      ...running({}, { budgets: [] }),
      nodegroups: [nodegroup({ logicalName: "batch", name: "batch-1" })],
    },
    options: { ...rotate, nodegroup: "batch" },
    expect: [],
  },
  {
    code: "PDB_MISSING",
    when: "a budget that selects by expression",
    world: running(
      {},
      {
        budgets: [
          budget({
            matchLabels: {},
            matchExpressions: [{ key: "app", operator: "In", values: ["web", "api"] }],
          }),
        ],
      },
    ),
    expect: [],
  },
  {
    code: "PDB_MISSING",
    when: "a budget that selects others by expression",
    world: running(
      {},
      {
        budgets: [
          budget({ matchLabels: {}, matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }),
        ],
      },
    ),
    expect: ["warn"],
  },
  { code: "PDB_ORPHAN", when: "it holds pods", world: k8s({ budgets: [budget()] }), expect: [] },
  {
    code: "PDB_ORPHAN",
    when: "it holds none",
    world: k8s({ budgets: [budget({ name: "old", expectedPods: 0, matchLabels: { app: "old" } })] }),
    expect: ["warn"],
    says: /match no pod: old/,
  },
  { code: "READINESS_PROBE", when: "one", world: running({}), expect: [] },
  {
    code: "READINESS_PROBE",
    when: "none",
    world: running({ readinessProbe: false }),
    expect: ["warn"],
    says: /readinessProbe/,
  },
  {
    code: "READINESS_PROBE",
    when: "none, of an add-on",
    world: running(
      { namespace: "kube-system", readinessProbe: false },
      { pods: [web("web-1", { namespace: "kube-system" })] },
    ),
    expect: [],
  },
  { code: "MIN_READY_SECONDS", when: "some", world: running({}), expect: [] },
  { code: "MIN_READY_SECONDS", when: "0", world: running({ minReadySeconds: 0 }), expect: ["info"] },
  { code: "POD_SPREAD", when: "something spreads them", world: running({}), expect: [] },
  {
    code: "POD_SPREAD",
    when: "nothing does",
    world: running({ spread: false }),
    expect: ["info"],
    says: /may come to/,
  },
  {
    code: "POD_SPREAD",
    when: "nothing does, and they are on one node",
    world: running({ spread: false }, { pods: [web("web-1"), web("web-2")] }),
    expect: ["warn"],
    says: /on one node/,
  },
  { code: "STATEFULSET_GRACE", when: "30 s", world: running({ kind: "StatefulSet" }), expect: [] },
  {
    code: "STATEFULSET_GRACE",
    when: "0",
    world: running(
      { kind: "StatefulSet", name: "db", graceSeconds: 0 },
      { pods: [pod({ name: "db-0", owner: "StatefulSet/db" })] },
    ),
    expect: ["warn"],
    says: /statefulset db/,
  },
  { code: "TOLERATES_CORDON", when: "not", world: running({}), expect: [] },
  {
    code: "TOLERATES_CORDON",
    when: "every taint",
    world: running({ toleratesCordon: true }),
    expect: ["warn"],
    says: /come back/,
  },
  { code: "DOCKER_SOCKET", when: "none", world: running({}), expect: [] },
  {
    code: "DOCKER_SOCKET",
    when: "a daemon set",
    world: running({
      kind: "DaemonSet",
      name: "scanner",
      volumes: { emptyDir: false, gitRepo: false, hostPaths: ["/var/run/docker.sock"] },
    }),
    expect: ["warn"],
    says: /daemonset scanner/,
  },
  { code: "EMPTY_DIR", when: "none", world: running({}), expect: [] },
  {
    code: "EMPTY_DIR",
    when: "one",
    world: running({ volumes: { emptyDir: true, gitRepo: false, hostPaths: [] } }),
    expect: ["info"],
  },
  { code: "GITREPO_VOLUME", when: "none", world: running({}), options: upgradeTo("1.36"), expect: [] },
  {
    code: "GITREPO_VOLUME",
    when: "1.36 is reached later",
    world: running({ volumes: { emptyDir: false, gitRepo: true, hostPaths: [] } }),
    options: upgradeTo("1.36"),
    expect: ["warn"],
    says: /default\/web/,
  },
  {
    code: "GITREPO_VOLUME",
    when: "1.36 is next",
    world: {
      ...running({ volumes: { emptyDir: false, gitRepo: true, hostPaths: [] } }),
      cluster: {
        arn: "arn:aws:eks:eu-west-1:111122223333:cluster/demo",
        version: "1.35",
        status: "ACTIVE",
        subnetIds: ["subnet-a", "subnet-b"],
        autoMode: false,
        deletionProtection: false,
        healthIssues: [],
        tags: {},
      },
    },
    options: upgradeTo("1.36"),
    expect: ["block"],
  },
  { code: "ZONE_VOLUME", when: "green nodes come into every zone", world: withVolume(), expect: [] },
  { code: "ZONE_VOLUME", when: "a volume of every zone", world: withVolume({ zones: [] }), expect: [] },
  {
    code: "ZONE_VOLUME",
    when: "fewer nodes than zones",
    world: withVolume({}, { desiredSize: 1 }),
    expect: ["warn"],
    says: /1 new node in 2 zones/,
  },
  {
    code: "ZONE_VOLUME",
    when: "the zone's subnet is full",
    world: {
      ...withVolume(),
      subnets: read([subnet({ freeIps: 0 }), subnet({ id: "subnet-b", zone: "eu-west-1b" })]),
    },
    expect: ["block"],
    says: /default\/web-1 are in eu-west-1a, where no node/,
  },
  {
    code: "ZONE_VOLUME",
    when: "only another group reaches the zone",
    world: {
      ...withVolume({}, { subnetIds: ["subnet-b"] }),
      nodegroups: [
        nodegroup({ subnetIds: ["subnet-b"] }),
        nodegroup({ logicalName: "batch", name: "batch-1", subnetIds: ["subnet-a"] }),
      ],
    },
    expect: ["warn"],
    says: /only batch can/,
  },
  { code: "LOCAL_VOLUME", when: "none on a node", world: withVolume(), expect: [] },
  {
    code: "LOCAL_VOLUME",
    when: "one on a node that goes",
    world: withVolume({ zones: [], local: true }),
    expect: ["block"],
    says: /pvc-1.*default\/web-1/s,
  },
  { code: "WEBHOOK_ENDPOINTS", when: "two backends", world: webhooks(webhook()), expect: [] },
  {
    code: "WEBHOOK_ENDPOINTS",
    when: "reached by URL",
    world: webhooks({ configuration: "x", webhook: "y", pods: true, nodes: true }),
    expect: [],
  },
  {
    code: "WEBHOOK_ENDPOINTS",
    when: "no backend, asked about pods",
    world: webhooks(webhook({ endpoints: 0 })),
    expect: ["block"],
    says: /policy\/webhook has no ready endpoint.*pods/s,
  },
  {
    code: "WEBHOOK_ENDPOINTS",
    when: "no service, asked about nodes",
    world: webhooks(webhook({ endpoints: 0, serviceExists: false, pods: false, nodes: true })),
    expect: ["block"],
    says: /does not exist/,
  },
  {
    code: "WEBHOOK_ENDPOINTS",
    when: "no backend, asked about something else",
    world: webhooks(webhook({ endpoints: 0, pods: false })),
    expect: ["warn"],
  },
  { code: "COREDNS", when: "two pods on two nodes", world: coredns(2, "node-1", "node-2"), expect: [] },
  { code: "COREDNS", when: "one pod", world: coredns(1, "node-1"), expect: ["warn"], says: /runs 1 pod:/ },
  {
    code: "COREDNS",
    when: "two pods on one node",
    world: coredns(2, "node-1", "node-1"),
    expect: ["warn"],
    says: /node-1/,
  },
  { code: "SYSTEM_PODS", when: "all run", world: {}, expect: [] },
  {
    code: "SYSTEM_PODS",
    when: "some crash",
    world: k8s({
      troubledPods: [
        {
          namespace: "kube-system",
          name: "csi-1",
          owner: "DaemonSet/csi",
          reason: "CrashLoopBackOff",
          restarts: 7,
        },
        {
          namespace: "kube-system",
          name: "csi-2",
          owner: "DaemonSet/csi",
          reason: "CrashLoopBackOff",
          restarts: 12,
        },
      ],
    }),
    expect: ["warn"],
    says: /CrashLoopBackOff after up to 12 restarts: csi-1, csi-2/,
  },
  {
    code: "SYSTEM_PODS",
    when: "no pod of the network is ready",
    world: k8s({
      workloads: [
        workload({ kind: "DaemonSet", namespace: "kube-system", name: "aws-node", replicas: 3, ready: 0 }),
      ],
    }),
    expect: ["block"],
    says: /none of its 3 pods/,
  },
  { code: "PENDING_CSR", when: "none", world: {}, expect: [] },
  {
    code: "PENDING_CSR",
    when: "one for a minute",
    world: k8s({ pendingCertificates: read([csr(1)]) }),
    expect: [],
  },
  {
    code: "PENDING_CSR",
    when: "one for an hour",
    world: k8s({ pendingCertificates: read([csr(60)]) }),
    expect: ["warn"],
    says: /csr-1 of system:node:node-1/,
  },
  { code: "STUCK_TERMINATING", when: "nothing", world: {}, expect: [] },
  {
    code: "STUCK_TERMINATING",
    when: "a namespace for a minute",
    world: k8s({ terminating: read([stuck("Namespace", "old", 1)]) }),
    expect: [],
  },
  {
    code: "STUCK_TERMINATING",
    when: "a namespace for a day",
    world: k8s({ terminating: read([stuck("Namespace", "old", 1440)]) }),
    expect: ["warn"],
    says: /1440 minutes; finalizers example\.com\/guard/,
  },
  {
    code: "STUCK_TERMINATING",
    when: "a pod on a node that goes",
    world: k8s({ terminating: read([stuck("Pod", "default/web-1", 30, "node-1")]) }),
    expect: ["block"],
    says: /drain of node-1/,
  },
  { code: "KUBE_PROXY_IPVS", when: "iptables", world: {}, options: upgradeTo("1.36"), expect: [] },
  {
    code: "KUBE_PROXY_IPVS",
    when: "ipvs before 1.35",
    world: k8s({ kubeProxyMode: read("ipvs") }),
    expect: [],
  },
  {
    code: "KUBE_PROXY_IPVS",
    when: "ipvs",
    world: k8s({ kubeProxyMode: read("ipvs") }),
    options: upgradeTo("1.35"),
    expect: ["warn"],
    says: /nftables/,
  },
  {
    code: "CGROUP_V1",
    when: "Amazon Linux 2023",
    world: k8s({ nodes: [node({ name: "own", nodegroup: "none", osImage: "Amazon Linux 2023.8" })] }),
    options: upgradeTo("1.35"),
    expect: [],
  },
  {
    code: "CGROUP_V1",
    when: "Amazon Linux 2 that nobody rotates",
    world: k8s({ nodes: [node({ name: "own", nodegroup: "none", osImage: "Amazon Linux 2" })] }),
    options: upgradeTo("1.35"),
    expect: ["warn"],
    says: /own/,
  },
  { code: "FARGATE_PODS", when: "none", world: {}, expect: [] },
  {
    code: "FARGATE_PODS",
    when: "some",
    world: k8s({
      nodes: [node({ name: "fargate-1", nodegroup: "none", fargate: true })],
      pods: [web("web-1", { node: "fargate-1" })],
    }),
    expect: ["info"],
    says: /default\/Deployment\/web.*Slipway restarts them/s,
  },
  {
    code: "INGRESS_NGINX",
    when: "another controller",
    world: running({ images: ["traefik:3"] }),
    expect: [],
  },
  {
    code: "INGRESS_NGINX",
    when: "it",
    world: running({ images: ["registry.k8s.io/ingress-nginx/controller:v1.11.3@sha256:abc"] }),
    expect: ["warn"],
    says: /March 2026/,
  },
  { code: "CLUSTER_AUTOSCALER", when: "none", world: {}, expect: [] },
  {
    code: "CLUSTER_AUTOSCALER",
    when: "of the target",
    world: { ...autoscaler("v1.34.1"), ...fixedSize },
    expect: [],
  },
  {
    code: "CLUSTER_AUTOSCALER",
    when: "of the present version",
    world: { ...autoscaler("v1.33.0@sha256:abc"), ...fixedSize },
    expect: ["warn"],
    says: /is of 1\.33.*Update it to 1\.34/s,
  },
  {
    code: "CLUSTER_AUTOSCALER",
    when: "it may move groups of variable size",
    world: autoscaler("v1.34.1"),
    options: { type: "rotate-nodegroup", nodegroup: "workers" },
    expect: ["info"],
    says: /1 node group while/,
  },
  { code: "KARPENTER", when: "none", world: {}, expect: [] },
  { code: "KARPENTER", when: "new enough", world: karpenter("1.6.0"), expect: [] },
  {
    code: "KARPENTER",
    when: "too old for the next version",
    world: karpenter("1.5.4"),
    expect: ["block"],
    says: /1\.34 needs 1\.6/,
  },
  {
    code: "KARPENTER",
    when: "too old for a later version",
    world: karpenter("1.6.0"),
    options: upgradeTo("1.36"),
    expect: ["warn"],
    says: /1\.36 needs 1\.13/,
  },
  { code: "KARPENTER", when: "by digest alone", world: karpenter("latest@sha256:abc"), expect: ["unknown"] },
  {
    code: "KARPENTER",
    when: "a version that nobody knows yet",
    world: karpenter("1.15.0"),
    options: { ...upgrade, to: "1.39" },
    expect: ["unknown"],
    says: /up to 1\.37 is/,
  },
];
