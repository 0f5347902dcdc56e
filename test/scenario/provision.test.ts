import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startRig } from "../builders/platform.ts";
import {
  applyFile,
  inventory,
  type Problem,
  regionsIn,
  shortcomings,
  untilEnded,
} from "../builders/provisioning.ts";

const folder = join(import.meta.dirname, "../../../shared/cases/eksctl");
const there = existsSync(folder);
if (!there) console.warn(`SKIPPED: eksctl's own files are not at ${folder}`);

/** What is refused, with the field and a word of the reason. */
const REFUSED: Readonly<Record<string, readonly [field: string, reason: RegExp]>> = {
  "30-vpc-with-ip-family.yaml": ["metadata.version", /does not offer Kubernetes 1.21/],
  "36-outposts-vpc.yaml": ["outpost", /not supported: it needs the capacity/],
  "40-access-entries.yaml": ["metadata.version", /does not offer Kubernetes 1.29/],
};

describe.skipIf(!there)("eksctl's own files", () => {
  const files = there ? readdirSync(folder).sort() : [];

  it("become clusters with Ready nodes and ACTIVE add-ons, or are refused with field and reason; and go again without a trace", async () => {
    const rig = await startRig();
    const texts = new Map(files.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
    const operations = new Map<string, string>();
    const refused = new Map<string, Problem>();
    // The first look makes the default VPC; what the files say exists comes with the first of them.
    const regions = regionsIn(texts.values());
    expect(regions.length).toBeGreaterThan(1);
    await inventory(rig, regions);
    for (const [file, text] of texts) {
      const { operation, problem } = await applyFile(rig, text);
      if (operation) operations.set(file, operation.id);
      else if (problem) refused.set(file, problem);
    }
    expect([...refused.keys()]).toEqual(Object.keys(REFUSED));
    for (const [file, [field, reason]] of Object.entries(REFUSED)) {
      const [first] = refused.get(file)?.errors ?? [];
      expect([file, first?.field]).toEqual([file, field]);
      expect(first?.message).toMatch(reason);
    }
    expect(operations.size).toBeGreaterThanOrEqual(20);

    const ended = await untilEnded(rig, [...operations.values()]);
    expect(
      ended.filter(({ status }) => status !== "Succeeded").map(({ cluster, error }) => ({ cluster, error })),
    ).toEqual([]);
    const { clock } = rig.platform.kernel;
    await clock.until(clock.sleep(120_000));
    const wrong: string[] = [];
    for (const file of operations.keys()) wrong.push(...(await shortcomings(rig, texts.get(file) ?? "")));
    expect(wrong).toEqual([]);

    const deletions: string[] = [];
    for (const { cluster } of ended) {
      const key = `${cluster.account}:${cluster.region}:${cluster.name}`;
      const response = await rig.api("DELETE", `/v1/clusters/${encodeURIComponent(key)}`);
      deletions.push(((await response.json()) as { id: string }).id);
    }
    const gone = await untilEnded(rig, deletions);
    expect(
      gone.filter(({ status }) => status !== "Succeeded").map(({ cluster, error }) => ({ cluster, error })),
    ).toEqual([]);
    const left = (await inventory(rig, regions)).filter(
      (item) =>
        !/^(DescribeVpcs|DescribeSubnets|DescribeSecurityGroups|DescribeLaunchTemplates|ListRoles)/.test(
          item,
        ),
    );
    expect(left).toEqual([]);
    await rig.close();
  });

  it("leave what was there before alone", async () => {
    const rig = await startRig();
    const text = readFileSync(join(folder, "04-existing-vpc.yaml"), "utf8");
    const other = readFileSync(join(folder, "06-csi-drivers.yaml"), "utf8");
    const regions = regionsIn([text, other]);
    const { operation } = await applyFile(rig, text);
    const before = await inventory(rig, regions);
    expect(before.filter((item) => item.includes("vpc-0dd338ecf29863c55"))).toHaveLength(1);
    const second = await applyFile(rig, other);
    const ids = [operation?.id ?? "", second.operation?.id ?? ""];
    const ended = await untilEnded(rig, ids);
    expect(ended.map(({ status }) => status)).toEqual(["Succeeded", "Succeeded"]);
    const deletions: string[] = [];
    for (const { cluster } of ended) {
      const response = await rig.api("DELETE", `/v1/clusters/${cluster.name}`);
      deletions.push(((await response.json()) as { id: string }).id);
    }
    await untilEnded(rig, deletions);
    expect(await inventory(rig, regions)).toEqual(before);
    await rig.close();
  });
});
