import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { ClusterArn, KubernetesWorld } from "../kubernetes-contract.ts";
import { handleRequest } from "./api/server.ts";
import { applyObject } from "./apply-object.ts";
import { bootstrap } from "./bootstrap.ts";
import { Cluster, TIMER_KIND, type TimerPayload } from "./cluster.ts";
import { upToDateDaemons } from "./controllers/daemon-sets.ts";
import { upToDateReplicas } from "./controllers/deployments.ts";
import { addNode, setNodeCondition, setNodeReady, setUnschedulable } from "./controllers/nodes.ts";
import { startControllers } from "./controllers/start.ts";
import { ApiError, notFound } from "./errors.ts";
import { evictPod } from "./eviction.ts";
import {
  controllerOf,
  type DaemonSet,
  type Deployment,
  isFinished,
  isNodeReady,
  type Node,
} from "./objects.ts";
import { deleteObject } from "./registry.ts";
import { DAEMON_SETS, DEPLOYMENTS, NODES, PODS, type Resource, resourceOfKind } from "./resources.ts";
import { matchesSelector } from "./selectors.ts";
import type { ClusterDocument } from "./store.ts";

export interface KubernetesOptions {
  readonly kernel: Kernel;
  readonly faults: Faults;
}

/**
 * The simulated Kubernetes: an API server with its controllers per cluster. Everything happens in the call or
 * the timer that causes it; objects and timers are durable, and a restart goes on where the journal ends.
 *
 * Faults (`faults.inject({ name, subject?, times?, args? })`); a subject is a part of the text in brackets:
 *
 * | name                    | effect                                                                         |
 * |-------------------------|--------------------------------------------------------------------------------|
 * | `NodesNeverReady`       | a node registers and stays NotReady [`ARN node/NAME nodegroup/GROUP`]          |
 * | `EvictionError`         | evictions answer 500; args `message` [`ARN pod/NAMESPACE/NAME`]                |
 * | `WebhookRejectsPods`    | new pods are denied with 403; args `webhook`, `message` [`ARN pod/NS/NAME`]    |
 * | `PodsSlowToReady`       | pods become Ready after args `seconds` (3600) [`ARN pod/NAMESPACE/NAME`]       |
 * | `KubernetesUnavailable` | the API answers 503 [`ARN METHOD PATH`]                                        |
 * | `KubernetesThrottled`   | the API answers 429 with Retry-After; args `retryAfter` (1) [`ARN METHOD PATH`]|
 */
export function createKubernetes({ kernel, faults }: KubernetesOptions): KubernetesWorld {
  const documents = kernel.durable.map<ClusterDocument>("kubernetes clusters");
  const clusters = new Map<ClusterArn, Cluster>();
  const listeners: Parameters<KubernetesWorld["onChange"]>[0][] = [];

  kernel.timers.on(TIMER_KIND, (_key, payload) => {
    const timer = payload as TimerPayload;
    clusters.get(timer.arn)?.fire(timer);
  });

  const open = (document: ClusterDocument): Cluster => {
    const { arn } = document;
    const cluster = new Cluster({
      kernel,
      faults,
      clusters: documents,
      document,
      onChange: (change) => {
        for (const listener of listeners) listener(arn, change.type, change.object);
      },
    });
    startControllers(cluster);
    clusters.set(arn, cluster);
    return cluster;
  };

  for (const arn of [...documents.keys()].sort()) {
    const document = documents.get(arn);
    if (!document) continue;
    const cluster = open(document);
    cluster.store.load();
    cluster.recorder.load();
    cluster.queue.settle();
  }

  const at = (arn: ClusterArn): Cluster => {
    const cluster = clusters.get(arn);
    if (!cluster) throw new Error(`no Kubernetes cluster ${arn}`);
    return cluster;
  };
  const kindOf = (kind: string): Resource => {
    const found = resourceOfKind(kind);
    if (!found) throw new Error(`the simulated Kubernetes has no kind ${kind}`);
    return found;
  };
  const keyIn = (r: Resource, namespace: string | undefined, name: string): string =>
    r.namespaced ? `${namespace ?? "default"}/${name}` : name;
  /** Runs a change and everything that follows from it. */
  const change = <T>(arn: ClusterArn, act: (cluster: Cluster) => T): T => {
    const cluster = at(arn);
    try {
      return act(cluster);
    } finally {
      cluster.queue.settle();
    }
  };

  return {
    createCluster(arn, version) {
      if (clusters.has(arn)) throw new Error(`the Kubernetes cluster ${arn} exists already`);
      const document: ClusterDocument = { arn, version, revision: 0 };
      documents.set(arn, document);
      bootstrap(open(document));
    },
    deleteCluster(arn) {
      const cluster = clusters.get(arn);
      if (!cluster) return;
      cluster.close();
      cluster.store.erase();
      clusters.delete(arn);
    },
    hasCluster: (arn) => clusters.has(arn),
    clusterArns: () => [...clusters.keys()],
    setVersion(arn, version) {
      at(arn).document.version = version;
      documents.touch(arn);
    },
    addNode: (arn, spec) => {
      change(arn, (cluster) => addNode(cluster, spec));
    },
    removeNode: (arn, name) =>
      change(arn, (cluster) => {
        cluster.store.remove(NODES, name);
      }),
    setNodeReady: (arn, name, ready, reason) =>
      change(arn, (cluster) => setNodeReady(cluster, name, ready, reason)),
    setNodeCondition: (arn, name, condition) =>
      change(arn, (cluster) => setNodeCondition(cluster, name, condition)),
    setUnschedulable: (arn, name, unschedulable) =>
      change(arn, (cluster) => setUnschedulable(cluster, name, unschedulable)),
    nodeNames(arn, labels) {
      const names: string[] = [];
      for (const [name, node] of at(arn).store.list(NODES))
        if (matchesSelector({ matchLabels: labels ?? {} }, node.metadata.labels)) names.push(name);
      return names;
    },
    isNodeReady(arn, name) {
      const node = at(arn).store.get(NODES, name) as Node | undefined;
      return node !== undefined && isNodeReady(node);
    },
    drainablePods(arn, node) {
      return [...at(arn).pods.onNode(node).values()]
        .filter(
          (pod) =>
            !isFinished(pod) &&
            controllerOf(pod)?.kind !== "DaemonSet" &&
            pod.metadata.annotations?.["kubernetes.io/config.mirror"] === undefined,
        )
        .map(({ metadata: m }) => ({ namespace: m.namespace ?? "default", name: m.name, uid: m.uid ?? "" }));
    },
    evict(arn, namespace, name) {
      try {
        change(arn, (cluster) => evictPod(cluster, `${namespace}/${name}`));
        return { result: "evicted" };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return evictionResult(error);
      }
    },
    deletePod(arn, namespace, name, graceSeconds) {
      change(arn, (cluster) => {
        const key = `${namespace}/${name}`;
        if (cluster.store.get(PODS, key))
          deleteObject(cluster, PODS, key, graceSeconds === undefined ? {} : { graceSeconds });
      });
    },
    apply: (arn, object) =>
      change(arn, (cluster) => {
        const copy = structuredClone(object);
        return applyObject(cluster, kindOf(object.kind), copy, { manager: "slipway-world", force: true })
          .object;
      }),
    get: (arn, kind, namespace, name) => {
      const r = kindOf(kind);
      return at(arn).store.get(r, keyIn(r, namespace, name));
    },
    list: (arn, kind, namespace) =>
      [...at(arn).store.list(kindOf(kind), namespace)].map(([, object]) => object),
    delete(arn, kind, namespace, name) {
      const r = kindOf(kind);
      const key = keyIn(r, namespace, name);
      return change(arn, (cluster) => {
        if (!cluster.store.get(r, key)) return false;
        deleteObject(cluster, r, key, { propagation: "Background" });
        return true;
      });
    },
    readiness(arn, kind, namespace, name) {
      const cluster = at(arn);
      const r = kind === "Deployment" ? DEPLOYMENTS : DAEMON_SETS;
      const object = cluster.store.get(r, `${namespace}/${name}`);
      if (!object) throw notFound(r, name);
      if (kind === "Deployment") {
        const deployment = object as Deployment;
        return { desired: deployment.spec.replicas ?? 1, ready: upToDateReplicas(cluster, deployment) };
      }
      const desired = Number(object.status?.desiredNumberScheduled ?? 0);
      return { desired, ready: upToDateDaemons(cluster, object as DaemonSet) };
    },
    onChange(listener) {
      listeners.push(listener);
    },
    handle: (arn, request) => handleRequest(clusters.get(arn), request),
  };
}

function evictionResult(error: ApiError): ReturnType<KubernetesWorld["evict"]> {
  const { code, details } = error.status;
  if (code === 404) return { result: "gone" };
  const cause = details?.causes?.find((c) => c.reason === "DisruptionBudget");
  if (code === 429 && cause) {
    const budget = /^The disruption budget (\S+)/.exec(cause.message)?.[1] ?? "";
    return { result: "blocked", budget, message: `${error.message} ${cause.message}` };
  }
  return { result: "misconfigured", message: error.message };
}
