import type { ApiRoute } from "./route.ts";

export const rollbackRoutes = {} as const satisfies Record<string, ApiRoute>;
