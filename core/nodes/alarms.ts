import type { ClusterRef } from "../cluster-ref.ts";

/** The add-on that brings Container Insights: without it there are no metrics of nodes to watch. */
export const OBSERVABILITY_ADDON = "amazon-cloudwatch-observability";

/** Names of the alarms of a cluster; what follows `eks-CLUSTER-slipway-` tells them apart. */
export const alarmName = (cluster: string, what: string): string => `eks-${cluster}-slipway-${what}`;

const METRICS = [
  {
    what: "failed-nodes",
    metric: "cluster_failed_node_count",
    statistic: "Maximum",
    threshold: 1,
    description: "Nodes are not Ready",
  },
  {
    what: "node-disk",
    metric: "node_filesystem_utilization",
    statistic: "Maximum",
    threshold: 90,
    description: "A node's disk is nearly full",
  },
  {
    what: "node-memory",
    metric: "node_memory_utilization",
    statistic: "Maximum",
    threshold: 95,
    description: "A node's memory is nearly full",
  },
] as const;
const COMPOSITE = "nodes";
const PERIOD_SECONDS = 60;
const PERIODS = 2;

/** Every alarm that Slipway may have made for a cluster. */
export const alarmNames = (cluster: string): string[] =>
  [...METRICS.map(({ what }) => what), COMPOSITE].map((what) => alarmName(cluster, what));

/**
 * The inputs of PutMetricAlarm and PutCompositeAlarm for the nodes of a cluster, in the member names of the
 * service integration. Nobody's actions: their events are what Slipway listens to.
 */
export function alarmRequests(ref: ClusterRef): { metric: object[]; composite: object[] } {
  const { name } = ref;
  const Tags = [
    { Key: "eks:cluster-name", Value: name },
    { Key: "slipway.dev/cluster", Value: name },
  ];
  return {
    metric: METRICS.map(({ what, metric, statistic, threshold, description }) => ({
      AlarmName: alarmName(name, what),
      AlarmDescription: `${description} (cluster ${name}, made by Slipway)`,
      Namespace: "ContainerInsights",
      MetricName: metric,
      Dimensions: [{ Name: "ClusterName", Value: name }],
      Statistic: statistic,
      Period: PERIOD_SECONDS,
      EvaluationPeriods: PERIODS,
      Threshold: threshold,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      TreatMissingData: "missing",
      Tags,
    })),
    composite: [
      {
        AlarmName: alarmName(name, COMPOSITE),
        AlarmDescription: `Something is wrong with nodes of ${name} (made by Slipway)`,
        AlarmRule: METRICS.map(({ what }) => `ALARM("${alarmName(name, what)}")`).join(" OR "),
        ActionsEnabled: true,
        Tags,
      },
    ],
  };
}
