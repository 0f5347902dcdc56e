import { describe, expect, it } from "vitest";
import { accessSchema, hasRole, hasRoleSomewhere, type Role } from "../../../core/access/access.ts";

const ref = (name: string, account = "111122223333", region = "eu-west-1") => ({ account, region, name });
const access = accessSchema.parse({
  bindings: [
    { role: "admin", principals: ["arn:aws:iam::111122223333:role/Admin"] },
    {
      role: "operator",
      principals: ["arn:aws:iam::111122223333:role/Team-*"],
      clusters: { names: ["dev-*", "qa-?"] },
    },
    {
      role: "approver",
      principals: ["arn:aws:sts::111122223333:assumed-role/OnCall/alice"],
      clusters: { accounts: ["444455556666"], regions: ["eu-*"] },
    },
  ],
});
const admin = "arn:aws:sts::111122223333:assumed-role/Admin/carol";
const team = "arn:aws:sts::111122223333:assumed-role/Team-Shop/bob";
const alice = "arn:aws:sts::111122223333:assumed-role/OnCall/alice";

describe("roles", () => {
  it.each<[string, Role, ReturnType<typeof ref> | undefined, boolean]>([
    [admin, "admin", undefined, true],
    [admin, "approver", ref("prod-1"), true],
    [team, "operator", ref("dev-1"), true],
    [team, "viewer", ref("dev-1"), true],
    [team, "approver", ref("dev-1"), false],
    [team, "operator", ref("prod-1"), false],
    [team, "operator", ref("qa-1"), true],
    [team, "operator", ref("qa-12"), false],
    [team, "operator", undefined, false],
    [alice, "approver", ref("x", "444455556666"), true],
    [alice, "operator", ref("x", "444455556666"), false],
    [alice, "approver", ref("x", "444455556666", "us-east-1"), false],
    [alice, "approver", ref("x"), false],
    [alice.replace("alice", "alice2"), "approver", ref("x", "444455556666"), false],
    // A pattern's characters stand for themselves, but for * and ?.
    ["arn:aws:iam::111122223333:role/Admin2", "viewer", undefined, false],
    ["arn:aws:iam::111122223333:role/xTeam-1", "operator", ref("dev-1"), false],
    // The role of another account with the same name is another role.
    ["arn:aws:sts::999999999999:assumed-role/Admin/carol", "viewer", undefined, false],
  ])("%s as %s of %j: %s", (who, role, cluster, allowed) => {
    expect(hasRole(access, who, role, cluster)).toBe(allowed);
  });

  it("without a document everybody is admin; with one nobody else sees lists", () => {
    expect(hasRole(undefined, "anybody", "admin", undefined)).toBe(true);
    expect(hasRoleSomewhere(access, team, "viewer")).toBe(true);
    expect(hasRoleSomewhere(access, "arn:aws:iam::111122223333:user/eve", "viewer")).toBe(false);
  });

  it.each([
    [{ bindings: [] }],
    [{ bindings: [{ role: "operator", principals: ["*"] }] }],
    [{ bindings: [{ role: "admin", principals: ["*"], clusters: { names: ["a"] } }] }],
    [{ bindings: [{ role: "root", principals: ["*"] }] }],
    [{ bindings: [{ role: "admin", principals: [] }] }],
  ])("%j is refused: somebody has to be admin of everything", (document) => {
    expect(accessSchema.safeParse(document).success).toBe(false);
  });
});
