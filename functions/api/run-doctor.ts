import { routes } from "../../core/api/routes.ts";
import { evaluateDoctor, overall } from "../../core/doctor/evaluate.ts";
import { api } from "../lib/api/http.ts";
import { examine } from "../lib/doctor/examine.ts";

/** `POST /v1/doctor`: whether this installation and the managed accounts work; changes nothing but a probe event. */
export const handler = api(routes.runDoctor, async ({ body, runtime }) => {
  const checks = evaluateDoctor(await examine(runtime, body.accounts));
  return { status: 200, body: { stage: runtime.config.stage, status: overall(checks), checks } };
});
