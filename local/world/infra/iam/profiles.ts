import type * as iam from "@aws-sdk/client-iam";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { tagList, tagsOf } from "../ec2/listing.ts";
import { roleShape } from "./roles.ts";
import {
  alreadyExists,
  deleteConflict,
  type IamState,
  type InstanceProfileDocument,
  iamKey,
  inAccount,
  markerPage,
  noSuchEntity,
  type OidcProviderDocument,
} from "./state.ts";

/** Instance profiles and OpenID Connect providers. */
export function profileHandlers(kernel: Kernel, state: IamState) {
  const find = (account: string, name: string | undefined): InstanceProfileDocument => {
    const profile = state.profiles.get(iamKey(account, name ?? ""));
    if (!profile) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
    return profile;
  };
  const shape = (profile: InstanceProfileDocument): iam.InstanceProfile => {
    const role =
      profile.role === undefined ? undefined : state.roles.get(iamKey(profile.account, profile.role));
    return {
      Path: profile.path,
      InstanceProfileName: profile.name,
      InstanceProfileId: profile.id,
      Arn: profile.arn,
      CreateDate: new Date(profile.createdAt),
      Roles: role ? [roleShape(role)] : [],
      Tags: tagList(profile.tags),
    };
  };
  const provider = (account: string, arn: string | undefined): OidcProviderDocument => {
    const found = state.providers.get(iamKey(account, arn ?? ""));
    if (!found) throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
    return found;
  };

  return {
    CreateInstanceProfile(input, scope) {
      const name = input.InstanceProfileName ?? "";
      if (state.profiles.has(iamKey(scope.account, name)))
        throw alreadyExists(`Instance Profile ${name} already exists.`);
      const path = input.Path ?? "/";
      const profile: InstanceProfileDocument = {
        account: scope.account,
        name,
        id: `AIPA${kernel.ids.hex(17).toUpperCase()}`,
        arn: `arn:aws:iam::${scope.account}:instance-profile${path}${name}`,
        path,
        createdAt: kernel.clock.now(),
        tags: tagsOf(input.Tags),
      };
      state.profiles.set(iamKey(scope.account, name), profile);
      return { InstanceProfile: shape(profile) };
    },
    GetInstanceProfile: (input, scope) => ({
      InstanceProfile: shape(find(scope.account, input.InstanceProfileName)),
    }),
    ListInstanceProfiles(input, scope) {
      const { items, ...rest } = markerPage(
        inAccount(state.profiles, scope.account),
        input.Marker,
        input.MaxItems,
      );
      return { InstanceProfiles: items.map(shape), ...rest };
    },
    ListInstanceProfilesForRole(input, scope) {
      if (!state.roles.has(iamKey(scope.account, input.RoleName ?? "")))
        throw noSuchEntity(`The role with name ${input.RoleName} cannot be found.`);
      const profiles = inAccount(state.profiles, scope.account).filter(
        (profile) => profile.role === input.RoleName,
      );
      const { items, ...rest } = markerPage(profiles, input.Marker, input.MaxItems);
      return { InstanceProfiles: items.map(shape), ...rest };
    },
    AddRoleToInstanceProfile(input, scope) {
      const profile = find(scope.account, input.InstanceProfileName);
      if (!state.roles.has(iamKey(scope.account, input.RoleName ?? "")))
        throw noSuchEntity(`The role with name ${input.RoleName} cannot be found.`);
      if (profile.role !== undefined)
        throw new AwsError("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", {
          status: 409,
        });
      profile.role = input.RoleName ?? "";
      state.profiles.touch(iamKey(scope.account, profile.name));
      return {};
    },
    RemoveRoleFromInstanceProfile(input, scope) {
      const profile = find(scope.account, input.InstanceProfileName);
      if (profile.role !== input.RoleName)
        throw noSuchEntity(`The role with name ${input.RoleName} cannot be found.`);
      delete profile.role;
      state.profiles.touch(iamKey(scope.account, profile.name));
      return {};
    },
    DeleteInstanceProfile(input, scope) {
      const profile = find(scope.account, input.InstanceProfileName);
      if (profile.role !== undefined)
        throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
      state.profiles.delete(iamKey(scope.account, profile.name));
      return {};
    },
    CreateOpenIDConnectProvider(input, scope) {
      const url = (input.Url ?? "").replace(/^https:\/\//, "").replace(/\/$/, "");
      if (!/^https:\/\//.test(input.Url ?? ""))
        throw new AwsError("InvalidInput", "Invalid Open ID Connect Provider URL");
      const arn = `arn:aws:iam::${scope.account}:oidc-provider/${url}`;
      if (state.providers.has(iamKey(scope.account, arn)))
        throw alreadyExists(`Provider with url https://${url} already exists.`);
      state.providers.set(iamKey(scope.account, arn), {
        account: scope.account,
        arn,
        url,
        clientIds: [...(input.ClientIDList ?? [])],
        thumbprints: [...(input.ThumbprintList ?? [])],
        createdAt: kernel.clock.now(),
        tags: tagsOf(input.Tags),
      });
      return { OpenIDConnectProviderArn: arn, Tags: [...(input.Tags ?? [])] };
    },
    GetOpenIDConnectProvider(input, scope) {
      const found = provider(scope.account, input.OpenIDConnectProviderArn);
      return {
        Url: found.url,
        ClientIDList: found.clientIds,
        ThumbprintList: found.thumbprints,
        CreateDate: new Date(found.createdAt),
        Tags: tagList(found.tags),
      };
    },
    ListOpenIDConnectProviders: (_input, scope) => ({
      OpenIDConnectProviderList: inAccount(state.providers, scope.account).map(({ arn }) => ({ Arn: arn })),
    }),
    DeleteOpenIDConnectProvider(input, scope) {
      const found = provider(scope.account, input.OpenIDConnectProviderArn);
      state.providers.delete(iamKey(scope.account, found.arn));
      return {};
    },
  } satisfies ServiceHandlers<typeof iam>;
}
