import type { Command } from "commander";
import { parseAllDocuments } from "yaml";
import type { Plan } from "../../core/operation/types.ts";
import type { CliContext } from "../context.ts";
import type { ExitCode } from "../errors.ts";
import { CliError, EXIT } from "../errors.ts";
import { type ChangeFlags, change, changeFlags, jsonBody, reasonOf } from "./change.ts";
import { applyDocuments, documentsOf } from "./documents.ts";
import { type RotationFlags, rotationChange, rotationFlags } from "./rotation-flags.ts";
import { sessionOf } from "./session.ts";

interface ApplyFlags {
  readonly file: string;
  readonly prune?: boolean;
  readonly account?: string;
}

type Done = (code: ExitCode) => void;

const clusterPath = (name: string): string => `/v1/clusters/${encodeURIComponent(name)}`;

/** The cluster of a file in the form that says its account. */
function inAccount(text: string, path: string, account: string): string {
  if (!/^\d{12}$/.test(account))
    throw new CliError(
      `--account: ${JSON.stringify(account)} is not an account id of 12 digits`,
      EXIT.badInput,
    );
  return `${account}:${metadataOf(text, path, "region")}:${metadataOf(text, path, "name")}`;
}

/** Name or region of the ClusterConfig in a file: only to build the path; the API checks the document. */
function metadataOf(text: string, path: string, field: "name" | "region"): string {
  const document = parseAllDocuments(text).find((d) => "get" in d && d.get("kind") === "ClusterConfig");
  const value = document && "getIn" in document ? document.getIn(["metadata", field]) : undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new CliError(
    `${path}: metadata.${field} of a ClusterConfig is missing\n  A cluster file has apiVersion eksctl.io/v1alpha5, kind ClusterConfig, metadata.name and metadata.region.`,
    EXIT.badInput,
  );
}

/** `apply`, `upgrade`, `rotate`, `addons update`, `delete`. */
export function addChangeCommands(program: Command, context: CliContext, done: Done): void {
  changeFlags(program.command("apply").description("make a cluster as its file says, or change it to that"))
    .requiredOption(
      "-f, --file <path>",
      "ClusterConfig, MaintenanceWindow, AutomationPolicy, NotificationChannel; YAML or JSON; - for standard input",
    )
    .option("--prune", "delete what the cluster has and its file has not any more")
    .option("--account <id>", "whose the cluster is, when it is not Slipway's own account")
    .action(async (flags: ChangeFlags & ApplyFlags, command: Command) => {
      const { documents, cluster: text } = documentsOf(await context.readFile(flags.file), flags.file);
      await applyDocuments(sessionOf(context, command), documents, flags.dryRun ?? false);
      if (text === undefined) {
        done(EXIT.done);
        return;
      }
      const name = metadataOf(text, flags.file, "name");
      const cluster = flags.account ? inAccount(text, flags.file, flags.account) : name;
      reasonOf(flags);
      const call = {
        method: "PUT",
        path: clusterPath(cluster),
        query: {
          prune: flags.prune,
          reason: flags.reason,
          override: flags.override?.join(","),
          ignoreWindow: flags.now,
        },
        body: { type: "application/yaml", text },
      } as const;
      const question = (plan: Plan) =>
        plan.type === "apply-changes" ? `Change ${name} as planned?` : `Create ${name} as planned?`;
      done(await change(context, command, flags, call, question));
    });

  changeFlags(
    program
      .command("upgrade")
      .argument("<cluster>")
      .description("upgrade control plane, add-ons and nodes, hop by hop"),
  )
    .requiredOption("--to <version>", "Kubernetes version, such as 1.36")
    .option("--minimal-rotations", "rotate node groups only as often as the version skew policy demands")
    .action(
      async (
        cluster: string,
        flags: ChangeFlags & { to: string; minimalRotations?: boolean },
        command: Command,
      ) => {
        const body = {
          to: flags.to,
          ...(flags.minimalRotations ? { rotations: "minimal" } : {}),
          ...reasonOf(flags),
        };
        const call = {
          method: "POST",
          path: `${clusterPath(cluster)}/upgrades`,
          body: jsonBody(body),
        } as const;
        done(
          await change(
            context,
            command,
            flags,
            call,
            (plan) => `Upgrade ${cluster} to ${plan.toVersion ?? flags.to} as planned?`,
          ),
        );
      },
    );

  const rotate = changeFlags(
    program
      .command("rotate")
      .argument("<cluster>")
      .argument("<nodegroup>")
      .description("replace the nodes of a node group, blue/green"),
  );
  rotationFlags(rotate).action(
    async (cluster: string, nodegroup: string, flags: RotationFlags, command: Command) => {
      const path = `${clusterPath(cluster)}/nodegroups/${encodeURIComponent(nodegroup)}/rotations`;
      const body = { ...rotationChange(flags), ...reasonOf(flags) };
      const call = { method: "POST", path, body: jsonBody(body) } as const;
      done(
        await change(context, command, flags, call, () => `Rotate ${nodegroup} of ${cluster} as planned?`),
      );
    },
  );

  const addons = program.command("addons").description("add-ons of a cluster");
  changeFlags(
    addons
      .command("update")
      .argument("<cluster>")
      .argument("[addon...]")
      .description("bring add-ons to their chosen versions"),
  ).action(async (cluster: string, names: string[], flags: ChangeFlags, command: Command) => {
    const body = { ...(names.length > 0 ? { addons: names } : {}), ...reasonOf(flags) };
    const call = {
      method: "POST",
      path: `${clusterPath(cluster)}/addon-updates`,
      body: jsonBody(body),
    } as const;
    done(await change(context, command, flags, call, () => `Update add-ons of ${cluster} as planned?`));
  });

  changeFlags(
    program
      .command("delete")
      .argument("<cluster>")
      .description("delete a cluster and what Slipway created for it"),
  ).action(async (cluster: string, flags: ChangeFlags, command: Command) => {
    if (!flags.yes && !flags.dryRun && !context.stdout.isTTY) {
      throw new CliError(
        `delete ${cluster}: not on a terminal, so it cannot ask\n  Look at the plan with --dry-run, then repeat with --yes.`,
        EXIT.badInput,
      );
    }
    const call = { method: "DELETE", path: clusterPath(cluster) } as const;
    done(
      await change(
        context,
        command,
        flags,
        call,
        () => `Delete ${cluster} and everything in the plan? This cannot be undone.`,
      ),
    );
  });
}
