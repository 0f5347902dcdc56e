import { perRuntime, type Runtime } from "../../adapters/system-runtime.ts";
import { iso } from "../../core/clock.ts";

/** Structured log of one function. Never give it an event, a token or an operation's request as a whole. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"] as const;

/** What JSON would drop: of an error name, message, stack and cause. */
const plain = (_: string, value: unknown): unknown =>
  value instanceof Error
    ? { name: value.name, message: value.message, stack: value.stack, cause: value.cause }
    : value;

/**
 * Log lines go to the runtime's sink where it has one (the embedded platform), else to stdout as a line of JSON each,
 * which CloudWatch can be asked by field. Written to stdout itself: Lambda's own format would wrap what goes through
 * the console.
 */
const loggersOf = perRuntime(({ log: sink, clock, config }: Runtime): TaskLog => {
  const least = LEVELS.indexOf(config.logLevel);
  const to =
    (level: (typeof LEVELS)[number]) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (sink) sink({ level, message, ...fields });
      else if (LEVELS.indexOf(level) >= least) {
        const line = { level, message, timestamp: iso(clock.now()), service: "slipway", ...fields };
        process.stdout.write(`${JSON.stringify(line, plain)}\n`);
      }
    };
  return { debug: to("DEBUG"), info: to("INFO"), warn: to("WARN"), error: to("ERROR") };
});

/** The log with fields that every line of this invocation carries. */
export function logOf(runtime: Runtime, fields: Readonly<Record<string, unknown>>): TaskLog {
  const base = loggersOf(runtime);
  const with_ =
    (level: keyof TaskLog) =>
    (message: string, more: Readonly<Record<string, unknown>> = {}): void =>
      base[level](message, { ...fields, ...more });
  return { debug: with_("debug"), info: with_("info"), warn: with_("warn"), error: with_("error") };
}
