import { createHash } from "node:crypto";

export interface Place {
  readonly account: string;
  readonly region: string;
}

type Inputs = Readonly<Record<string, unknown>>;

/** What AWS would answer where the program goes on with it: ARNs, ids, versions. */
export interface Answers {
  /** Attributes of a created resource beside its inputs. Throws Error for a type that is not known. */
  readonly created: (type: string, name: string, inputs: Inputs) => { id: string; state: Inputs };
  /** The result of a provider function, or undefined when it is not known. */
  readonly invoked: (token: string, inputs: Inputs) => Inputs | undefined;
}

type Answer = (inputs: Inputs, name: string) => { id?: string; [attribute: string]: unknown };

/** Only what the program needs is answered: what it does not use today must be looked at when it first does. */
export function answersOf({ account, region }: Place): Answers {
  const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${account}:${rest}`;
  const iam = (rest: string): string => `arn:aws:iam::${account}:${rest}`;
  const named = (service: string, prefix = ""): Answer => {
    return ({ name }) => ({ id: String(name), arn: arn(service, `${prefix}${name}`) });
  };
  const plain: Answer = () => ({});
  const resources: Readonly<Record<string, Answer>> = {
    "aws:apigatewayv2/api:Api": () => ({
      id: "a1b2c3d4e5",
      arn: `arn:aws:apigateway:${region}::/apis/a1b2c3d4e5`,
      apiEndpoint: `https://a1b2c3d4e5.execute-api.${region}.amazonaws.com`,
      executionArn: arn("execute-api", "a1b2c3d4e5"),
    }),
    "aws:apigatewayv2/authorizer:Authorizer": plain,
    "aws:apigatewayv2/integration:Integration": plain,
    "aws:apigatewayv2/route:Route": plain,
    "aws:apigatewayv2/stage:Stage": plain,
    "aws:cloudwatch/dashboard:Dashboard": plain,
    "aws:cloudwatch/eventBus:EventBus": named("events", "event-bus/"),
    "aws:cloudwatch/eventPermission:EventPermission": plain,
    "aws:cloudwatch/eventRule:EventRule": ({ name, eventBusName }) => ({
      id: String(name),
      arn: arn("events", `rule/${eventBusName ? `${eventBusName}/` : ""}${name}`),
    }),
    "aws:cloudwatch/eventTarget:EventTarget": plain,
    "aws:cloudwatch/logGroup:LogGroup": named("logs", "log-group:"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": named("cloudwatch", "alarm:"),
    "aws:dynamodb/table:Table": named("dynamodb", "table/"),
    "aws:iam/role:Role": ({ name }) => ({ id: String(name), arn: iam(`role/${name}`) }),
    "aws:kms/alias:Alias": plain,
    "aws:kms/key:Key": () => {
      const keyId = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
      return { id: keyId, keyId, arn: arn("kms", `key/${keyId}`) };
    },
    "aws:lambda/function:Function": ({ name, publish }) => {
      const own = arn("lambda", `function:${name}`);
      return {
        id: String(name),
        arn: own,
        version: publish ? "7" : "$LATEST",
        qualifiedArn: `${own}:${publish ? "7" : "$LATEST"}`,
        invokeArn: `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${own}/invocations`,
      };
    },
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": plain,
    "aws:lambda/permission:Permission": plain,
    "aws:s3/bucketObjectv2:BucketObjectv2": ({ key }) => ({ id: String(key) }),
    "aws:scheduler/schedule:Schedule": named("scheduler", "schedule/default/"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": named("scheduler", "schedule-group/"),
    "aws:sfn/stateMachine:StateMachine": ({ name, publish }) => ({
      id: arn("states", `stateMachine:${name}`),
      arn: arn("states", `stateMachine:${name}`),
      ...(publish ? { stateMachineVersionArn: arn("states", `stateMachine:${name}:3`) } : {}),
    }),
    "aws:sns/topic:Topic": named("sns"),
    "aws:sns/topicPolicy:TopicPolicy": plain,
    "aws:sns/topicSubscription:TopicSubscription": plain,
    "aws:sqs/queue:Queue": ({ name }) => ({
      id: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
      url: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
      arn: arn("sqs", String(name)),
    }),
    "aws:sqs/queuePolicy:QueuePolicy": plain,
    "random:index/randomBytes:RandomBytes": (_, name) => ({
      base64: createHash("sha256").update(name).digest("base64"),
    }),
  };
  const functions: Readonly<Record<string, (inputs: Inputs) => Inputs>> = {
    "aws:index/getCallerIdentity:getCallerIdentity": () => ({
      id: account,
      accountId: account,
      userId: account,
      arn: iam("user/deployer"),
    }),
    "aws:index/getPartition:getPartition": () => ({
      id: "aws",
      partition: "aws",
      dnsSuffix: "amazonaws.com",
      reverseDnsPrefix: "com.amazonaws",
    }),
    "aws:index/getRegion:getRegion": () => ({
      id: region,
      name: region,
      region,
      description: region,
      endpoint: `ec2.${region}.amazonaws.com`,
    }),
    // SST makes a document from `permissions`; our roles carry their own, so what it says here is not deployed.
    "aws:iam/getPolicyDocument:getPolicyDocument": (inputs) => ({ ...inputs, id: "unused", json: "{}" }),
  };
  return {
    created(type, name, inputs) {
      const answer = resources[type];
      if (!answer)
        throw new Error(`what AWS answers to a new ${type} is not known (infra/offline/answers.ts)`);
      const { id, ...attributes } = answer(inputs, name);
      return { id: id ?? `${name}-id`, state: { ...inputs, ...attributes } };
    },
    invoked: (token, inputs) => functions[token]?.(inputs),
  };
}
