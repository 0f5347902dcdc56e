import type { ApiRoute } from "./route.ts";

export const driftRoutes = {} as const satisfies Record<string, ApiRoute>;
