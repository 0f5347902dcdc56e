/** A list price in US dollars. */
export interface Price {
  readonly what: string;
  readonly dollars: number;
  readonly per: string;
  readonly source: string;
}

const aws = (page: string): string => `https://aws.amazon.com/${page}/pricing/`;

/** When the list was last compared with its sources. */
export const PRICES_AS_OF = "2026-11-20";

/** us-east-1, on demand, without free tiers. Other regions differ by some percent. */
export const prices = {
  transition: {
    what: "Step Functions Standard",
    dollars: 0.025e-3,
    per: "state transition",
    source: aws("step-functions"),
  },
  request: { what: "Lambda", dollars: 0.2e-6, per: "request", source: aws("lambda") },
  gbSecond: { what: "Lambda, arm64", dollars: 0.0000133334, per: "GB-second", source: aws("lambda") },
  write: { what: "DynamoDB on demand", dollars: 0.625e-6, per: "write unit", source: aws("dynamodb") },
  read: { what: "DynamoDB on demand", dollars: 0.125e-6, per: "read unit", source: aws("dynamodb") },
  stored: {
    what: "DynamoDB storage and point-in-time recovery",
    dollars: 0.45,
    per: "GB and month",
    source: aws("dynamodb"),
  },
  event: { what: "EventBridge, custom events", dollars: 1e-6, per: "event", source: aws("eventbridge") },
  schedule: { what: "EventBridge Scheduler", dollars: 1e-6, per: "invocation", source: aws("eventbridge") },
  api: { what: "API Gateway, HTTP API", dollars: 1e-6, per: "request", source: aws("api-gateway") },
  logs: { what: "CloudWatch Logs, taken in", dollars: 0.5, per: "GB", source: aws("cloudwatch") },
  alarm: { what: "CloudWatch alarm", dollars: 0.1, per: "metric and month", source: aws("cloudwatch") },
  dashboard: { what: "CloudWatch dashboard", dollars: 3, per: "month", source: aws("cloudwatch") },
  trace: { what: "X-Ray", dollars: 5e-6, per: "trace recorded", source: aws("xray") },
  key: { what: "KMS key", dollars: 1, per: "month", source: aws("kms") },
} as const satisfies Readonly<Record<string, Price>>;
