/** Events about nodes, in the shapes of AWS's documentation and with values of our own. */
export interface SentEvent {
  readonly source: string;
  readonly "detail-type": string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly resources: readonly string[];
}

const PLACE = "eu-west-1:111122223333";
/** A machine and a group that nobody knows. */
const MACHINE = "i-00000000000000777";
const GROUP = "nobodys-group";
const groupArn = `arn:aws:autoscaling:${PLACE}:autoScalingGroup:00000000-0000-0000-0000-000000000007:autoScalingGroupName/${GROUP}`;
const machineArn = (place: string): string => `arn:aws:ec2:${place}:instance/${MACHINE}`;

export interface AlarmChange {
  readonly value?: string;
  readonly suppressedBy?: string;
  readonly name?: string;
  /** The cluster of the metric's dimension; null for an event without the alarm's configuration. */
  readonly dimension?: string | null;
}

/** A metric alarm of Container Insights' failed nodes goes off, or is changed by `change`. */
export function alarmEvent(change: AlarmChange = {}): SentEvent {
  const { value = "ALARM", name = "eks-demo-failed-nodes", dimension = "demo", suppressedBy } = change;
  const metric = {
    namespace: "ContainerInsights",
    name: "cluster_failed_node_count",
    dimensions: { ClusterName: dimension },
  };
  return {
    source: "aws.cloudwatch",
    "detail-type": "CloudWatch Alarm State Change",
    resources: [`arn:aws:cloudwatch:${PLACE}:alarm:${name}`],
    detail: {
      alarmName: name,
      state: {
        value,
        reason: "Threshold Crossed: 1 datapoint [3.0] was greater than the threshold (0.0).",
        timestamp: "2026-11-20T08:31:07.250+0000",
        ...(suppressedBy === undefined ? {} : { actionsSuppressedBy: suppressedBy }),
      },
      previousState: { value: "OK", timestamp: "2026-11-19T22:00:00.000+0000" },
      ...(dimension === null
        ? {}
        : {
            configuration: {
              metrics: [{ id: "m1", metricStat: { metric, period: 60, stat: "Average" }, returnData: true }],
            },
          }),
    },
  };
}

/** Events about machines and groups that are of no cluster. */
export const eventsOfNobody: readonly SentEvent[] = [
  {
    source: "aws.autoscaling",
    "detail-type": "EC2 Instance Launch Unsuccessful",
    resources: [groupArn],
    detail: {
      StatusCode: "Failed",
      AutoScalingGroupName: GROUP,
      ActivityId: "00000000-0000-0000-0000-000000000008",
      StatusMessage: "There is no capacity of that type in the zone.",
      EC2InstanceId: "",
      Origin: "EC2",
      Destination: "AutoScalingGroup",
    },
  },
  {
    source: "aws.autoscaling",
    "detail-type": "EC2 Instance-terminate Lifecycle Action",
    resources: [groupArn],
    detail: {
      LifecycleActionToken: "00000000-0000-0000-0000-000000000009",
      AutoScalingGroupName: GROUP,
      LifecycleHookName: "drain",
      EC2InstanceId: MACHINE,
      LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
    },
  },
  {
    source: "aws.ec2",
    "detail-type": "EC2 Instance State-change Notification",
    resources: [machineArn(PLACE)],
    detail: { "instance-id": MACHINE, state: "stopped" },
  },
  // The ARNs of the next two have the zone where others have region and account.
  {
    source: "aws.ec2",
    "detail-type": "EC2 Instance Rebalance Recommendation",
    resources: [machineArn("eu-west-1b")],
    detail: { "instance-id": MACHINE },
  },
  {
    source: "aws.ec2",
    "detail-type": "EC2 Spot Instance Interruption Warning",
    resources: [machineArn("eu-west-1b")],
    detail: { "instance-id": MACHINE, "instance-action": "stop" },
  },
];

/** AWS Health: the standard support of a Kubernetes version ends for a cluster on 2027-05-14. */
export const lifecycleEvent = (cluster: string, version: string): SentEvent => ({
  source: "aws.health",
  "detail-type": "AWS Health Event",
  resources: [`arn:aws:eks:${PLACE}:cluster/${cluster}`],
  detail: {
    eventArn: `arn:aws:health:eu-west-1::event/EKS/AWS_EKS_PLANNED_LIFECYCLE_EVENT/${version}`,
    service: "EKS",
    eventTypeCode: "AWS_EKS_PLANNED_LIFECYCLE_EVENT",
    eventTypeCategory: "scheduledChange",
    eventScopeCode: "ACCOUNT_SPECIFIC",
    communicationId: "first",
    startTime: "Fri, 14 May 2027 00:00:00 GMT",
    statusCode: "upcoming",
    eventRegion: "eu-west-1",
    eventMetadata: { deprecated_versions: `Kubernetes ${version} in EKS` },
    affectedEntities: [{ entityValue: `arn:aws:eks:${PLACE}:cluster/${cluster}`, status: "PENDING" }],
    affectedAccount: "111122223333",
    page: "1",
    totalPages: "2",
  },
});

/** EKS could not evict a pod on Fargate and is going to end it at 2026-12-01T04:05:06. */
export const fargateEvent = (cluster: string, podName: string): SentEvent => ({
  source: "aws.eks",
  "detail-type": "EKS Fargate Pod Scheduled Termination",
  resources: [`default/${podName}`],
  detail: {
    clusterName: cluster,
    fargateProfileName: "all",
    podName,
    podNamespace: "default",
    evictErrorMessage: "a budget forbids it",
    scheduledTerminationTime: "2026-12-01T04:05:06.007Z[UTC]",
  },
});

/** An event about an add-on; what its detail holds is not published. */
export const addonEvent = (cluster: string, addon: string, type: string): SentEvent => ({
  source: "aws.eks",
  "detail-type": type,
  resources: [`arn:aws:eks:${PLACE}:addon/${cluster}/${addon}/00c0ffee`],
  detail: {},
});
