import { storeOf } from "../../adapters/store/dynamo-store.ts";
import { routes } from "../../core/api/routes.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { policyView, refuseOtherName } from "../lib/api/documents.ts";
import { api } from "../lib/api/http.ts";
import { POLICIES, WINDOWS } from "../lib/policies.ts";

/** `PUT /v1/policies/{policy}`. The windows that it names must be there: without them nothing would ever begin. */
export const handler = api(routes.putPolicy, async ({ path, body, runtime }) => {
  const name = path.policy ?? "";
  refuseOtherName(name, body.metadata.name);
  const store = storeOf(runtime);
  const { named } = body.windows;
  const found = await Promise.all(named.map((window) => store.getDocument(WINDOWS, window)));
  const problems = named.flatMap((window, i) =>
    found[i]
      ? []
      : [
          {
            field: `windows.named[${i}]`,
            message: `there is no window ${window}`,
            remedy: "Apply the MaintenanceWindow first.",
          },
        ],
  );
  if (problems.length > 0) throw new InvalidInputError(problems, "policy");
  const stored = await store.updateDocument(POLICIES, name, () => ({ value: body }));
  return { status: 200, body: policyView(stored ?? { name, value: body, revision: 1 }) };
});
