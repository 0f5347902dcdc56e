import { Logger } from "@aws-lambda-powertools/logger";
import { perRuntime, type Runtime } from "../../adapters/system-runtime.ts";

/** Structured log of one function. Never give it an event, a token or an operation's request as a whole. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Log lines go to the runtime's sink where it has one (the embedded platform), else to CloudWatch by stdout. */
const loggersOf = perRuntime((runtime: Runtime): TaskLog => {
  const sink = runtime.log;
  if (sink) {
    const to =
      (level: "DEBUG" | "INFO" | "WARN" | "ERROR") =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
        sink({ level, message, ...fields });
    return { debug: to("DEBUG"), info: to("INFO"), warn: to("WARN"), error: to("ERROR") };
  }
  const logger = new Logger({ serviceName: "slipway", logLevel: runtime.config.logLevel });
  return {
    debug: (message, fields = {}) => logger.debug(message, { ...fields }),
    info: (message, fields = {}) => logger.info(message, { ...fields }),
    warn: (message, fields = {}) => logger.warn(message, { ...fields }),
    error: (message, fields = {}) => logger.error(message, { ...fields }),
  };
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
