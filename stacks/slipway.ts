import { apiFunctions, apiRoutes } from "../functions/api/platform.ts";
import { functions as taskFunctions } from "../functions/platform.ts";
import { rules as declaredRules } from "../functions/rules.ts";
import { workflows as declaredWorkflows } from "../workflows/platform.ts";
import { api } from "./api.ts";
import { contextOf } from "./context.ts";
import { events } from "./events.ts";
import { functions } from "./functions.ts";
import { observability } from "./observability.ts";
import { rules } from "./rules.ts";
import { storage } from "./storage.ts";
import { workflows } from "./workflows.ts";

/** Deploys what is declared, all of it and nothing else. Returns what a person needs next. */
export async function slipway(stage: string, env: NodeJS.ProcessEnv) {
  const context = await contextOf(stage, env);
  const declared = [...taskFunctions, ...apiFunctions];
  const stored = storage(context);
  const bus = events(context, stored);
  const deployed = functions(context, stored, bus, declared, declaredRules);
  const machines = workflows(context, stored, deployed, declaredWorkflows);
  const http = api(context, stored, deployed, apiRoutes);
  rules(context, bus, deployed, machines, declaredRules);
  observability(context, bus, http, {
    functions: declared,
    workflows: declaredWorkflows,
    rules: declaredRules,
  });
  const { names } = context;
  return {
    endpoint: http.gateway.url,
    bus: names.bus,
    alerts: bus.alerts.arn,
    dashboard: `https://${names.region}.console.aws.amazon.com/cloudwatch/home?region=${names.region}#dashboards/dashboard/${names.of()}-${names.region}`,
  };
}
