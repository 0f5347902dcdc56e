import { budgetsOf } from "../plan/drain-batch.ts";
import type { WorkloadFacts } from "../snapshot.ts";
import { type Check, type CheckResult, info, listed, NODES, warn } from "./check.ts";
import { podsToMove, workloadKeyOf, workloadsToMove } from "./moving.ts";

/** What workloads should do so that a rotation does not hurt them: nothing of it stops one. */

/** One finding for each namespace: a cluster with hundreds of workloads has the same habit in all of them. */
function perNamespace(
  workloads: readonly WorkloadFacts[],
  result: (subject: string, names: string) => CheckResult,
): CheckResult[] {
  const groups = [...Map.groupBy(workloads, (workload) => workload.namespace)];
  return groups
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([namespace, own]) =>
      result(
        `namespace ${namespace}`,
        listed(own.map(({ kind, name }) => `${kind.toLowerCase()} ${name}`).toSorted()),
      ),
    );
}

const several = ({ replicas }: WorkloadFacts): boolean => replicas > 1;

export const pdbMissing: Check = {
  code: "PDB_MISSING",
  title: "Workloads with several pods have a disruption budget",
  guards: NODES,
  run(context) {
    const budgets = context.kubernetes?.budgets ?? [];
    const open = workloadsToMove(context).filter(
      (workload) => several(workload) && budgetsOf(workload, budgets).length === 0,
    );
    return perNamespace(open, (subject, names) =>
      warn(
        subject,
        `no disruption budget holds the pods of ${names}; a drain may take all of them at once`,
        "Give each a PodDisruptionBudget that says how many may be away.",
      ),
    );
  },
};

export const pdbOrphan: Check = {
  code: "PDB_ORPHAN",
  title: "Every disruption budget holds some pods",
  guards: NODES,
  run({ kubernetes }) {
    const orphans = (kubernetes?.budgets ?? []).filter((budget) => budget.expectedPods === 0);
    const groups = Map.groupBy(orphans, (budget) => budget.namespace);
    return [...groups].map(([namespace, own]) =>
      warn(
        `namespace ${namespace}`,
        `disruption budgets match no pod: ${listed(own.map((budget) => budget.name).toSorted())}; what they were to protect is not protected`,
        "Correct their selectors, or delete them.",
      ),
    );
  },
};

export const readinessProbe: Check = {
  code: "READINESS_PROBE",
  title: "Workloads say when they are ready",
  guards: NODES,
  run: (context) =>
    perNamespace(
      workloadsToMove(context).filter((workload) => !workload.readinessProbe),
      (subject, names) =>
        warn(
          subject,
          `no readiness probe in ${names}; a new pod counts as ready at once, and the next one is evicted before it serves`,
          "Add a readinessProbe to their containers.",
        ),
    ),
};

export const minReadySeconds: Check = {
  code: "MIN_READY_SECONDS",
  title: "Workloads have to stay ready for a while before they count",
  guards: NODES,
  run: (context) =>
    perNamespace(
      workloadsToMove(context).filter((workload) => several(workload) && workload.minReadySeconds === 0),
      (subject, names) =>
        info(
          subject,
          `minReadySeconds is 0 in ${names}: a pod that fails right after its start has already let the next one go`,
          "Consider minReadySeconds of a few seconds.",
        ),
    ),
};

export const podSpread: Check = {
  code: "POD_SPREAD",
  title: "Workloads with several pods do not stand on one node",
  guards: NODES,
  run(context) {
    const loose = workloadsToMove(context).filter((workload) => several(workload) && !workload.spread);
    const pods = Map.groupBy(podsToMove(context), workloadKeyOf);
    const all = Map.groupBy(context.kubernetes?.pods ?? [], workloadKeyOf);
    const together = (workload: WorkloadFacts): boolean => {
      const key = `${workload.namespace}/${workload.kind}/${workload.name}`;
      const own = all.get(key) ?? pods.get(key) ?? [];
      return own.length > 1 && new Set(own.map((pod) => pod.node)).size === 1;
    };
    return [
      ...perNamespace(loose.filter(together), (subject, names) =>
        warn(
          subject,
          `all pods of ${names} are on one node, and nothing spreads them: its drain takes them together`,
          "Add topologySpreadConstraints or pod anti-affinity.",
        ),
      ),
      ...perNamespace(
        loose.filter((workload) => !together(workload)),
        (subject, names) =>
          info(
            subject,
            `nothing spreads the pods of ${names} over nodes and zones; they may come to stand on one`,
            "Consider topologySpreadConstraints.",
          ),
      ),
    ];
  },
};

export const statefulSetGrace: Check = {
  code: "STATEFULSET_GRACE",
  title: "Stateful sets have time to end",
  guards: NODES,
  run: (context) =>
    perNamespace(
      workloadsToMove(context).filter(
        ({ kind, graceSeconds }) => kind === "StatefulSet" && graceSeconds === 0,
      ),
      (subject, names) =>
        warn(
          subject,
          `terminationGracePeriodSeconds is 0 in ${names}: its pods are killed without a chance to write what they hold, and a successor may start beside one that still runs`,
          "Give them the seconds that they need to end.",
        ),
    ),
};

export const toleratesCordon: Check = {
  code: "TOLERATES_CORDON",
  title: "No workload tolerates every taint",
  guards: NODES,
  run: (context) =>
    perNamespace(
      workloadsToMove(context).filter((workload) => workload.toleratesCordon),
      (subject, names) =>
        warn(
          subject,
          `${names} tolerate every taint, that of a cordoned node too: evicted pods may come back to the node that is being drained`,
          "Tolerate only the taints that are meant.",
        ),
    ),
};

const DOCKER_SOCKETS = new Set(["/var/run/docker.sock", "/run/docker.sock"]);

export const dockerSocket: Check = {
  code: "DOCKER_SOCKET",
  title: "No workload talks to Docker on its node",
  guards: NODES,
  run: ({ kubernetes }) =>
    perNamespace(
      (kubernetes?.workloads ?? []).filter(({ volumes }) =>
        volumes.hostPaths.some((path) => DOCKER_SOCKETS.has(path)),
      ),
      (subject, names) =>
        warn(
          subject,
          `${names} mount docker.sock; nodes of 1.24 and newer run containerd and have none`,
          "Use containerd's socket, or the Kubernetes API.",
        ),
    ),
};

export const emptyDirs: Check = {
  code: "EMPTY_DIR",
  title: "No pod keeps data on its node",
  guards: NODES,
  run: (context) =>
    perNamespace(
      workloadsToMove(context).filter(({ volumes }) => volumes.emptyDir),
      (subject, names) =>
        info(
          subject,
          `${names} use emptyDir volumes, which end with the pod`,
          "Nothing to do where they hold caches; data that has to stay needs a persistent volume.",
        ),
    ),
};
