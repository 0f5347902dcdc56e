import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DataInUseError, lockData } from "../../../local/data-lock.ts";
import { createPlatform } from "../../../local/platform.ts";

const root = mkdtempSync(join(tmpdir(), "slipway-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the lock of a folder of state", () => {
  it("is held by one at a time, and names the process that has it", async () => {
    const folder = join(root, "one");
    const first = await lockData(folder);
    const refused = await lockData(folder).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DataInUseError);
    expect(String(refused)).toContain(`process ${process.pid}`);
    await first.release();
    await (await lockData(folder)).release();
  });

  it("is taken before a platform reads anything, and given back when it closes", async () => {
    const data = join(root, "two");
    const lock = await lockData(data);
    await expect(createPlatform({ time: { kind: "virtual" }, data })).rejects.toThrow(DataInUseError);
    expect(existsSync(join(data, "journal.ndjson"))).toBe(false);
    await lock.release();
    for (let time = 0; time < 2; time++) {
      const platform = await createPlatform({ time: { kind: "virtual" }, data });
      await platform.close();
    }
  });
});
