import type { createAlarmStore, MetricAlarmDocument } from "../../aws/services/cloudwatch/alarm-store.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { KubernetesWorld } from "../kubernetes-contract.ts";

const TIMER = "cloudwatch.evaluation";
const OBSERVABILITY = {
  kind: "DaemonSet",
  namespace: "amazon-cloudwatch",
  name: "cloudwatch-agent",
} as const;

interface Condition {
  readonly type: string;
  readonly status: string;
}

/**
 * Container Insights in a cluster with the observability add-on: `cluster_failed_node_count`, and one hundred
 * percent of `node_filesystem_utilization` while a node has disk pressure, `node_memory_utilization` while it has
 * memory pressure. Alarms on them are evaluated `Period` x `EvaluationPeriods` after a node changed; without the
 * add-on they have no data.
 */
export function nodeMetrics(parts: {
  readonly kernel: Kernel;
  readonly kubernetes: KubernetesWorld;
  readonly alarms: ReturnType<typeof createAlarmStore>;
}): { evaluateSoon(): void } {
  const { kernel, kubernetes, alarms } = parts;
  const { clock, timers } = kernel;

  const clusterOf = (alarm: MetricAlarmDocument): string | undefined => {
    const name = alarm.config.Dimensions?.find((dimension) => dimension.Name === "ClusterName")?.Value;
    return alarm.config.Namespace === "ContainerInsights" && name !== undefined
      ? `arn:aws:eks:${alarm.region}:${alarm.account}:cluster/${name}`
      : undefined;
  };

  function value(metric: string, arn: string): number | undefined {
    const { kind, namespace, name } = OBSERVABILITY;
    if (!kubernetes.hasCluster(arn) || !kubernetes.get(arn, kind, namespace, name)) return undefined;
    const nodes = kubernetes
      .list(arn, "Node")
      .map((node) => (node.status?.conditions as readonly Condition[] | undefined) ?? []);
    const having = (type: string, status: string): number =>
      nodes.filter((conditions) => conditions.some((c) => c.type === type && c.status === status)).length;
    if (metric === "cluster_failed_node_count") return nodes.length - having("Ready", "True");
    if (metric === "node_filesystem_utilization") return having("DiskPressure", "True") > 0 ? 100 : 40;
    if (metric === "node_memory_utilization") return having("MemoryPressure", "True") > 0 ? 100 : 50;
    return undefined;
  }

  const soon = (alarm: MetricAlarmDocument): void => {
    if (timers.dueAt(TIMER, alarm.arn) !== undefined) return;
    const { Period = 60, EvaluationPeriods = 1 } = alarm.config;
    timers.set(TIMER, alarm.arn, clock.now() + Period * EvaluationPeriods * 1000);
  };
  const metricAlarms = (): MetricAlarmDocument[] =>
    alarms
      .all()
      .flatMap((alarm) => (alarm.kind === "metric" && clusterOf(alarm) !== undefined ? [alarm] : []));

  timers.on(TIMER, (arn) => {
    const alarm = metricAlarms().find((candidate) => candidate.arn === arn);
    const seen = alarm && value(alarm.config.MetricName ?? "", clusterOf(alarm) ?? "");
    if (!alarm) return;
    const { Threshold = 0, Period = 60, EvaluationPeriods = 1 } = alarm.config;
    if (seen === undefined) return;
    const crossed =
      alarm.config.ComparisonOperator === "GreaterThanThreshold" ? seen > Threshold : seen >= Threshold;
    const compared =
      alarm.config.ComparisonOperator === "GreaterThanThreshold"
        ? "greater than"
        : "greater than or equal to";
    alarms.become(alarm, {
      value: crossed ? "ALARM" : "OK",
      reason: `Threshold Crossed: ${EvaluationPeriods} out of the last ${EvaluationPeriods} datapoints [${seen.toFixed(1)}] were ${crossed ? "" : "not "}${compared} the threshold (${Threshold.toFixed(1)}).`,
      reasonData: JSON.stringify({
        version: "1.0",
        statistic: alarm.config.Statistic,
        period: Period,
        recentDatapoints: Array.from({ length: EvaluationPeriods }, () => seen),
        threshold: Threshold,
      }),
    });
  });

  kubernetes.onChange((arn, type, object) => {
    if (object.kind !== "Node" || type === "ADDED") return;
    for (const alarm of metricAlarms()) if (clusterOf(alarm) === arn) soon(alarm);
  });
  return {
    evaluateSoon() {
      for (const alarm of metricAlarms()) soon(alarm);
    },
  };
}
