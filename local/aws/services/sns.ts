import type { PublishCommand } from "@aws-sdk/client-sns";
import type { Kernel } from "../../kernel/kernel.ts";
import { AwsError, type InputOf, type Scope, type ServiceHandlers } from "../contract.ts";

interface Topic {
  readonly arn: string;
  readonly account: string;
  attributes: Record<string, string>;
  tags: Record<string, string>;
  subscriptions: Subscription[];
}

interface Subscription {
  readonly arn: string;
  readonly protocol: string;
  readonly endpoint: string;
}

/** A message as it was published; delivering it is the listener's business. */
export interface Publication {
  readonly topicArn: string;
  readonly messageId: string;
  readonly message: string;
  readonly subject: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly subscriptions: readonly { readonly protocol: string; readonly endpoint: string }[];
}

const NAME = /^[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;
const MESSAGE_LIMIT = 262_144;

const invalid = (message: string): AwsError =>
  new AwsError("InvalidParameter", `Invalid parameter: ${message}`);

/** SNS: topics and who is subscribed, kept in `kernel.durable`; what is published goes to listeners. */
export function createSns({ kernel }: { readonly kernel: Kernel }) {
  const topics = kernel.durable.map<Topic>("sns.topics");
  const listeners: ((publication: Publication) => void)[] = [];

  function find(arn: string | undefined): Topic {
    const topic = topics.get(arn ?? "");
    if (!topic) throw new AwsError("NotFound", "Topic does not exist", { status: 404 });
    return topic;
  }

  function create(name: string, scope: Scope): Topic {
    if (!NAME.test(name)) throw invalid("Topic Name");
    const arn = `arn:aws:sns:${scope.region}:${scope.account}:${name}`;
    const topic = topics.get(arn) ?? {
      arn,
      account: scope.account,
      attributes: {},
      tags: {},
      subscriptions: [],
    };
    topics.set(arn, topic);
    return topic;
  }

  function publish(input: InputOf<typeof PublishCommand>): { MessageId: string } {
    const topic = find(input.TopicArn ?? input.TargetArn);
    const message = input.Message ?? "";
    if (message === "") throw invalid("Empty message");
    if (Buffer.byteLength(message) > MESSAGE_LIMIT) throw invalid("Message too long");
    const messageId = kernel.ids.uuid();
    const publication: Publication = {
      topicArn: topic.arn,
      messageId,
      message,
      subject: input.Subject,
      attributes: Object.fromEntries(
        Object.entries(input.MessageAttributes ?? {}).map(([key, { StringValue }]) => [
          key,
          StringValue ?? "",
        ]),
      ),
      subscriptions: topic.subscriptions.map(({ protocol, endpoint }) => ({ protocol, endpoint })),
    };
    for (const listener of listeners) listener(publication);
    return { MessageId: messageId };
  }

  const ofScope = ({ account, region }: Scope): Topic[] =>
    [...topics.values()].filter(({ arn }) => arn.startsWith(`arn:aws:sns:${region}:${account}:`));

  const describe = (topic: Topic, { arn, protocol, endpoint }: Subscription) => ({
    SubscriptionArn: arn,
    Owner: topic.account,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: topic.arn,
  });

  const handlers: ServiceHandlers<typeof import("@aws-sdk/client-sns")> = {
    CreateTopic: (input, scope) => {
      const topic = create(input.Name ?? "", scope);
      Object.assign(topic.attributes, input.Attributes);
      for (const { Key, Value } of input.Tags ?? []) if (Key !== undefined) topic.tags[Key] = Value ?? "";
      topics.touch(topic.arn);
      return { TopicArn: topic.arn };
    },
    DeleteTopic: (input) => {
      topics.delete(input.TopicArn ?? "");
      return {};
    },
    ListTopics: (_input, scope) => ({ Topics: ofScope(scope).map(({ arn }) => ({ TopicArn: arn })) }),
    GetTopicAttributes: (input) => {
      const topic = find(input.TopicArn);
      return {
        Attributes: {
          TopicArn: topic.arn,
          Owner: topic.account,
          SubscriptionsConfirmed: String(topic.subscriptions.length),
          SubscriptionsPending: "0",
          SubscriptionsDeleted: "0",
          ...topic.attributes,
        },
      };
    },
    SetTopicAttributes: (input) => {
      const topic = find(input.TopicArn);
      topic.attributes[input.AttributeName ?? ""] = input.AttributeValue ?? "";
      topics.touch(topic.arn);
      return {};
    },
    ListTagsForResource: (input) => ({
      Tags: Object.entries(find(input.ResourceArn).tags).map(([Key, Value]) => ({ Key, Value })),
    }),
    Subscribe: (input) => {
      const topic = find(input.TopicArn);
      const { Protocol: protocol = "", Endpoint: endpoint = "" } = input;
      const known = topic.subscriptions.find((one) => one.protocol === protocol && one.endpoint === endpoint);
      if (known) return { SubscriptionArn: known.arn };
      const arn = `${topic.arn}:${kernel.ids.uuid()}`;
      topic.subscriptions.push({ arn, protocol, endpoint });
      topics.touch(topic.arn);
      return { SubscriptionArn: arn };
    },
    Unsubscribe: (input) => {
      const arn = input.SubscriptionArn ?? "";
      const topic = topics.get(arn.slice(0, arn.lastIndexOf(":")));
      if (topic) {
        topic.subscriptions = topic.subscriptions.filter((one) => one.arn !== arn);
        topics.touch(topic.arn);
      }
      return {};
    },
    ListSubscriptions: (_input, scope) => ({
      Subscriptions: ofScope(scope).flatMap((topic) =>
        topic.subscriptions.map((subscription) => describe(topic, subscription)),
      ),
    }),
    ListSubscriptionsByTopic: (input) => {
      const topic = find(input.TopicArn);
      return { Subscriptions: topic.subscriptions.map((subscription) => describe(topic, subscription)) };
    },
    Publish: (input) => publish(input),
  };

  return {
    handlers,
    /** Told of each message, before its publisher has the answer. */
    onPublish: (listener: (publication: Publication) => void): void => void listeners.push(listener),
  };
}
