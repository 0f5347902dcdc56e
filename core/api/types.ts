import type { z } from "zod";
import type * as schema from "./schemas.ts";

/** Bodies of the API as TypeScript types, for the CLI and the console. */
export type Cluster = z.infer<typeof schema.Cluster>;
export type Adoption = z.infer<typeof schema.Adoption>;
export type ClusterList = z.infer<typeof schema.ClusterList>;
export type CheckResult = z.infer<typeof schema.CheckResult>;
export type DoctorReport = z.infer<typeof schema.DoctorReport>;
export type Window = z.infer<typeof schema.Window>;
export type Policy = z.input<typeof schema.Policy>;
export type ClusterWindow = z.infer<typeof schema.ClusterWindow>;
export type OperationEvents = z.infer<typeof schema.OperationEvents>;
