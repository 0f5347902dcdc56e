/** A `Resource` of a Task, taken apart. */
export type Resource =
  | { readonly kind: "function"; readonly arn: string; readonly region: string }
  | { readonly kind: "sdk"; readonly service: string; readonly action: string; readonly callback: boolean }
  | {
      readonly kind: "optimized";
      readonly service: string;
      readonly action: string;
      /** "" request and response, ".sync", ".sync:2", ".waitForTaskToken". */
      readonly pattern: string;
    };

const FUNCTION = /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):\d{12}:function:[A-Za-z0-9-_]+(:[A-Za-z0-9-_$]+)?$/;
const SDK = /^arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:aws-sdk:([a-z0-9]+):([A-Za-z0-9]+)(\.waitForTaskToken)?$/;
const OPTIMIZED =
  /^arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:([a-z]+):([A-Za-z]+)(\.sync:2|\.sync|\.waitForTaskToken)?$/;

/** Undefined for what is no resource of Step Functions (an activity included: workers are not served here). */
export function parseResource(resource: string): Resource | undefined {
  const fn = FUNCTION.exec(resource);
  if (fn) return { kind: "function", arn: resource, region: fn[1] ?? "" };
  const sdk = SDK.exec(resource);
  if (sdk)
    return { kind: "sdk", service: sdk[1] ?? "", action: sdk[2] ?? "", callback: sdk[3] !== undefined };
  const optimized = OPTIMIZED.exec(resource);
  if (!optimized || optimized[1] === "activity") return undefined;
  return {
    kind: "optimized",
    service: optimized[1] ?? "",
    action: optimized[2] ?? "",
    pattern: optimized[3] ?? "",
  };
}
