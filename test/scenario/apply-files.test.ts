import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Plan } from "../../core/operation/types.ts";
import { runCli } from "../builders/cli.ts";
import { startRig } from "../builders/platform.ts";

const FILES = new URL("../../../shared/cases/eksctl/", import.meta.url);
const there = existsSync(FILES);
if (!there) console.warn("no eksctl files beside the project: test/scenario/apply-files.test.ts is skipped");

describe.skipIf(!there)("a file of eksctl, applied to the cluster that was made from it", () => {
  it.each(there ? readdirSync(FILES).toSorted() : [])("%s changes nothing", async (file) => {
    const text = readFileSync(new URL(file, FILES), "utf8");
    const name = parseAllDocuments(text)[0]?.getIn(["metadata", "name"]);
    const rig = await startRig({ onFailure: () => {} });
    try {
      const { gateway, kernel } = rig.platform;
      const send = (request: Request): Promise<Response> => gateway.fetch(request);
      const made = await kernel.clock.until(
        runCli(["apply", "-f", "file.yaml", "--wait", "--yes"], send, { "file.yaml": text }),
      );
      // What is refused or cannot be made is another test's.
      if (made.code !== 0) return;
      const response = await rig.api("PUT", `/v1/clusters/${String(name)}?dryRun=true`, text);
      const { differences, ...plan } = (await response.json()) as Plan;
      expect(differences, JSON.stringify(plan)).toEqual([]);
    } finally {
      await rig.close();
    }
  });
});
