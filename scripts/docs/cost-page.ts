import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../../functions/rules.ts";
import { alarms, apiAlarms, beatingOf } from "../../stacks/alarms.ts";
import { namesOf } from "../../stacks/names.ts";
import { type Measurements, measure, memoryOf, type Usage } from "./measure.ts";
import { type Page, table } from "./page.ts";
import { PRICES_AS_OF, prices } from "./prices.ts";

/** What cannot be counted here. Each is said in the page. */
const ASSUMED = {
  /** Seconds of an invocation; one that talks to Kubernetes waits for more. */
  seconds: 0.4,
  kubernetesSeconds: 1.5,
  /** Log lines of an invocation, Lambda's own among them. */
  logBytes: 1200,
  /** A month of one cluster: three minor versions a year, new node images for each of three groups, add-ons. */
  hops: 0.25,
  rotations: 3,
  addonUpdates: 1,
  /** Reads of the API for each cluster: people and scripts. */
  apiReads: 300,
  /** Hours a month and cluster that somebody watches an operation. */
  watchedHours: 1,
} as const;

const DAYS = 30;
const KIB = 1024;
const GB = 1e9;
/** An answer to a long poll comes after this time at the latest. */
const POLL_SECONDS = 20;

/** Dollars by what is paid for. */
type Bill = Readonly<Record<string, number>>;

const add = (...bills: readonly Bill[]): Bill => {
  const sum: Record<string, number> = {};
  for (const bill of bills)
    for (const [what, dollars] of Object.entries(bill)) sum[what] = (sum[what] ?? 0) + dollars;
  return sum;
};
const times = (bill: Bill, n: number): Bill =>
  Object.fromEntries(Object.entries(bill).map(([what, dollars]) => [what, dollars * n]));
const total = (bill: Bill): number => Object.values(bill).reduce((sum, dollars) => sum + dollars, 0);

/** What invocations of a function cost. */
function invocationsOf(name: string, n: number, lasting?: number): Bill {
  const { memoryMB = 512, kubernetes = false } = memoryOf.get(name) ?? {};
  const seconds = lasting ?? (kubernetes ? ASSUMED.kubernetesSeconds : ASSUMED.seconds);
  return {
    Lambda: n * (prices.request.dollars + (seconds * memoryMB * prices.gbSecond.dollars) / KIB),
    Logs: (n * ASSUMED.logBytes * prices.logs.dollars) / GB,
    Traces: n * prices.trace.dollars,
    "API Gateway": name.startsWith("api-") ? n * prices.api.dollars : 0,
  };
}

const billOf = (usage: Usage): Bill =>
  add(
    {
      "Step Functions": usage.transitions * prices.transition.dollars,
      DynamoDB:
        usage.writeUnits * prices.write.dollars +
        usage.readUnits * prices.read.dollars +
        (usage.storedBytes * prices.stored.dollars) / GB,
      EventBridge: usage.customEvents * prices.event.dollars,
      Logs: (usage.historyBytes * prices.logs.dollars) / GB,
      Traces: usage.executions * prices.trace.dollars,
    },
    ...Object.entries(usage.invocations).map(([name, n]) => invocationsOf(name, n)),
  );

/** Metrics that alarms watch, as CloudWatch counts them. */
function alarmMetrics(): number {
  const names = namesOf({ stage: "prod", partition: "aws", account: "111122223333", region: "us-east-1" });
  const watched = alarms(names, beatingOf(rules));
  return [...watched, ...apiAlarms("")].reduce((sum, alarm) => sum + alarm.metrics.length, 0);
}

function idle({ day }: Measurements): Bill {
  const sweeps = day.sweeps * DAYS;
  return add(
    {
      Alarms: alarmMetrics() * prices.alarm.dollars,
      Dashboard: prices.dashboard.dollars,
      "KMS key": prices.key.dollars,
      EventBridge: sweeps * prices.schedule.dollars,
      DynamoDB: day.readUnits * DAYS * prices.read.dollars,
    },
    invocationsOf("sweep-operations", sweeps),
  );
}

/** Somebody watches an operation: one long poll after the other. */
const watching = (hours: number): Bill =>
  invocationsOf("api-list-operation-events", (hours * 3600) / POLL_SECONDS, POLL_SECONDS);

function perCluster({ operations }: Measurements): Bill {
  return add(
    times(billOf(operations.hop), ASSUMED.hops),
    times(billOf(operations.rotation), ASSUMED.rotations),
    times(billOf(operations.addons), ASSUMED.addonUpdates),
    invocationsOf("api-get-cluster", ASSUMED.apiReads),
    watching(ASSUMED.watchedHours),
  );
}

const money = (dollars: number): string => `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
const count = (n: number): string => n.toLocaleString("en", { maximumFractionDigits: 1 });

function operationsTable(operations: Measurements["operations"]): string {
  const names = {
    provision: "create the cluster with 3 node groups",
    hop: "upgrade by one minor version, 3 groups blue/green",
    rotation: "rotate one group of 4 nodes",
    addons: "update two add-ons",
  };
  const rows = Object.entries(operations).map(([key, usage]) => [
    names[key as keyof typeof names],
    count(usage.transitions),
    count(Object.values(usage.invocations).reduce((sum, n) => sum + n, 0)),
    count(usage.writeUnits),
    count(usage.readUnits),
    count(usage.eksCalls),
    `${count(usage.seconds / 60)} min`,
    money(total(billOf(usage))),
  ]);
  const head = [
    "operation",
    "transitions",
    "invocations",
    "write units",
    "read units",
    "EKS calls",
    "time",
    "price",
  ];
  return table(head, rows);
}

function monthTable(measured: Measurements): string {
  const nothing = idle(measured);
  const hundred = add(nothing, times(perCluster(measured), 100));
  const parts = [...new Set([...Object.keys(nothing), ...Object.keys(hundred)])].sort();
  const rows = parts.map((part) => [part, money(nothing[part] ?? 0), money(hundred[part] ?? 0)]);
  return table(
    ["a month", "idle", "100 clusters"],
    [...rows, ["**total**", `**${money(total(nothing))}**`, `**${money(total(hundred))}**`]],
  );
}

const priceTable = (): string =>
  table(
    ["price", "US dollars", "per", "source"],
    Object.values(prices).map(({ what, dollars, per, source }) => [
      what,
      dollars
        .toFixed(10)
        .replace(/(\.\d*?)0+$/, "$1")
        .replace(/\.$/, ""),
      per,
      source,
    ]),
  );

/** The measured part of docs/cost.md. */
export function costSection(measured: Measurements): string {
  return `## Per month

${monthTable(measured)}

A cluster more costs ${money(total(perCluster(measured)))} a month; an hour of watching an operation ${money(total(watching(1)))}.

## Per operation

Counted on the embedded platform in virtual time, on the example cluster.

${operationsTable(measured.operations)}

## What is assumed

- Durations, which cannot be measured here: ${ASSUMED.seconds} s an invocation, ${ASSUMED.kubernetesSeconds} s for those that talk to Kubernetes.
- ${ASSUMED.logBytes} bytes of log lines an invocation; Step Functions logs every event, without data as in production.
- Every invocation and execution is traced. X-Ray's own sampling makes it less.
- A cluster a month: ${ASSUMED.hops} upgrades by one minor version, ${ASSUMED.rotations} rotations of a node group (new images), ${ASSUMED.addonUpdates} update of add-ons, ${ASSUMED.apiReads} reads of the API, and ${ASSUMED.watchedHours} hour in which somebody watches an operation.
- The alarms watch ${alarmMetrics()} metrics; the sweep runs ${measured.day.sweeps} times a day.

## Prices

us-east-1, on demand, as of ${PRICES_AS_OF}.

${priceTable()}
`;
}

const BEGIN = "<!-- Made by `npm run docs:generate` from here on. Do not edit. -->";
const PATH = "docs/cost.md";

/** docs/cost.md: what people wrote, and the measured part behind it. */
export async function costPage(): Promise<Page> {
  const written = readFileSync(join(import.meta.dirname, "../..", PATH), "utf8").split(BEGIN)[0] ?? "";
  return { path: PATH, text: `${written}${BEGIN}\n\n${costSection(await measure())}` };
}
