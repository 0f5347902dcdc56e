import type { ApiRoute } from "./route.ts";

export const windowsRoutes = {} as const satisfies Record<string, ApiRoute>;
