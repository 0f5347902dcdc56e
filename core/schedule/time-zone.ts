/** An IANA time zone, for the difference between its wall clocks and UTC. */
export interface TimeZone {
  readonly name: string;
  /** Milliseconds that the zone's wall clocks are ahead of UTC at `instant`. */
  offset(instant: number): number;
  /**
   * The first instant at which the zone's wall clocks show `local` (a wall-clock time as if it were UTC);
   * undefined where they skip it.
   */
  instant(local: number): number | undefined;
}

const DAY = 86_400_000;
const zones = new Map<string, TimeZone>();

function offsets(name: string): (instant: number) => number {
  if (name === "UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
  };
}

/** The zone of an IANA name; undefined for a name that is none. Plain offsets (`+02:00`) are none. */
export function timeZone(name: string): TimeZone | undefined {
  const known = zones.get(name);
  if (known) return known;
  if (/^[+-]/.test(name)) return undefined;
  let offset: (instant: number) => number;
  try {
    offset = offsets(name);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const zone: TimeZone = {
    name,
    offset,
    instant: (local) => {
      // No zone changes its clocks twice within two days: one of the two offsets around `local` applies to it.
      const before = local - offset(local - DAY);
      if (before + offset(before) === local) return before;
      const after = local - offset(local + DAY);
      return after + offset(after) === local ? after : undefined;
    },
  };
  zones.set(name, zone);
  return zone;
}
