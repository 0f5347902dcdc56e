import type { AwsEndpoint } from "../aws/contract.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Executions } from "./api/executions.ts";
import { Machines } from "./api/machines.ts";
import { mapRunHandlers } from "./api/map-runs.ts";
import { taskHandlers } from "./api/tasks.ts";
import type { Engine, SdkIntegrations } from "./contract.ts";
import { Validator } from "./definition/validate.ts";
import { openDocuments } from "./documents.ts";
import { createIntegrations } from "./integrations/registry.ts";
import { Interpreter } from "./interpreter.ts";

/**
 * The embedded Step Functions: state machines in the JSONata query language, executed durably on the kernel's
 * clock. Services are called through `endpoint` and `sdk` only.
 */
export function createEngine(options: {
  readonly kernel: Kernel;
  readonly endpoint: AwsEndpoint;
  readonly sdk: SdkIntegrations;
}): Engine {
  const { kernel, endpoint, sdk } = options;
  const interpreter = new Interpreter(
    kernel,
    openDocuments(kernel.durable),
    createIntegrations(kernel, endpoint, sdk),
  );
  const machines = new Machines(interpreter, new Validator(interpreter.expressions, sdk));
  const executions = new Executions(interpreter, machines);
  return {
    handlers: {
      ...machines.handlers,
      ...executions.handlers,
      ...taskHandlers(interpreter),
      ...mapRunHandlers(interpreter),
    },
    resume: () => interpreter.lifecycle.resume(),
    onStatusChange: (listener) => interpreter.lifecycle.onStatusChange(listener),
    get transitions() {
      return interpreter.transitions;
    },
  };
}
