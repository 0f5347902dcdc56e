import type { FunctionDeclaration, RuleDeclaration, WorkflowDeclaration } from "../core/declaration.ts";
import { planeAlarms } from "./alarms.ts";
import type { Api } from "./api.ts";
import { type Context, contextIn } from "./context.ts";
import { deliveries } from "./events.ts";
import { type Functions, functions } from "./functions.ts";
import { createAlarms } from "./observability.ts";
import { forwarding } from "./rules.ts";
import { createKey } from "./storage.ts";
import { tasksOf } from "./tasks.ts";
import { type WorkflowRoles, workflows } from "./workflows.ts";

/**
 * A further region: Step Functions calls AWS in its own region only, so the workflows and their tasks are in every
 * region that has clusters. Table, bus, API, listeners and schedules are at home; rules bring home what happens.
 */
export function plane(
  home: Context,
  region: string,
  deployed: {
    readonly functions: Functions;
    readonly roles: WorkflowRoles;
    readonly forwarding: aws.iam.Role;
    readonly apiUrl: Api["url"];
  },
  declared: {
    readonly functions: readonly FunctionDeclaration[];
    readonly workflows: readonly WorkflowDeclaration[];
    readonly rules: readonly RuleDeclaration[];
  },
): void {
  const context = contextIn(home, region);
  const key = home.settings.production ? createKey(context) : undefined;
  const { apiUrl } = deployed;
  const { undelivered, alerts } = deliveries(context, { key });
  const tasks = tasksOf(declared.functions, declared.workflows);
  const here = functions(context, { key }, { undelivered, apiUrl }, tasks, [], deployed.functions);
  workflows(context, { key }, here, deployed.roles, declared.workflows);
  forwarding(context, undelivered, deployed.forwarding, declared.rules);
  createAlarms(context, alerts, planeAlarms(context.names));
}
