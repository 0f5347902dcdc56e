import type { ApiRoute } from "./route.ts";

export const nodesRoutes = {} as const satisfies Record<string, ApiRoute>;
