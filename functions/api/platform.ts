import * as grants from "../../adapters/permissions.ts";
import { type ApiRoute, routes } from "../../core/api/routes.ts";
import type { FunctionDeclaration, Grant, RouteDeclaration } from "../../core/declaration.ts";

/** API Gateway gives up after 30 s, so a function has a second less. */
const TIMEOUT_SECONDS = 29;
