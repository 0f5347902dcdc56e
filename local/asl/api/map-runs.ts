import type * as sfn from "@aws-sdk/client-sfn";
import { AwsError } from "../../aws/contract.ts";
import type { MapRunDoc } from "../documents.ts";
import type { Interpreter } from "../interpreter.ts";
import type { SfnHandlers } from "./machines.ts";
import { checkArn } from "./names.ts";
import { page } from "./paging.ts";

/** Runs of distributed Maps. */
export function mapRunHandlers(interpreter: Interpreter): SfnHandlers {
  const { documents } = interpreter;

  function counts(run: MapRunDoc, weight: (index: number) => number): sfn.MapRunExecutionCounts {
    const count = { pending: 0, running: 0, succeeded: 0, failed: 0, timedOut: 0, aborted: 0 };
    let total = 0;
    for (let i = 0; i < run.itemCounts.length; i++) {
      const status = documents.executions.get(run.children[i] ?? "")?.status;
      const amount = weight(i);
      total += amount;
      if (status === "RUNNING") count.running += amount;
      else if (status === "SUCCEEDED") count.succeeded += amount;
      else if (status === "FAILED") count.failed += amount;
      else if (status === "TIMED_OUT") count.timedOut += amount;
      else if (status === "ABORTED") count.aborted += amount;
      else count.pending += amount;
    }
    return { ...count, total, resultsWritten: 0 };
  }

  return {
    ListMapRuns: (input) => {
      const arn = checkArn(input.executionArn);
      if (!documents.executions.has(arn))
        throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
      const all = [...documents.mapRuns.values()].filter((run) => run.execution === arn).reverse();
      const { items, nextToken } = page(all, input);
      return {
        mapRuns: items.map((run) => ({
          executionArn: run.execution,
          mapRunArn: run.arn,
          stateMachineArn: `${run.machine}/${run.label}`,
          startDate: new Date(run.startedAt),
          ...(run.stoppedAt === null ? {} : { stopDate: new Date(run.stoppedAt) }),
        })),
        ...(nextToken === undefined ? {} : { nextToken }),
      };
    },
    DescribeMapRun: (input) => {
      const run = documents.mapRuns.get(checkArn(input.mapRunArn));
      if (!run) throw new AwsError("ResourceNotFound", `Resource not found: '${input.mapRunArn}'`);
      return {
        mapRunArn: run.arn,
        executionArn: run.execution,
        status: run.status,
        startDate: new Date(run.startedAt),
        ...(run.stoppedAt === null ? {} : { stopDate: new Date(run.stoppedAt) }),
        maxConcurrency: run.maxConcurrency,
        toleratedFailurePercentage: run.toleratedPercentage,
        toleratedFailureCount: run.toleratedCount,
        itemCounts: counts(run, (i) => run.itemCounts[i] ?? 0),
        executionCounts: counts(run, () => 1),
        redriveCount: run.redrives,
        ...(run.redrivenAt === null ? {} : { redriveDate: new Date(run.redrivenAt) }),
      };
    },
  };
}
