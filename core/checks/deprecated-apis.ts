import type { DeprecatedCall } from "../snapshot.ts";
import { compareVersions } from "../versions/version.ts";
import { block, type Check, type CheckResult, info, listed, UPGRADE, unknown, warn } from "./check.ts";

const total = (calls: readonly DeprecatedCall[]): number =>
  calls.reduce((sum, call) => sum + call.requests, 0);

/** Who calls what, the busiest first: the program's name is enough to find it. */
const callers = (calls: readonly DeprecatedCall[]): string =>
  listed([
    ...new Set(
      calls.toSorted((a, b) => b.requests - a.requests).map((call) => call.userAgent.split(" ")[0] ?? ""),
    ),
  ]);

export const deprecatedApis: Check = {
  code: "DEPRECATED_APIS",
  title: "Nobody calls an API that is gone after the upgrade",
  guards: UPGRADE,
  run({ snapshot, hops }) {
    const next = hops[0];
    if (!snapshot.auditLog.ok || next === undefined) return [];
    const log = snapshot.auditLog.value;
    const subject = `audit log of ${snapshot.ref.name}`;
    switch (log.state) {
      case "off":
        return [
          info(
            subject,
            "is switched off, so that only EKS's insights tell of calls to deprecated APIs",
            "Consider the log type audit: it names the callers of the last hours.",
          ),
        ];
      case "missing":
        return [
          warn(
            subject,
            `is switched on, but there is no log group ${log.logGroup}; only EKS's insights tell of deprecated APIs`,
            "Find out who deleted the log group; EKS makes it again when the log type is switched off and on.",
          ),
        ];
      case "unfinished":
        return [
          (log.final ? unknown : warn)(
            subject,
            `the query for calls to deprecated APIs did not end within ${Math.round(log.waitedMs / 1000)} s`,
            log.final
              ? "Try again, or override when EKS's insights are enough for you."
              : "Nothing to do: it is asked again, with more time, before the first step.",
          ),
        ];
      case "read": {
        const last = hops.at(-1) ?? next;
        const groups = Map.groupBy(log.calls, ({ api, removedIn }) => `${removedIn} ${api}`);
        return [...groups.values()].flatMap((calls): CheckResult[] => {
          const [first] = calls;
          // What is gone already was refused when it was called.
          if (!first || compareVersions(first.removedIn, snapshot.cluster.version) <= 0) return [];
          if (compareVersions(first.removedIn, last) > 0) return [];
          const now = compareVersions(first.removedIn, next) <= 0;
          return [
            (now ? block : warn)(
              `api ${first.api}`,
              `is not served from ${first.removedIn} on, and was called ${total(calls)} time${total(calls) === 1 ? "" : "s"} in the last ${log.hours} hours by ${callers(calls)}`,
              now
                ? "Update these clients first; override when they are fixed and the calls are old."
                : `Update these clients; this stops the upgrade before ${first.removedIn}.`,
            ),
          ];
        });
      }
    }
  },
};
