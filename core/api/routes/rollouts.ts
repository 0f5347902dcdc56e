import type { ApiRoute } from "./route.ts";

export const rolloutsRoutes = {} as const satisfies Record<string, ApiRoute>;
