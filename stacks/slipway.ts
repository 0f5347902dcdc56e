import { apiFunctions, apiRoutes } from "../functions/api/platform.ts";
import { functions as taskFunctions } from "../functions/platform.ts";
import { rules as declaredRules } from "../functions/rules.ts";
import { workflows as declaredWorkflows } from "../workflows/platform.ts";
import { api, routes } from "./api.ts";
import { contextOf } from "./context.ts";
import { events } from "./events.ts";
import { functions } from "./functions.ts";
import { observability } from "./observability.ts";
import { plane } from "./plane.ts";
import { forwardingRole, rules } from "./rules.ts";
import { storage } from "./storage.ts";
import { wake } from "./wake.ts";
import { workflowRoles, workflows } from "./workflows.ts";

/** Deploys what is declared, all of it and nothing else. Returns what a person needs next. */
export async function slipway(stage: string, env: NodeJS.ProcessEnv) {
  const context = await contextOf(stage, env);
  const declared = {
    functions: [...taskFunctions, ...apiFunctions],
    workflows: declaredWorkflows,
    rules: declaredRules,
  };
  const stored = storage(context);
  const bus = events(context, stored);
  const http = api(context, stored);
  const told = { ...bus, apiUrl: http.url };
  const deployed = functions(context, stored, told, declared.functions, declaredRules);
  const roles = workflowRoles(context, declaredWorkflows);
  const machines = workflows(context, stored, deployed, roles, declaredWorkflows);
  routes(context, http, deployed, apiRoutes);
  rules(context, bus, deployed, machines, declaredRules);
  wake(context);
  observability(context, bus, http, declared);
  const { names } = context;
  if (names.furtherRegions.length > 0) {
    const shared = { functions: deployed, roles, forwarding: forwardingRole(context), apiUrl: http.url };
    for (const region of names.furtherRegions) plane(context, region, shared, declared);
  }
  return {
    endpoint: http.url,
    bus: names.bus,
    alerts: bus.alerts.arn,
    dashboard: `https://${names.region}.console.aws.amazon.com/cloudwatch/home?region=${names.region}#dashboards/dashboard/${names.of()}-${names.region}`,
  };
}
