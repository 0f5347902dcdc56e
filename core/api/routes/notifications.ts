import type { ApiRoute } from "./route.ts";

export const notificationsRoutes = {} as const satisfies Record<string, ApiRoute>;
