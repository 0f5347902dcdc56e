/** A resource as the program registered it, with every input resolved. */
export interface Resource {
  /** `aws:lambda/function:Function`. */
  readonly type: string;
  readonly name: string;
  /** Where it is made. */
  readonly region: string;
  /** Answered by AWS; false for a component, which only groups others. */
  readonly custom: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly id: string | undefined;
  /** Read, not made. */
  readonly existing: boolean;
  readonly parent: string | undefined;
  readonly retainOnDelete: boolean;
  readonly protect: boolean;
}

/** What SST was asked to build. */
export interface Build {
  readonly functionID: string;
  readonly handler: string;
  readonly runtime: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Of the bundle; undefined when bundles were not wanted. */
  readonly bytes?: number;
}

/** The whole deployment of a stage to a region, evaluated without AWS. */
export interface Graph {
  readonly stage: string;
  /** The home region of the stage. */
  readonly region: string;
  readonly account: string;
  readonly app: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly resources: readonly Resource[];
  readonly builds: readonly Build[];
  /** Why the program is not deployable; empty when it is. */
  readonly errors: readonly string[];
}

/** Types of resources that the checks look at. */
export const TYPES = {
  alarm: "aws:cloudwatch/metricAlarm:MetricAlarm",
  api: "aws:apigatewayv2/api:Api",
  apiIntegration: "aws:apigatewayv2/integration:Integration",
  apiRoute: "aws:apigatewayv2/route:Route",
  apiStage: "aws:apigatewayv2/stage:Stage",
  bus: "aws:cloudwatch/eventBus:EventBus",
  busPermission: "aws:cloudwatch/eventPermission:EventPermission",
  dashboard: "aws:cloudwatch/dashboard:Dashboard",
  function: "aws:lambda/function:Function",
  invokeConfig: "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
  key: "aws:kms/key:Key",
  logGroup: "aws:cloudwatch/logGroup:LogGroup",
  permission: "aws:lambda/permission:Permission",
  queue: "aws:sqs/queue:Queue",
  queuePolicy: "aws:sqs/queuePolicy:QueuePolicy",
  role: "aws:iam/role:Role",
  rule: "aws:cloudwatch/eventRule:EventRule",
  ruleTarget: "aws:cloudwatch/eventTarget:EventTarget",
  schedule: "aws:scheduler/schedule:Schedule",
  stateMachine: "aws:sfn/stateMachine:StateMachine",
  subscription: "aws:sns/topicSubscription:TopicSubscription",
  table: "aws:dynamodb/table:Table",
  topic: "aws:sns/topic:Topic",
  topicPolicy: "aws:sns/topicPolicy:TopicPolicy",
} as const;

/** The regions that the stage works in, the home region first. */
export const regionsOf = (graph: Graph): string[] => [
  ...new Set([graph.region, ...ofType(graph, "stateMachine").map(({ region }) => region)]),
];

export const ofType = (graph: Graph, type: keyof typeof TYPES): readonly Resource[] =>
  graph.resources.filter((resource) => resource.type === TYPES[type] && !resource.existing);
