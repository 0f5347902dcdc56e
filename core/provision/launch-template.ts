import { DEFAULTS } from "../cluster-config/defaults.ts";
import type { SelfManagedNodeGroup } from "../cluster-config/self-managed.ts";
import {
  type AnyNodeGroup,
  eksctlLabels,
  familyOf,
  NODEGROUP_LABEL,
  ownImage,
  selfManagedTypes,
} from "./group-settings.ts";
import { dynamicReference, imageParameter } from "./images.ts";
import { getAtt, ref, tagList } from "./network.ts";
import { type ClusterConnection, userData } from "./user-data.ts";

/** A cluster as its node groups' stacks see it. */
export interface LiveCluster extends ClusterConnection {
  readonly version: string;
  readonly vpcId: string;
  readonly clusterSecurityGroup: string;
  readonly sharedSecurityGroup?: string | undefined;
}

export interface GroupStackRequest {
  readonly group: AnyNodeGroup;
  readonly managed: boolean;
  readonly cluster: LiveCluster;
  /** Name of the group that exists: `ng-1-1`. */
  readonly physicalName: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Of a managed group's template; found by name, since the group is asked for before anybody reads outputs. */
export const templateName = (cluster: string, group: string): string =>
  `slipway-${cluster}-${group}`.slice(0, 125);

/** The launch template of a group with what it refers to: a security group and a key for ssh. */
export function templateResources(request: GroupStackRequest): Record<string, object> {
  const { group, managed, cluster, physicalName, tags } = request;
  const ssh = group.ssh?.allow === true;
  const key = ssh && group.ssh?.publicKey && !group.ssh.publicKeyName;
  const named = { ...tags, Name: instanceName(group, cluster.name, physicalName) };
  return {
    ...(ssh
      ? {
          SshGroup: {
            Type: "AWS::EC2::SecurityGroup",
            Properties: {
              GroupDescription: `SSH to ${group.name} of ${cluster.name}`,
              VpcId: cluster.vpcId,
              SecurityGroupIngress: sshRules(group),
              Tags: tagList(tags),
            },
          },
        }
      : {}),
    ...(key
      ? {
          SshKey: {
            Type: "AWS::EC2::KeyPair",
            Properties: {
              KeyName: templateName(cluster.name, physicalName),
              PublicKeyMaterial: group.ssh?.publicKey,
            },
          },
        }
      : {}),
    LaunchTemplate: {
      Type: "AWS::EC2::LaunchTemplate",
      Properties: {
        ...(managed ? { LaunchTemplateName: templateName(cluster.name, group.name) } : {}),
        LaunchTemplateData: {
          ...imageAndType(request),
          ...userDataOf(request),
          ...network(request, ssh),
          BlockDeviceMappings: volumes(group),
          MetadataOptions: {
            HttpTokens: group.disableIMDSv1 === false ? "optional" : "required",
            // Two hops reach pods with their own network, one does not.
            HttpPutResponseHopLimit: group.disablePodIMDS ? 1 : 2,
          },
          ...(key
            ? { KeyName: ref("SshKey") }
            : ssh && group.ssh?.publicKeyName
              ? { KeyName: group.ssh.publicKeyName }
              : {}),
          ...(group.ebsOptimized === undefined ? {} : { EbsOptimized: group.ebsOptimized }),
          ...(group.enableDetailedMonitoring === undefined
            ? {}
            : { Monitoring: { Enabled: group.enableDetailedMonitoring } }),
          ...(group.placement?.groupName ? { Placement: { GroupName: group.placement.groupName } } : {}),
          ...capacity(group),
          ...(managed ? {} : selfManagedOnly(group as SelfManagedNodeGroup)),
          TagSpecifications: ["instance", "volume"].map((ResourceType) => ({
            ResourceType,
            Tags: tagList(named),
          })),
        },
        TagSpecifications: [{ ResourceType: "launch-template", Tags: tagList(tags) }],
      },
    },
  };
}

const instanceName = (group: AnyNodeGroup, cluster: string, physicalName: string): string =>
  group.instanceName ??
  `${group.instancePrefix ? `${group.instancePrefix}-` : ""}${cluster}-${physicalName}-Node`;

function sshRules(group: AnyNodeGroup): object[] {
  const port = { IpProtocol: "tcp", FromPort: 22, ToPort: 22 };
  const sources = group.ssh?.sourceSecurityGroupIds ?? [];
  return sources.length > 0
    ? sources.map((SourceSecurityGroupId) => ({ ...port, SourceSecurityGroupId }))
    : [{ ...port, CidrIp: "0.0.0.0/0" }];
}

function imageAndType({ group, managed, cluster }: GroupStackRequest): object {
  const image = ownImage(group);
  // EKS takes the instance types of a managed group in its own call, and chooses its own images.
  if (managed) return image ? { ImageId: image } : {};
  const types = selfManagedTypes(group as SelfManagedNodeGroup);
  const [first = DEFAULTS.instanceType] = types;
  return {
    ImageId: image ?? dynamicReference(imageParameter(familyOf(group), cluster.version, first)),
    InstanceType: first,
    IamInstanceProfile: { Arn: instanceProfile(group as SelfManagedNodeGroup) },
  };
}

const instanceProfile = (group: SelfManagedNodeGroup): unknown =>
  group.iam?.instanceProfileARN ?? getAtt("InstanceProfile", "Arn");

function userDataOf({ group, managed, cluster, physicalName }: GroupStackRequest): object {
  const self = managed ? undefined : (group as SelfManagedNodeGroup);
  const text = userData({
    family: familyOf(group),
    cluster,
    mode: managed && ownImage(group) === undefined ? "addition" : "complete",
    labels: {
      ...group.labels,
      // EKS gives nodes of managed groups their labels, taints and the name of the group, images of one's own too.
      ...(managed ? {} : { ...eksctlLabels(cluster.name, group.name), [NODEGROUP_LABEL]: physicalName }),
    },
    taints: group.taints ?? [],
    maxPods: group.maxPodsPerNode,
    clusterDns: self?.clusterDNS,
    kubeletConfig: self?.kubeletExtraConfig,
    preCommands: group.preBootstrapCommands ?? [],
    overrideCommand: group.overrideBootstrapCommand,
    bottlerocket: group.bottlerocket,
    ssh: group.ssh?.allow === true,
    efa: group.efaEnabled === true,
  });
  return text === undefined ? {} : { UserData: { "Fn::Base64": text } };
}

/** Every node has the cluster's security group; with interfaces of its own a template must name them there. */
function network({ group, managed, cluster }: GroupStackRequest, ssh: boolean): object {
  const withShared = group.securityGroups?.withShared !== false && cluster.sharedSecurityGroup;
  const groups = [
    cluster.clusterSecurityGroup,
    ...(withShared ? [cluster.sharedSecurityGroup] : []),
    ...(group.securityGroups?.attachIDs ?? []),
    ...(ssh ? [getAtt("SshGroup", "GroupId")] : []),
  ];
  if (group.efaEnabled)
    return {
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          InterfaceType: "efa",
          Groups: groups,
          ...(managed ? {} : { DeleteOnTermination: true }),
        },
      ],
    };
  if (!managed && group.privateNetworking === false)
    return {
      NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: groups }],
    };
  return { SecurityGroupIds: groups };
}

type Volume = Pick<
  AnyNodeGroup,
  "volumeType" | "volumeEncrypted" | "volumeKmsKeyID" | "volumeIOPS" | "volumeThroughput"
> & { readonly volumeSize?: number | undefined; readonly snapshotID?: string | undefined };

/** GiB. The root of Bottlerocket holds its two system images only. */
const BOTTLEROCKET_ROOT = 4;

const ebs = (volume: Volume, fallbackSize: number): object => ({
  VolumeSize: volume.volumeSize ?? fallbackSize,
  VolumeType: volume.volumeType ?? "gp3",
  ...(volume.volumeEncrypted === undefined && !volume.volumeKmsKeyID
    ? {}
    : { Encrypted: volume.volumeEncrypted ?? true }),
  ...(volume.volumeKmsKeyID ? { KmsKeyId: volume.volumeKmsKeyID } : {}),
  ...(volume.volumeIOPS ? { Iops: volume.volumeIOPS } : {}),
  ...(volume.volumeThroughput ? { Throughput: volume.volumeThroughput } : {}),
  ...(volume.snapshotID ? { SnapshotId: volume.snapshotID } : {}),
  DeleteOnTermination: true,
});

/** Volumes by device; the one of the file is where images and containers lie. */
function volumes(group: AnyNodeGroup): object[] {
  const family = familyOf(group);
  const bottlerocket = family.startsWith("Bottlerocket");
  const usual = bottlerocket ? "/dev/xvdb" : family.startsWith("Windows") ? "/dev/sda1" : "/dev/xvda";
  const { volumeEncrypted, volumeKmsKeyID } = group;
  return [
    ...(bottlerocket && volumeEncrypted
      ? [{ DeviceName: "/dev/xvda", Ebs: ebs({ volumeEncrypted, volumeKmsKeyID }, BOTTLEROCKET_ROOT) }]
      : []),
    { DeviceName: group.volumeName ?? usual, Ebs: ebs(group, DEFAULTS.volumeSize) },
    ...(group.additionalVolumes ?? []).map((volume, i) => ({
      DeviceName: volume.volumeName ?? `/dev/xvd${String.fromCharCode("f".charCodeAt(0) + i)}`,
      Ebs: ebs(volume, DEFAULTS.volumeSize),
    })),
  ];
}

function capacity(group: AnyNodeGroup): object {
  const target = group.capacityReservation?.capacityReservationTarget;
  const preference = group.capacityReservation?.capacityReservationPreference;
  const market = group.instanceMarketOptions?.marketType;
  return {
    ...(group.capacityReservation
      ? {
          CapacityReservationSpecification: {
            ...(preference ? { CapacityReservationPreference: preference } : {}),
            ...(target
              ? {
                  CapacityReservationTarget: {
                    ...(target.capacityReservationID
                      ? { CapacityReservationId: target.capacityReservationID }
                      : {}),
                    ...(target.capacityReservationResourceGroupARN
                      ? { CapacityReservationResourceGroupArn: target.capacityReservationResourceGroupARN }
                      : {}),
                  },
                }
              : {}),
          },
        }
      : {}),
    ...(market ? { InstanceMarketOptions: { MarketType: market } } : {}),
  };
}

const selfManagedOnly = (group: SelfManagedNodeGroup): object => ({
  ...(group.cpuCredits ? { CreditSpecification: { CpuCredits: group.cpuCredits } } : {}),
  ...(group.enclaveEnabled ? { EnclaveOptions: { Enabled: true } } : {}),
});
