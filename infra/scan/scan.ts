import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deployments, evaluate, readGraph } from "../evaluations.ts";
import { install } from "../install.ts";
import type { Graph } from "../offline/graph.ts";
import { type Exception, exceptions } from "./exceptions.ts";
import { terraformPlan } from "./terraform-plan.ts";

/**
 * `npm run scan:infra`: the production deployments under the rules of Checkov, a policy scanner in Python, which
 * is installed once from PyPI under .build/. Ends with 1 when a rule is broken that infra/scan/exceptions.ts does
 * not name, when an exception is not needed any more, or when the scanner overlooks a deliberate defect.
 */
const CHECKOV = "checkov==3.3.30";
const root = { root: join(import.meta.dirname, "..", "..") };
const folder = join(root.root, ".build", "scan");
const python = join(folder, "venv", "bin");

interface Failed {
  readonly check_id: string;
  readonly check_name: string;
  readonly resource: string;
}

function call(program: string, args: readonly string[]): { status: number | null; stdout: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (error) throw new Error(`${program} cannot run: ${error.message}. The scan needs Python 3.9 or later.`);
  if (status !== 0 && stdout === "") throw new Error(`${program} ended with ${status}\n${stderr}`);
  return { status, stdout };
}

function installScanner(): void {
  mkdirSync(folder, { recursive: true });
  const stamp = join(folder, "installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === CHECKOV) return;
  call("python3", ["-m", "venv", join(folder, "venv")]);
  const { status, stdout } = call(join(python, "pip"), ["install", "--progress-bar", "off", CHECKOV]);
  if (status !== 0) throw new Error(stdout);
  writeFileSync(stamp, CHECKOV);
}

/** Breaches of the scanner's rules, and how many rules were kept. */
function scan(name: string, graph: Graph): { passed: number; failed: readonly Failed[] } {
  const plan = join(folder, `${name}.json`);
  writeFileSync(plan, JSON.stringify(terraformPlan(graph)));
  const { stdout } = call(join(python, "checkov"), [
    ...["--file", plan, "--framework", "terraform_plan"],
    ...["--output", "json", "--compact", "--quiet", "--skip-download"],
  ]);
  const { results, summary } = JSON.parse(stdout) as {
    results: { failed_checks: Failed[] };
    summary: { passed: number };
  };
  return { passed: summary.passed, failed: results.failed_checks };
}

/** The deployment without point-in-time recovery: what the scanner must find. */
const defective = (graph: Graph): Graph => ({
  ...graph,
  resources: graph.resources.map((resource) =>
    resource.type === "aws:dynamodb/table:Table"
      ? { ...resource, inputs: { ...resource.inputs, pointInTimeRecovery: { enabled: false } } }
      : resource,
  ),
});

const isFor = ({ id, on }: Exception, { check_id, resource }: Failed): boolean =>
  id === check_id && (on === undefined || on.test(resource));

const problems: string[] = [];
await install(root);
installScanner();
for (const deployment of deployments.filter(({ stage }) => stage === "prod")) {
  const { name } = deployment;
  await evaluate(root, deployment);
  const graph = readGraph(root, name);
  problems.push(...graph.errors);
  const { passed, failed } = scan(name, graph);
  const broken = failed.filter((one) => !exceptions.some((exception) => isFor(exception, one)));
  problems.push(...broken.map((one) => `${name}: ${one.resource}: ${one.check_name} (${one.check_id})`));
  for (const exception of exceptions)
    if (!failed.some((one) => isFor(exception, one)))
      problems.push(`exception ${exception.id} is not needed in ${name}`);
  if (!scan("defective", defective(graph)).failed.some(({ check_id }) => check_id === "CKV_AWS_28"))
    problems.push(`${name}: a table without point-in-time recovery is not found`);
  console.log(
    `${name} (${deployment.region}): ${passed} checks passed, ${broken.length} broken, ${failed.length - broken.length} under ${exceptions.length} exceptions`,
  );
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
