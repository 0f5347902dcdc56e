import { iso } from "../../core/clock.ts";
import type { MaintenanceWindow } from "../../core/policy/windows.ts";
import type { ResolvedWindows } from "../../core/windows/resolve.ts";
import { Calendar, type WindowState } from "../../core/windows/windows.ts";

/** The state of windows as the API tells it. */
export function stateView(state: WindowState) {
  const { open, reason } = state;
  const at = state.open ? state.closesAt : state.opensAt;
  if (at === undefined) return { open, reason };
  return open ? { open, closesAt: iso(at), reason } : { open, opensAt: iso(at), reason };
}

export const windowView = (window: MaintenanceWindow, revision: number, now: number) => ({
  name: window.metadata.name,
  window,
  state: stateView(new Calendar(window).at(now)),
  revision,
});

/** The next times at which it is open, the present one first. */
export function nextOpenings(windows: ResolvedWindows, now: number, count: number) {
  const calendar = new Calendar(windows);
  const found: { opensAt: string; closesAt?: string; reason: string }[] = [];
  let at: number | undefined = calendar.nextOpening(now);
  while (at !== undefined && found.length < count) {
    const state = calendar.at(at);
    const closesAt = state.open ? state.closesAt : undefined;
    found.push({
      opensAt: iso(at),
      ...(closesAt === undefined ? {} : { closesAt: iso(closesAt) }),
      reason: state.reason,
    });
    at = closesAt === undefined ? undefined : calendar.nextOpening(closesAt);
  }
  return found;
}
