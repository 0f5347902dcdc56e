import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type Scope, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { Faults } from "../../faults.ts";
import type { InfraExtras, Place } from "../../infra-contract.ts";
import { holds } from "../addresses.ts";
import { type InfraState, keyOf, type LaunchTemplateDocument, placeOf, within } from "../state.ts";
import { filtered, page, specifiedTags, tagList } from "./listing.ts";

type Reference = {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
};

/**
 * Launch templates with numbered versions. The fault `LaunchTemplateGone` (subject
 * `launch-template/ID name/NAME`) hides one.
 */
export function launchTemplates(kernel: Kernel, state: InfraState, faults: Faults) {
  const { ids, clock } = kernel;
  const visible = (place: Place): LaunchTemplateDocument[] =>
    within(state.launchTemplates, place).filter(
      (t) =>
        !holds(
          faults,
          "LaunchTemplateGone",
          `launch-template/${t.launchTemplateId} name/${t.launchTemplateName}`,
        ),
    );
  const lookUp = (place: Place, { LaunchTemplateId, LaunchTemplateName }: Reference) =>
    visible(place).find((t) =>
      LaunchTemplateId !== undefined
        ? t.launchTemplateId === LaunchTemplateId
        : t.launchTemplateName === LaunchTemplateName,
    );
  const find = (place: Place, reference: Reference): LaunchTemplateDocument => {
    const template = lookUp(place, reference);
    if (template) return template;
    throw reference.LaunchTemplateId !== undefined
      ? new AwsError(
          "InvalidLaunchTemplateId.NotFound",
          `The specified launch template, with template ID ${reference.LaunchTemplateId}, does not exist.`,
        )
      : new AwsError(
          "InvalidLaunchTemplateName.NotFoundException",
          "At least one of the launch templates specified in the request does not exist.",
        );
  };
  const versionOf = (template: LaunchTemplateDocument, wanted = "$Default") => {
    const number =
      wanted === "$Latest"
        ? template.versions.at(-1)?.version
        : wanted === "$Default"
          ? template.defaultVersion
          : Number(wanted);
    return template.versions.find((version) => version.version === number);
  };
  const shape = (t: LaunchTemplateDocument): ec2.LaunchTemplate => ({
    LaunchTemplateId: t.launchTemplateId,
    LaunchTemplateName: t.launchTemplateName,
    CreateTime: new Date(t.createdAt),
    CreatedBy: t.createdBy,
    DefaultVersionNumber: t.defaultVersion,
    LatestVersionNumber: t.versions.at(-1)?.version,
    Tags: tagList(t.tags),
  });
  const versionShape = (
    t: LaunchTemplateDocument,
    version: LaunchTemplateDocument["versions"][number],
  ): ec2.LaunchTemplateVersion => ({
    LaunchTemplateId: t.launchTemplateId,
    LaunchTemplateName: t.launchTemplateName,
    VersionNumber: version.version,
    ...(version.description === undefined ? {} : { VersionDescription: version.description }),
    CreateTime: new Date(version.createdAt),
    CreatedBy: t.createdBy,
    DefaultVersion: version.version === t.defaultVersion,
    LaunchTemplateData: version.data,
  });
  const touch = (t: LaunchTemplateDocument): void =>
    state.launchTemplates.touch(keyOf(t, t.launchTemplateId));

  const launchTemplate: InfraExtras["launchTemplate"] = (place, { id, name, version }) => {
    const template = lookUp(place, { LaunchTemplateId: id, LaunchTemplateName: name });
    const found = template && versionOf(template, version);
    return template && found
      ? {
          id: template.launchTemplateId,
          name: template.launchTemplateName,
          version: found.version,
          data: found.data,
        }
      : undefined;
  };

  const handlers = {
    CreateLaunchTemplate(input, scope: Scope) {
      const name = input.LaunchTemplateName ?? "";
      if (within(state.launchTemplates, scope).some((t) => t.launchTemplateName === name))
        throw new AwsError(
          "InvalidLaunchTemplateName.AlreadyExistsException",
          "Launch template name already in use.",
        );
      const createdAt = clock.now();
      const document: LaunchTemplateDocument = {
        ...placeOf(scope),
        launchTemplateId: `lt-0${ids.hex(16)}`,
        launchTemplateName: name,
        createdAt,
        createdBy: scope.principal.arn,
        defaultVersion: 1,
        versions: [
          {
            version: 1,
            createdAt,
            ...(input.VersionDescription === undefined ? {} : { description: input.VersionDescription }),
            data: { ...input.LaunchTemplateData },
          },
        ],
        tags: specifiedTags(input.TagSpecifications, "launch-template"),
      };
      state.launchTemplates.set(keyOf(scope, document.launchTemplateId), document);
      return { LaunchTemplate: shape(document) };
    },
    CreateLaunchTemplateVersion(input, scope: Scope) {
      const template = find(scope, input);
      const source = input.SourceVersion === undefined ? undefined : versionOf(template, input.SourceVersion);
      if (input.SourceVersion !== undefined && !source)
        throw new AwsError(
          "InvalidLaunchTemplateId.VersionNotFound",
          `Could not find launch template version ${input.SourceVersion} for launch template ${template.launchTemplateId}.`,
        );
      const version = {
        version: (template.versions.at(-1)?.version ?? 0) + 1,
        createdAt: clock.now(),
        ...(input.VersionDescription === undefined ? {} : { description: input.VersionDescription }),
        data: { ...source?.data, ...input.LaunchTemplateData },
      };
      template.versions.push(version);
      touch(template);
      return { LaunchTemplateVersion: versionShape(template, version) };
    },
    ModifyLaunchTemplate(input, scope: Scope) {
      const template = find(scope, input);
      const version = versionOf(template, input.DefaultVersion);
      if (!version)
        throw new AwsError(
          "InvalidLaunchTemplateId.VersionNotFound",
          `Could not find launch template version ${input.DefaultVersion} for launch template ${template.launchTemplateId}.`,
        );
      template.defaultVersion = version.version;
      touch(template);
      return { LaunchTemplate: shape(template) };
    },
    DeleteLaunchTemplate(input, scope: Scope) {
      const template = find(scope, input);
      state.launchTemplates.delete(keyOf(scope, template.launchTemplateId));
      return { LaunchTemplate: shape(template) };
    },
    DescribeLaunchTemplates(input, scope: Scope) {
      const references = [
        ...(input.LaunchTemplateIds ?? []).map((LaunchTemplateId) => ({ LaunchTemplateId })),
        ...(input.LaunchTemplateNames ?? []).map((LaunchTemplateName) => ({ LaunchTemplateName })),
      ];
      const found = references.length > 0 ? references.map((r) => find(scope, r)) : visible(scope);
      const kept = filtered(found, input.Filters, {
        "launch-template-name": (t) => [t.launchTemplateName],
        "create-time": (t) => [new Date(t.createdAt).toISOString()],
      });
      const { items, ...next } = page(kept, input.NextToken, input.MaxResults);
      return { LaunchTemplates: items.map(shape), ...next };
    },
    DescribeLaunchTemplateVersions(input, scope: Scope) {
      const template = find(scope, input);
      const versions = (input.Versions ?? []).map((wanted) => {
        const version = versionOf(template, wanted);
        if (!version)
          throw new AwsError(
            "InvalidLaunchTemplateId.VersionNotFound",
            `Could not find launch template version ${wanted} for launch template ${template.launchTemplateId}.`,
          );
        return version;
      });
      const wanted = versions.length > 0 ? versions : [...template.versions].reverse();
      const { items, ...next } = page(wanted, input.NextToken, input.MaxResults ?? 200);
      return { LaunchTemplateVersions: items.map((version) => versionShape(template, version)), ...next };
    },
  } satisfies ServiceHandlers<typeof ec2>;
  return { launchTemplate, handlers };
}
