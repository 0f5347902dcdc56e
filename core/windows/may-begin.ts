import type { Calendar } from "./windows.ts";

export type MayBegin =
  | {
      readonly go: true;
      /** Said in the log: no window is long enough. */
      readonly note?: string;
    }
  | { readonly go: false; readonly until?: number; readonly reason: string };

const hours = (seconds: number): string =>
  seconds >= 5400 ? `${Math.round(seconds / 360) / 10} h` : `${Math.ceil(seconds / 60)} min`;

/**
 * Whether work of so many seconds, that cannot stop in between, may begin now: in an open window that is long
 * enough for it. Where none of the next windows is so long it begins all the same, in the first half of one, so
 * that most of it is inside: to wait for ever would be no answer.
 */
export function mayBegin(calendar: Calendar, now: number, seconds: number): MayBegin {
  const state = calendar.at(now);
  const ms = seconds * 1000;
  const takes = `what comes next takes about ${hours(seconds)}`;
  if (!state.open) {
    if (state.opensAt === undefined) return { go: false, reason: state.reason };
    const until = calendar.nextFit(state.opensAt, ms) ?? state.opensAt;
    if (until === state.opensAt) return { go: false, until, reason: state.reason };
    const next = calendar.describe(until);
    return {
      go: false,
      until,
      reason: `${state.reason}; ${takes}, for which ${next.name} is long enough that opens ${next.at}`,
    };
  }
  const { closesAt } = state;
  if (closesAt === undefined || now + ms <= closesAt) return { go: true };
  const fits = calendar.nextFit(now, ms);
  if (fits !== undefined) {
    const next = calendar.describe(fits);
    return {
      go: false,
      until: fits,
      reason: `${takes}, and ${state.reason}; ${next.name} opens ${next.at}`,
    };
  }
  const opened = calendar.openedAt(now);
  if (opened !== undefined && now - opened > (closesAt - opened) / 2) {
    const again = calendar.nextOpening(closesAt);
    const next = again === undefined ? undefined : calendar.describe(again);
    if (again !== undefined && next)
      return {
        go: false,
        until: again,
        reason: `${takes}, no window is so long, and more than half of this one is over; ${next.name} opens ${next.at}`,
      };
  }
  return { go: true, note: `${takes}, which is longer than any window: it goes on after the window closes` };
}
