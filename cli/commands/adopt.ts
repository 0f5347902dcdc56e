import type { Command } from "commander";
import { stringify } from "yaml";
import type { Adoption } from "../../core/api/types.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { indented, paint } from "../output/text.ts";
import { jsonBody } from "./change.ts";
import { sessionOf } from "./session.ts";

interface AdoptFlags {
  readonly dryRun?: boolean;
  readonly region?: string;
  readonly account?: string;
}

/**
 * `adopt`: the ClusterConfig of a cluster that Slipway did not make. `-o yaml` and `-o json` write the file itself,
 * so that it can be redirected; notes then go to standard error.
 */
export function addAdoptCommand(program: Command, context: CliContext, done: (code: ExitCode) => void): void {
  program
    .command("adopt")
    .argument("<cluster>")
    .description("manage a cluster that exists: writes its file and changes nothing")
    .option("--dry-run", "write the file only; Slipway does not manage the cluster")
    .option("--region <region>", "where the cluster is, when it is not where Slipway is")
    .option("--account <id>", "whose the cluster is, when it is not Slipway's own account")
    .action(async (cluster: string, flags: AdoptFlags, command: Command) => {
      const session = sessionOf(context, command);
      const adoption = await session.client.call<Adoption>({
        method: "POST",
        path: `/v1/clusters/${encodeURIComponent(cluster)}/adopt`,
        query: { dryRun: flags.dryRun },
        body: jsonBody({ region: flags.region, account: flags.account }),
      });
      const { stdout, stderr } = context;
      const { output } = session.options;
      const file =
        output === "json" ? `${JSON.stringify(adoption.config, null, 2)}\n` : yaml(adoption.config);
      const said = flags.dryRun
        ? `What the file of ${cluster} would be.`
        : `Slipway manages ${cluster}. Keep its file: slipway apply -f changes the cluster by it.`;
      const access = adoption.operation
        ? [
            `${adoption.operation} gives Slipway access to the Kubernetes API: slipway watch ${adoption.operation}`,
          ]
        : [];
      const notes = [...access, ...adoption.notes].map((note) => indented(stderr, "  ", note));
      stderr.write(`${paint(stderr, "bold", said)}\n${notes.map((note) => `${note}\n`).join("")}`);
      stdout.write(file);
      done(EXIT.done);
    });
}

const yaml = (config: unknown): string => stringify(config, { aliasDuplicateObjects: false, lineWidth: 0 });
