import { PublishCommand, SNSClient, type SNSClientConfig } from "@aws-sdk/client-sns";
import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";

export interface TopicPort {
  publish(
    topicArn: string,
    message: {
      readonly subject: string;
      readonly message: string;
      readonly attributes: Readonly<Record<string, string>>;
    },
  ): Promise<void>;
}

/** Topics of Slipway's own account. Errors as {@link aws}. */
export const topicsOf = perRuntime((runtime): TopicPort => {
  const client = new SNSClient(runtime.aws as SNSClientConfig);
  return {
    async publish(topicArn, { subject, message, attributes }) {
      await aws(`sns Publish ${topicArn}`, () =>
        client.send(
          new PublishCommand({
            TopicArn: topicArn,
            Subject: subject,
            Message: message,
            MessageAttributes: Object.fromEntries(
              Object.entries(attributes).map(([name, value]) => [
                name,
                { DataType: "String", StringValue: value },
              ]),
            ),
          }),
        ),
      );
    },
  };
});
