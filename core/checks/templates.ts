import type { LaunchTemplateFacts, NodegroupFacts } from "../snapshot.ts";
import { block, type Check, type CheckContext, info, NODES, warn } from "./check.ts";

/** Groups that the operation replaces, each with the launch template that it names. */
function withTemplates({ snapshot, nodegroups }: CheckContext): {
  readonly group: NodegroupFacts;
  readonly template: LaunchTemplateFacts;
}[] {
  if (!snapshot.launchTemplates.ok) return [];
  const templates = new Map(snapshot.launchTemplates.value.map((facts) => [facts.nodegroup, facts]));
  return nodegroups.flatMap((group) => {
    const template = templates.get(group.name);
    return template ? [{ group, template }] : [];
  });
}

const subjectOf = (group: NodegroupFacts): string => `nodegroup ${group.logicalName}`;

export const launchTemplate: Check = {
  code: "LAUNCH_TEMPLATE",
  title: "The launch templates of the node groups exist, in the version that is meant",
  guards: NODES,
  run: (context) =>
    withTemplates(context).flatMap(({ group, template }) => {
      if (!template.exists)
        return [
          block(
            subjectOf(group),
            `launch template ${template.template}${group.launchTemplate?.version ? ` version ${group.launchTemplate.version}` : ""} does not exist; no node can be started from it`,
            "Make the template again and rotate the group to it.",
          ),
        ];
      const { version, defaultVersion } = template;
      if (version === undefined || defaultVersion === undefined || version >= defaultVersion) return [];
      return [
        info(
          subjectOf(group),
          `uses version ${version} of launch template ${template.template}, whose default is ${defaultVersion}; green nodes keep ${version}`,
          "Rotate to the newer version where it is meant for this group.",
        ),
      ];
    }),
};

export const userData: Check = {
  code: "USER_DATA",
  title: "User data suits the image: nodeadm on Amazon Linux 2023, bootstrap.sh on Amazon Linux 2",
  guards: NODES,
  run: (context) =>
    withTemplates(context).flatMap(({ group, template }) => {
      const al2023 = group.amiType.startsWith("AL2023_");
      if (al2023 && template.boots === "bootstrap.sh")
        return [
          (context.moves ? block : warn)(
            subjectOf(group),
            `user data of launch template ${template.template} calls /etc/eks/bootstrap.sh, which Amazon Linux 2023 does not have; what it asks of the kubelet has no effect`,
            "Write it as a NodeConfig for nodeadm.",
          ),
        ];
      if (group.amiType.startsWith("AL2_") && template.boots === "bootstrap.sh")
        return [
          warn(
            subjectOf(group),
            `user data of launch template ${template.template} calls /etc/eks/bootstrap.sh; on Amazon Linux 2023 it would do nothing`,
            "Write it as a NodeConfig for nodeadm before the group moves to Amazon Linux 2023.",
          ),
        ];
      if (group.amiType.startsWith("AL2_") && template.boots === "nodeadm")
        return [
          warn(
            subjectOf(group),
            `user data of launch template ${template.template} is a NodeConfig, which Amazon Linux 2 does not read`,
            "Move the group to Amazon Linux 2023, which the template is meant for.",
          ),
        ];
      return [];
    }),
};

export const metadataService: Check = {
  code: "IMDS",
  title: "Launch templates ask for version 2 of the metadata service",
  guards: NODES,
  run: (context) =>
    withTemplates(context).flatMap(({ group, template }) => {
      const { httpTokens, hopLimit } = template;
      const facts = [
        ...(httpTokens === "optional"
          ? ["lets version 1 of the metadata service be used (HttpTokens optional)"]
          : []),
        ...(httpTokens === "required" && hopLimit === 1
          ? ["lets no pod reach the metadata service (hop limit 1)"]
          : []),
      ];
      if (facts.length === 0) return [];
      return [
        info(
          subjectOf(group),
          `launch template ${template.template} ${facts.join(" and ")}`,
          httpTokens === "optional"
            ? "Set HttpTokens to required, unless something on the nodes still needs version 1."
            : "Nothing to do where pods have roles of their own (pod identity or IRSA); else set the hop limit to 2.",
        ),
      ];
    }),
};
