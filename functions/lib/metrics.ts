import type { Runtime } from "../../adapters/runtime.ts";
import { isOverdue, OVERDUE_METRIC } from "../../core/operation/overdue.ts";
import type { Operation } from "../../core/operation/types.ts";

interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly value: number;
}

/**
 * Writes a metric of the stage: a log line in CloudWatch's embedded metric format, which CloudWatch makes the metric
 * from. It costs no call and needs no permission. Written to stdout itself, because Lambda's JSON format would wrap
 * what goes through the console.
 */
export function putMetric(
  runtime: Runtime,
  { namespace, name, value }: Metric,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): void {
  const { clock, config, log } = runtime;
  const line = {
    _aws: {
      Timestamp: clock.now(),
      CloudWatchMetrics: [
        { Namespace: namespace, Dimensions: [["Stage"]], Metrics: [{ Name: name, Unit: "Count" }] },
      ],
    },
    Stage: config.stage,
    [name]: value,
  };
  if (log) log({ level: "INFO", message: "metric", ...line });
  else write(`${JSON.stringify(line)}\n`);
}

/** Tells CloudWatch how many of the running operations take far longer than their plan expected. */
export function putOverdue(runtime: Runtime, operations: readonly Operation[]): void {
  const now = runtime.clock.now();
  const value = operations.filter((operation) => isOverdue(operation, now)).length;
  putMetric(runtime, { ...OVERDUE_METRIC, value });
}
