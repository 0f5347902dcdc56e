import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Root, run } from "./run.ts";

/** What `sst install` wrote, of the version of SST that is installed; nothing to do then. */
function installed({ root }: Root): boolean {
  const read = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined;
  const { version } = JSON.parse(read("node_modules/sst/package.json") ?? "{}") as { version?: string };
  const providers = JSON.parse(read(".sst/provider-lock.json") ?? "[]") as { alias: string }[];
  return (
    version !== undefined &&
    read(".sst/platform/version")?.trim() === version &&
    providers.some(({ alias }) => alias === "aws") &&
    existsSync(join(root, ".sst/platform/node_modules/@pulumi/aws/package.json"))
  );
}

/**
 * Brings SST's components and providers, about 330 MB, from the package registry. Asks AWS for nothing. Done
 * once for a version of SST; afterwards there is nothing to do.
 */
export async function install(root: Root): Promise<"installed" | "there already"> {
  if (installed(root)) return "there already";
  await run(root, "node_modules/.bin/sst", ["install", "--stage", "dev"], {
    AWS_EC2_METADATA_DISABLED: "true",
    // Pulumi's engine and plugins are for deploying; npm does what bun would.
    NO_BUN: "1",
    SST_SKIP_DEPENDENCY_CHECK: "1",
    SST_TELEMETRY_DISABLED: "1",
  });
  if (!installed(root)) throw new Error("sst install ended without bringing its platform");
  return "installed";
}
