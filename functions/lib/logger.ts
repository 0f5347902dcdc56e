import { LogFormatter, Logger, LogItem } from "@aws-lambda-powertools/logger";
import type { LogEntry } from "../../adapters/runtime.ts";
import { perRuntime, type Runtime } from "../../adapters/system-runtime.ts";
import { type Clock, iso } from "../../core/clock.ts";

/** Structured log of one function. Never give it an event, a token or an operation's request as a whole. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

type Fields = Readonly<Record<string, unknown>>;
type Level = LogEntry["level"];

const LEVELS: readonly Level[] = ["DEBUG", "INFO", "WARN", "ERROR"];

type Formatted = Parameters<LogFormatter["formatAttributes"]>;

/** Lines as Powertools writes them, with the runtime's time. */
class Lines extends LogFormatter {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  formatAttributes(
    { logLevel, message, serviceName, xRayTraceId }: Formatted[0],
    more: Formatted[1],
  ): LogItem {
    const timestamp = iso(this.#clock.now());
    const attributes = {
      level: logLevel,
      message,
      timestamp,
      service: serviceName,
      xray_trace_id: xRayTraceId,
    };
    return new LogItem({ attributes }).addAttributes(more);
  }
}

/**
 * Log lines go to the runtime's sink where it has one (the embedded platform), else through Powertools' logger: a
 * line of JSON each, which CloudWatch can be asked by field. It writes to the streams itself: Lambda's own format
 * would wrap what goes through the console.
 */
const loggersOf = perRuntime(({ log: sink, clock, config }: Runtime): TaskLog => {
  const by = (write: (level: Level, message: string, fields: Fields) => void): TaskLog => ({
    debug: (message, fields = {}) => write("DEBUG", message, fields),
    info: (message, fields = {}) => write("INFO", message, fields),
    warn: (message, fields = {}) => write("WARN", message, fields),
    error: (message, fields = {}) => write("ERROR", message, fields),
  });
  if (sink) return by((level, message, fields) => sink({ level, message, ...fields }));
  const { logLevel } = config;
  const logger = new Logger({ serviceName: "slipway", logLevel, logFormatter: new Lines(clock) });
  const write = {
    DEBUG: logger.debug.bind(logger),
    INFO: logger.info.bind(logger),
    WARN: logger.warn.bind(logger),
    ERROR: logger.error.bind(logger),
  };
  // A level in Lambda's own logging configuration overrules a logger's. It may let through less than the stage asks
  // for, not more.
  const least = LEVELS.indexOf(logLevel);
  return by((level, message, fields) => {
    if (LEVELS.indexOf(level) >= least) write[level](message, { ...fields });
  });
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
