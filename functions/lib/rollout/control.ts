import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import type { ApiRoute } from "../../../core/api/routes.ts";
import { iso } from "../../../core/clock.ts";
import { TerminalError } from "../../../core/errors.ts";
import { noted, ROLLOUT_ENDED, type RolloutRecord } from "../../../core/rollout/record.ts";
import { api } from "../api/http.ts";
import { logOf } from "../logger.ts";
import { callOff } from "./member-work.ts";
import { isInWork, updateRollout, waveMembers } from "./records.ts";
import { wakeRollout } from "./start.ts";
import { rolloutView } from "./view.ts";

export type RolloutVerb = "pause" | "resume" | "abort" | "approve";

interface Asked {
  readonly by: string;
  readonly at: string;
  readonly reason?: string | undefined;
  readonly running?: "cancel" | "finish" | undefined;
}

const refuse = (message: string, remedy: string): never => {
  throw new TerminalError(message, { code: "RolloutNotControllable", remedy });
};

/** The record after somebody asked for something. Throws TerminalError when that cannot be asked of it now. */
export function controlled(record: RolloutRecord, verb: RolloutVerb, asked: Asked): RolloutRecord {
  const { by, at, reason, running = record.spec.onAbort } = asked;
  const why = reason ? `: ${reason}` : "";
  if (ROLLOUT_ENDED.has(record.status) || record.stopping !== undefined)
    refuse(
      `rollout ${record.id} ${ROLLOUT_ENDED.has(record.status) ? `has ended: ${record.status}` : "is ending"}`,
      "Only a rollout that goes on can be controlled.",
    );
  switch (verb) {
    case "pause":
      if (record.control.request === "abort") refuse("it is being aborted", "Nothing more begins anyway.");
      return noted(
        { ...record, control: { request: "pause", by, at, ...(reason ? { reason } : {}) } },
        at,
        `pause asked for by ${by}${why}`,
      );
    case "resume":
      if (record.control.request !== "pause")
        refuse(
          `rollout ${record.id} is not paused`,
          record.status === "AwaitingApproval"
            ? `Let the wave begin with: slipway rollout approve ${record.id}`
            : "It goes on by itself.",
        );
      return noted({ ...record, control: {} }, at, `resumed by ${by}${why}`);
    case "abort":
      return noted(
        { ...record, control: { request: "abort", by, at, running, ...(reason ? { reason } : {}) } },
        at,
        `abort asked for by ${by}${why}`,
      );
    case "approve": {
      if (record.status !== "AwaitingApproval")
        refuse(`rollout ${record.id} does not wait for an approval`, "See slipway describe rollout.");
      if (by === record.requester)
        throw new TerminalError("whoever asked for a rollout may not approve its waves", {
          code: "Forbidden",
          remedy: "Let somebody else approve it.",
        });
      const wave = record.waves[record.wave];
      return noted(
        { ...record, approvals: [...record.approvals, { wave: record.wave, by, at }] },
        at,
        `${wave?.name ?? "wave"} approved by ${by}${why}`,
      );
    }
  }
}

type ControlRoute = Extract<
  typeof import("../../../core/api/routes.ts").routes[
    | "pauseRollout"
    | "resumeRollout"
    | "abortRollout"
    | "approveRollout"],
  ApiRoute
>;

/** The handler of a route that asks something of a rollout. It takes effect between clusters, at once where it waits. */
export const controlHandler = (route: ControlRoute, verb: RolloutVerb) =>
  api(route, async ({ path, body, requester, runtime }) => {
    const store = storeOf(runtime);
    const at = iso(runtime.clock.now());
    const rollout = await updateRollout(store, path.rollout ?? "", (current) =>
      controlled(current, verb, { by: requester, at, reason: body.reason, running: body.running }),
    );
    if (verb === "abort" && rollout.control.running === "cancel") {
      const context = { runtime, store, log: logOf(runtime, { route: route.id }) };
      // Those that are being started just now are called off when they are looked at.
      for (const member of (await waveMembers(store, rollout.id, rollout.wave)).filter(isInWork))
        for (const { id, status } of member.operations) {
          const operation = status === undefined ? await store.getOperation(id) : undefined;
          if (operation) await callOff({ context, rollout, member }, operation);
        }
    }
    await wakeRollout(runtime, rollout.id);
    return { status: 200, body: rolloutView(rollout) };
  });
