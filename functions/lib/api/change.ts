import type { z } from "zod";
import type { ApiRoute } from "../../../core/api/routes.ts";
import { InvalidInputError } from "../../../core/errors.ts";
import type { OperationType, Override } from "../../../core/operation/types.ts";
import { clusterNamed } from "./clusters.ts";
import { type ApiReply, type ApiRequest, api } from "./http.ts";
import { refuseBlocked, startOperation } from "./operations.ts";
import { planFor } from "./plans.ts";

type ChangeRoute = ApiRoute & { readonly query: z.ZodType<{ dryRun?: boolean | undefined }> };

interface Wanted {
  readonly request: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
  readonly overrides?: readonly Override[] | undefined;
}

/**
 * The handler of a route that changes a managed cluster: plan, show it (dry run) or refuse it when checks block,
 * and start the operation.
 */
export function changeHandler<R extends ChangeRoute>(
  route: R,
  type: OperationType,
  wanted: (request: ApiRequest<R>) => Wanted,
) {
  return api(route, async (request): Promise<ApiReply> => {
    const { runtime, requester, idempotencyKey } = request;
    const record = await clusterNamed(runtime, request.path.cluster ?? "");
    const { request: fields, reason, overrides = [] } = wanted(request);
    const ignoreWindow = ignoreWindowOf({ ...(request.body as object), reason });
    const plan = await planFor(runtime, record, { type, request: fields, overrides, requester });
    if ((request.query as { dryRun?: boolean }).dryRun) return { status: 200, body: plan };
    refuseBlocked(plan);
    const operation = await startOperation({
      runtime,
      type,
      cluster: record.ref,
      requester,
      plan,
      request: fields,
      reason,
      overrides,
      ignoreWindow,
      idempotencyKey,
    });
    return { status: 202, body: operation, headers: { location: `/v1/operations/${operation.id}` } };
  });
}

/** Why a request lets work begin outside of windows; undefined: it does not. Throws InvalidInputError without a reason. */
export function ignoreWindowOf(asked: {
  readonly ignoreWindow?: boolean | undefined;
  readonly reason?: string | undefined;
}): string | undefined {
  if (!asked.ignoreWindow) return undefined;
  if (asked.reason) return asked.reason;
  throw new InvalidInputError([
    {
      field: "reason",
      message: "beginning outside of a window needs a reason, which is recorded with the operation",
    },
  ]);
}
