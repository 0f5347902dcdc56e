import type { FunctionDeclaration, RuleDeclaration, WorkflowDeclaration } from "../core/declaration.ts";
import { type AlarmDeclaration, alarms, apiAlarms } from "./alarms.ts";
import type { Api } from "./api.ts";
import type { Context } from "./context.ts";
import { dashboardBody } from "./dashboard.ts";
import type { Events } from "./events.ts";
import { logical } from "./names.ts";

/** Alarms on Slipway itself, and the one dashboard. */
export function observability(
  { names }: Context,
  { alerts }: Events,
  { gateway }: Api,
  declared: {
    readonly functions: readonly FunctionDeclaration[];
    readonly workflows: readonly WorkflowDeclaration[];
    readonly rules: readonly RuleDeclaration[];
  },
): void {
  const { functions, workflows, rules } = declared;
  const targets = (wanted: (rule: RuleDeclaration) => boolean): Set<string> =>
    new Set(rules.filter(wanted).flatMap(({ target }) => ("function" in target ? [target.function] : [])));
  const watched = alarms({
    names,
    workflows,
    functions,
    listening: targets(() => true),
    beating: targets(
      (rule) => "schedule" in rule && /^rate\((1 minute|[2-9] minutes|1[0-5] minutes)\)$/.test(rule.schedule),
    ),
  });
  const apiId = gateway.nodes.api.id;
  for (const alarm of watched) createAlarm(names, alerts, alarm, alarm.metrics);
  for (const [index, alarm] of apiAlarms("").entries())
    createAlarm(
      names,
      alerts,
      alarm,
      apiId.apply((id) => apiAlarms(id)[index]?.metrics ?? []),
    );
  const alarmArns = [...watched, ...apiAlarms("")].map(({ name }) =>
    names.arn("cloudwatch", `alarm:${names.of(name)}`),
  );
  new aws.cloudwatch.Dashboard("Dashboard", {
    // Dashboards are the account's, not the region's.
    dashboardName: `${names.of()}-${names.region}`,
    dashboardBody: apiId.apply((id) =>
      JSON.stringify(dashboardBody({ names, apiId: id, workflows, functions, alarmArns })),
    ),
  });
}

function createAlarm(
  names: Context["names"],
  alerts: Events["alerts"],
  alarm: AlarmDeclaration,
  metrics: $util.Input<AlarmDeclaration["metrics"]>,
): void {
  new aws.cloudwatch.MetricAlarm(`${logical(alarm.name)}Alarm`, {
    name: names.of(alarm.name),
    alarmDescription: alarm.meaning,
    comparisonOperator: alarm.comparison,
    threshold: alarm.threshold,
    evaluationPeriods: alarm.periods,
    treatMissingData: alarm.silence,
    alarmActions: [alerts.arn],
    okActions: [alerts.arn],
    metricQueries: $util.output(metrics).apply((list) => [
      ...list.map((metric, index) => ({
        id: `m${index}`,
        metric: {
          namespace: metric.namespace,
          metricName: metric.name,
          dimensions: { ...metric.dimensions },
          stat: metric.stat,
          period: alarm.periodSeconds,
        },
        returnData: false,
      })),
      {
        id: "watched",
        label: alarm.name,
        // A metric without data would make the whole sum undefined.
        expression: list.map((_, index) => `FILL(m${index}, 0)`).join(" + "),
        returnData: true,
      },
    ]),
  });
}
