// Draws docs/main-job.svg: the main job as the CLI shows it on a terminal, recorded from a run in virtual time.
import { readFileSync, writeFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { OperationWithSteps } from "../cli/output/operation.ts";
import { progressScreen } from "../cli/output/progress.ts";
import { ENDED } from "../core/operation/types.ts";
import { createPlatform, type Platform } from "../local/platform.ts";
import type { KubeObject } from "../local/world/kubernetes-contract.ts";

const COLUMNS = 118;
const ROWS = 25;
const CHAR = { width: 7.22, height: 16 };
const SECONDS_PER_FRAME = 0.7;
const COLOURS: Readonly<Record<string, string>> = {
  "2": "#8b949e",
  "31": "#ff7b72",
  "32": "#7ee787",
  "33": "#e3b341",
  "35": "#d2a8ff",
  "36": "#79c0ff",
};
const terminal = { write: () => {}, isTTY: true, columns: COLUMNS };
const example = (name: string): string =>
  readFileSync(new URL(`../examples/${name}`, import.meta.url), "utf8");

async function json<T>(platform: Platform, method: string, path: string, body?: string): Promise<T> {
  const init =
    body === undefined ? { method } : { method, body, headers: { "content-type": "application/yaml" } };
  return (await (await platform.gateway.fetch(new Request(`http://127.0.0.1${path}`, init))).json()) as T;
}

/** Frames of an operation, one per `everyMs` of simulated time. */
async function record(
  platform: Platform,
  command: string,
  started: Promise<{ id: string }>,
  everyMs: number,
) {
  const { clock } = platform.kernel;
  const frames: string[] = [];
  const { id } = await started;
  for (;;) {
    await clock.sleep(everyMs);
    const operation = await json<OperationWithSteps>(platform, "GET", `/v1/operations/${id}`);
    frames.push(
      `$ ${command}\n\n${progressScreen(operation, new Date(clock.now()).toISOString(), terminal)}`,
    );
    if (ENDED.has(operation.status)) return frames;
  }
}

const asXml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** `ESC [ n m`, written without the control character itself. */
const ANSI = new RegExp(`${String.fromCharCode(27)}\\[(\\d+)m`);

/** One line with ANSI colours as SVG. */
function lineOf(text: string, y: number): string {
  let style = "";
  const spans = text.split(ANSI).map((part, i) => {
    if (i % 2 === 1) {
      if (COLOURS[part]) style = ` fill="${COLOURS[part]}"`;
      else if (part === "1") style = ' font-weight="bold"';
      else style = "";
      return "";
    }
    return part === "" ? "" : `<tspan${style}>${asXml(part)}</tspan>`;
  });
  return `<text x="14" y="${y}" xml:space="preserve">${spans.join("")}</text>`;
}

function svg(frames: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CHAR.width + 28);
  const height = ROWS * CHAR.height + 28;
  const total = frames.length * SECONDS_PER_FRAME;
  const drawn = frames.map((frame, i) => {
    const lines = frame.split("\n").slice(0, ROWS);
    const text = lines.map((line, row) => lineOf(line, 24 + row * CHAR.height)).join("");
    return `<g class="f" style="animation-delay:${(i * SECONDS_PER_FRAME).toFixed(1)}s">${text}</g>`;
  });
  const share = (100 / frames.length).toFixed(3);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="12" fill="#e6edf3">
<style>.f{visibility:hidden;animation:show ${total.toFixed(1)}s step-end infinite}@keyframes show{0%{visibility:visible}${share}%{visibility:hidden}}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${drawn.join("\n")}
</svg>
`;
}

const platform = await createPlatform({ time: { kind: "virtual" } });
const { clock } = platform.kernel;
const frames = await clock.until(
  (async () => {
    const apply = json<{ id: string }>(platform, "PUT", "/v1/clusters/demo", example("cluster.yaml"));
    const first = await record(platform, "slipway apply -f examples/cluster.yaml --wait", apply, 150_000);
    const arn = `arn:aws:eks:${platform.home.region}:${platform.home.account}:cluster/demo`;
    for (const document of parseAllDocuments(example("workloads.yaml"))) {
      platform.kubernetes.apply(arn, document.toJS() as KubeObject);
    }
    await clock.sleep(300_000);
    const upgrade = json<{ id: string }>(platform, "POST", "/v1/clusters/demo/upgrades", "to: '1.36'");
    const second = await record(platform, "slipway upgrade demo --to 1.36 --wait", upgrade, 75_000);
    const last = [first.at(-1), second.at(-1)].flatMap((frame) => (frame ? [frame, frame] : []));
    return [...first, ...last.slice(0, 2), ...second, ...last.slice(2)];
  })(),
);
await platform.close();
const target = new URL("../docs/main-job.svg", import.meta.url);
writeFileSync(target, svg(frames));
process.stdout.write(`${frames.length} frames in ${target.pathname}\n`);
