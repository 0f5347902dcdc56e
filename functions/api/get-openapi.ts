import { openApi } from "../../core/api/openapi.ts";
import { routes } from "../../core/api/routes.ts";
import { api } from "../lib/api/http.ts";

const document = openApi("1");

/** `GET /openapi.json`. */
export const handler = api(routes.getOpenApi, async () => ({ status: 200, body: document }));
