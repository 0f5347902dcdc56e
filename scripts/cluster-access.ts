import { parseArgs } from "node:util";
import { accessObjects, KUBERNETES_GROUP } from "../core/provision/access.ts";
import { apiFunctions } from "../functions/api/platform.ts";
import { functions } from "../functions/platform.ts";

/**
 * Prints the commands by which the administrator of an existing cluster lets Slipway in (docs/access.md):
 *
 *   npm run -s access -- --stage prod --account 111122223333 --region eu-west-1 --cluster payments
 *
 * `--managed-account` where the cluster is in another account than the stage: there it is one role that gets in.
 */
const { values } = parseArgs({
  options: {
    stage: { type: "string" },
    account: { type: "string" },
    region: { type: "string" },
    cluster: { type: "string" },
    "managed-account": { type: "string" },
  },
});
const { stage = "", account = "", region = "", cluster = "", "managed-account": managed } = values;
const wrong = [
  /^[a-z][a-z0-9-]{0,19}$/.test(stage) ? "" : "--stage",
  /^\d{12}$/.test(account) ? "" : "--account",
  /^[a-z]{2}(-[a-z]+)+-\d$/.test(region) ? "" : "--region",
  /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/.test(cluster) ? "" : "--cluster",
  managed === undefined || /^\d{12}$/.test(managed) ? "" : "--managed-account",
].filter((flag) => flag !== "");

if (wrong.length > 0) {
  process.stderr.write(
    `missing or wrong: ${wrong.join(", ")}\n  For example: --stage prod --account 111122223333 --region eu-west-1 --cluster payments\n`,
  );
  process.exitCode = 2;
} else {
  const roles =
    managed === undefined
      ? [...functions, ...apiFunctions].flatMap(({ name, kubernetes }) => (kubernetes ? [name] : []))
      : ["managed"];
  const owner = managed ?? account;
  const list = { apiVersion: "v1", kind: "List", items: accessObjects.map(({ object }) => object) };
  process.stdout.write(
    [
      ...roles.map(
        (name) =>
          `aws eks create-access-entry --region ${region} --cluster-name ${cluster} --type STANDARD --kubernetes-groups ${KUBERNETES_GROUP} --principal-arn arn:aws:iam::${owner}:role/slipway-${stage}-${name}`,
      ),
      "kubectl apply -f - <<'END'",
      JSON.stringify(list, null, 1),
      "END",
      "",
    ].join("\n"),
  );
}
