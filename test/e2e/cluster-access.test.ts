import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { accessObjects } from "../../core/provision/access.ts";
import { apiFunctions } from "../../functions/api/platform.ts";
import { functions } from "../../functions/platform.ts";

const root = join(import.meta.dirname, "..", "..");
const access = (...args: string[]) =>
  spawnSync(process.execPath, ["scripts/cluster-access.ts", ...args], { cwd: root, encoding: "utf8" });
const cluster = ["--stage", "prod", "--account", "111122223333", "--region", "eu-west-1", "--cluster", "pay"];

const principals = (text: string): string[] =>
  [...text.matchAll(/--principal-arn (\S+)$/gm)].map(([, arn]) => arn ?? "");

it("npm run access lets in the role of every function that talks to Kubernetes, with the group's objects", () => {
  const { status, stdout } = access(...cluster);
  expect(status).toBe(0);
  const roles = [...functions, ...apiFunctions].filter(({ kubernetes }) => kubernetes);
  expect(principals(stdout)).toEqual(
    roles.map(({ name }) => `arn:aws:iam::111122223333:role/slipway-prod-${name}`),
  );
  const manifest = stdout.split("<<'END'\n")[1]?.split("\nEND")[0] ?? "";
  expect(JSON.parse(manifest)).toMatchObject({
    kind: "List",
    items: accessObjects.map(({ object }) => object),
  });
});

it("npm run access lets in the one role of a managed account, and nobody for what is no name", () => {
  const { stdout } = access(...cluster, "--managed-account", "444455556666");
  expect(principals(stdout)).toEqual(["arn:aws:iam::444455556666:role/slipway-prod-managed"]);
  const wrong = access(...cluster, "--cluster", "pay; rm -rf /");
  expect([wrong.status, wrong.stdout]).toEqual([2, ""]);
  expect(wrong.stderr).toContain("--cluster");
});
