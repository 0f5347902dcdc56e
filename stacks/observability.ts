import type { FunctionDeclaration, RuleDeclaration, WorkflowDeclaration } from "../core/declaration.ts";
import { type AlarmDeclaration, alarms, apiAlarms, beatingOf } from "./alarms.ts";
import type { Api } from "./api.ts";
import type { Context } from "./context.ts";
import { dashboardBody } from "./dashboard.ts";
import type { Events } from "./events.ts";

/** Alarms on Slipway itself, and the one dashboard. */
export function observability(
  context: Context,
  { alerts }: Events,
  { gateway }: Api,
  declared: {
    readonly functions: readonly FunctionDeclaration[];
    readonly workflows: readonly WorkflowDeclaration[];
    readonly rules: readonly RuleDeclaration[];
  },
): void {
  const { names } = context;
  const { functions, workflows, rules } = declared;
  const watched = alarms(names, beatingOf(rules));
  const apiId = gateway.nodes.api.id;
  createAlarms(context, alerts, watched);
  for (const [index, alarm] of apiAlarms("").entries())
    createAlarm(
      context,
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

/** Alarms that tell a topic of their own region. */
export function createAlarms(
  context: Context,
  alerts: Events["alerts"],
  declared: readonly AlarmDeclaration[],
): void {
  for (const alarm of declared) createAlarm(context, alerts, alarm, alarm.metrics);
}

function createAlarm(
  { names, id, options }: Context,
  alerts: Events["alerts"],
  alarm: AlarmDeclaration,
  metrics: $util.Input<AlarmDeclaration["metrics"]>,
): void {
  new aws.cloudwatch.MetricAlarm(
    `${id(alarm.name)}Alarm`,
    {
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
    },
    options,
  );
}
