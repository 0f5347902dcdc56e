import { describe, expect, it } from "vitest";
import type { ClusterConfig } from "../../../core/cluster-config/schema.ts";
import type { Comparison } from "../../../core/reconcile/context.ts";
import type { LiveState } from "../../../core/reconcile/live.ts";
import { changes, EDIT, fileOf, liveState, ROLES, summary, VIEW } from "./builders.ts";

// biome-ignore lint/suspicious/noExplicitAny: a file that tests change anywhere
type File = Record<string, any>;

interface Case {
  readonly name: string;
  /** Changes the file that says of the cluster what it is. */
  readonly file?: (file: File) => void;
  readonly live?: (live: LiveState) => LiveState;
  readonly over?: Partial<Comparison>;
  readonly expected: readonly string[];
  /** The calls that come first, by step. */
  readonly calls?: readonly string[];
}

function run({ file = () => {}, live = (same) => same, over }: Case) {
  const state = live(liveState());
  const config = structuredClone(fileOf(liveState())) as ClusterConfig;
  file(config as File);
  return changes(state, config, over);
}

const cluster = (over: Partial<LiveState["cluster"]>) => (live: LiveState) => ({
  ...live,
  cluster: { ...live.cluster, ...over },
});

const group = (over: Partial<LiveState["nodegroups"][number]>) => (live: LiveState) => ({
  ...live,
  nodegroups: live.nodegroups.map((one) => ({ ...one, ...over })),
});

const controlPlane: Case[] = [
  { name: "the file that it is adopted with", expected: [] },
  {
    name: "a tag that is new, and one that has gone",
    file: (file) => {
      file.metadata.tags = { team: "b", cost: "1" };
    },
    over: { earlier: { metadata: { tags: { team: "a" } } } as unknown as ClusterConfig },
    expected: ["metadata.tags.team: a -> b update", "metadata.tags.cost:  -> 1 update"],
    calls: ["tagResource"],
  },
  {
    name: "a tag that somebody else set stays",
    file: (file) => {
      file.metadata.tags = {};
    },
    expected: [],
  },
  {
    name: "a tag that an earlier file set goes",
    file: (file) => {
      file.metadata.tags = {};
    },
    over: { earlier: { metadata: { tags: { team: "a" } } } as unknown as ClusterConfig },
    expected: ["metadata.tags.team: a ->  update"],
    calls: ["untagResource"],
  },
  {
    name: "endpoint access",
    file: (file) => {
      file.vpc.clusterEndpoints = { publicAccess: true, privateAccess: true };
      file.vpc.publicAccessCIDRs = ["10.0.0.0/8"];
    },
    expected: [
      "vpc.clusterEndpoints.privateAccess: false -> true update",
      "vpc.publicAccessCIDRs: 0.0.0.0/0 -> 10.0.0.0/8 update",
    ],
    calls: ["updateClusterConfig"],
  },
  {
    name: "CIDRs do not count where there is no public access",
    file: (file) => {
      file.vpc.clusterEndpoints = { publicAccess: false, privateAccess: true };
    },
    live: cluster({ publicAccess: false, privateAccess: true, publicAccessCidrs: [] }),
    expected: [],
  },
  {
    name: "endpoint access that the file does not mention",
    file: (file) => {
      delete file.vpc.clusterEndpoints;
      delete file.vpc.publicAccessCIDRs;
    },
    live: cluster({ publicAccess: false, privateAccess: true, publicAccessCidrs: [] }),
    expected: [],
  },
  {
    name: "log types",
    file: (file) => {
      file.cloudWatch.clusterLogging.enableTypes = ["audit", "scheduler"];
    },
    expected: ["cloudWatch.clusterLogging.enableTypes: api, audit -> audit, scheduler update"],
    calls: ["updateClusterConfig"],
  },
  {
    name: "subnets and security groups of the control plane",
    file: (file) => {
      file.vpc.controlPlaneSubnetIDs = ["subnet-a", "subnet-c"];
      file.vpc.controlPlaneSecurityGroupIDs = ["sg-2"];
    },
    expected: [
      "vpc.controlPlaneSubnetIDs: subnet-a, subnet-b -> subnet-a, subnet-c update",
      "vpc.controlPlaneSecurityGroupIDs: sg-1 -> sg-2 update",
    ],
    calls: ["updateClusterConfig"],
  },
  {
    name: "authentication mode forward, one step at a time",
    file: (file) => {
      file.accessConfig.authenticationMode = "API";
    },
    live: (live) => ({ ...cluster({ authenticationMode: "CONFIG_MAP" })(live), accessEntries: [] }),
    // Access comes afterwards, when the mode has entries.
    expected: [
      "accessConfig.authenticationMode: CONFIG_MAP -> API update",
      "accessConfig.accessEntries[role/ops]:  -> viewers, cluster-access-policy/AmazonEKSEditPolicy create",
    ],
    calls: ["updateClusterConfig", "createAccessEntry"],
  },
  {
    name: "authentication mode back",
    file: (file) => {
      file.accessConfig = { authenticationMode: "API_AND_CONFIG_MAP" };
    },
    live: (live) => ({ ...cluster({ authenticationMode: "API" })(live), accessEntries: [] }),
    expected: ["accessConfig.authenticationMode: API -> API_AND_CONFIG_MAP immutable"],
  },
  {
    name: "upgrade policy, zonal shift, tier",
    file: (file) => {
      file.upgradePolicy = { supportType: "STANDARD" };
      file.zonalShiftConfig = { enabled: true };
      file.controlPlaneScalingConfig = { tier: "tier-xl" };
    },
    expected: [
      "upgradePolicy.supportType: EXTENDED -> STANDARD update",
      "zonalShiftConfig.enabled: false -> true update",
      "controlPlaneScalingConfig.tier: standard -> tier-xl update",
    ],
    calls: ["updateClusterConfig", "updateClusterConfig", "updateClusterConfig"],
  },
  {
    name: "networks of hybrid nodes",
    file: (file) => {
      file.remoteNetworkConfig = { vpcGatewayID: "tgw-1", remoteNodeNetworks: [{ cidrs: ["10.9.0.0/16"] }] };
    },
    expected: ["remoteNetworkConfig.remoteNodeNetworks: none -> 10.9.0.0/16 update"],
    calls: ["updateClusterConfig"],
  },
  {
    name: "Auto Mode on",
    file: (file) => {
      file.autoModeConfig = { enabled: true, nodeRoleARN: ROLES.nodes };
    },
    expected: [
      "autoModeConfig.enabled: false -> true update",
      "autoModeConfig.nodePools: none -> general-purpose, system update",
    ],
    calls: ["updateClusterConfig"],
  },
  {
    name: "another node role of Auto Mode",
    file: (file) => {
      file.autoModeConfig = { enabled: true, nodeRoleARN: ROLES.app };
    },
    live: cluster({ autoMode: { enabled: true, nodePools: ["system"], nodeRoleArn: ROLES.nodes } }),
    expected: [`autoModeConfig.nodeRoleARN: ${ROLES.nodes} -> ${ROLES.app} immutable`],
  },
  {
    name: "encryption of secrets",
    file: (file) => {
      file.secretsEncryption = { keyARN: "arn:aws:kms:eu-west-1:111122223333:key/k" };
    },
    expected: ["secretsEncryption.keyARN:  -> arn:aws:kms:eu-west-1:111122223333:key/k update"],
    calls: ["associateEncryptionConfig"],
  },
  {
    name: "another key",
    file: (file) => {
      file.secretsEncryption = { keyARN: "arn:aws:kms:eu-west-1:111122223333:key/k" };
    },
    live: cluster({ keyArn: "arn:aws:kms:eu-west-1:111122223333:key/old" }),
    expected: [
      "secretsEncryption.keyARN: arn:aws:kms:eu-west-1:111122223333:key/old -> arn:aws:kms:eu-west-1:111122223333:key/k immutable",
    ],
  },
  {
    name: "an identity provider",
    file: (file) => {
      file.identityProviders = [
        { type: "oidc", name: "sso", issuerURL: "https://sso.example", clientID: "k" },
      ];
    },
    expected: ["identityProviders[sso]:  -> https://sso.example create"],
    calls: ["associateIdentityProviderConfig"],
  },
  {
    name: "another identity provider",
    file: (file) => {
      file.identityProviders = [
        { type: "oidc", name: "sso", issuerURL: "https://sso.example", clientID: "k" },
      ];
    },
    live: (live) => ({
      ...live,
      identityProviders: [
        {
          name: "sso",
          status: "ACTIVE",
          issuerUrl: "https://old.example",
          clientId: "k",
          requiredClaims: {},
        },
      ],
    }),
    expected: ["identityProviders[sso].issuerURL: https://old.example -> https://sso.example immutable"],
  },
  {
    name: "a newer version is an upgrade's",
    file: (file) => {
      file.metadata.version = "1.35";
    },
    expected: ["metadata.version: 1.34 -> 1.35 left"],
  },
  {
    name: "an older version is nobody's",
    file: (file) => {
      file.metadata.version = "1.33";
    },
    expected: ["metadata.version: 1.34 -> 1.33 left"],
  },
  {
    name: "role, VPC, IP family, service range",
    file: (file) => {
      file.iam.serviceRoleARN = ROLES.app;
      file.vpc.id = "vpc-2";
      file.kubernetesNetworkConfig = { ipFamily: "IPv4", serviceIPv4CIDR: "10.100.0.0/16" };
    },
    expected: [
      `iam.serviceRoleARN: ${ROLES.cluster} -> ${ROLES.app} immutable`,
      "vpc.id: vpc-1 -> vpc-2 immutable",
      "kubernetesNetworkConfig.serviceIPv4CIDR: 172.20.0.0/16 -> 10.100.0.0/16 immutable",
    ],
  },
];

const workers = (edit: (group: File) => void) => (file: File) => edit(file.managedNodeGroups[0]);

const nodegroups: Case[] = [
  {
    name: "bounds",
    file: workers((g) => Object.assign(g, { minSize: 2, maxSize: 8 })),
    expected: [
      "managedNodeGroups[workers].minSize: 1 -> 2 update",
      "managedNodeGroups[workers].maxSize: 5 -> 8 update",
    ],
    calls: ["updateNodegroupConfig"],
  },
  {
    name: "a desired size that an autoscaler moved is its own",
    live: group({ desiredSize: 5 }),
    over: { earlier: fileOf(liveState()) },
    expected: [],
  },
  {
    name: "a desired size that the file changed",
    file: workers((g) => Object.assign(g, { desiredCapacity: 4 })),
    over: { earlier: fileOf(liveState()) },
    expected: ["managedNodeGroups[workers].desiredCapacity: 3 -> 4 update"],
    calls: ["updateNodegroupConfig"],
  },
  {
    name: "bounds that leave the desired size no choice",
    file: workers((g) => Object.assign(g, { minSize: 1, desiredCapacity: 2, maxSize: 2 })),
    over: { earlier: fileOf(liveState()) },
    expected: [
      "managedNodeGroups[workers].maxSize: 5 -> 2 update",
      "managedNodeGroups[workers].desiredCapacity: 3 -> 2 update",
    ],
    calls: ["updateNodegroupConfig"],
  },
  {
    name: "sizes that the file does not mention",
    file: workers((g) => {
      for (const key of ["minSize", "maxSize", "desiredCapacity"]) delete g[key];
    }),
    expected: [],
  },
  {
    name: "labels: the list is complete, but for those of EKS and eksctl",
    file: workers((g) => Object.assign(g, { labels: { zone: "a" } })),
    expected: [
      "managedNodeGroups[workers].labels.zone:  -> a update",
      "managedNodeGroups[workers].labels.tier: web ->  update",
    ],
    calls: ["updateNodegroupConfig"],
  },
  { name: "no labels in the file", file: workers((g) => delete g.labels), expected: [] },
  {
    name: "taints",
    file: workers((g) => Object.assign(g, { taints: [{ key: "only", value: "api", effect: "NoSchedule" }] })),
    expected: ["managedNodeGroups[workers].taints: only=web:NO_SCHEDULE -> only=api:NO_SCHEDULE update"],
    calls: ["updateNodegroupConfig"],
  },
  {
    name: "update and repair configuration",
    file: workers((g) =>
      Object.assign(g, {
        updateConfig: { maxUnavailablePercentage: 50 },
        nodeRepairConfig: { enabled: true, maxParallelNodesRepairedCount: 2 },
      }),
    ),
    expected: [
      "managedNodeGroups[workers].updateConfig.maxUnavailablePercentage:  -> 50 update",
      "managedNodeGroups[workers].nodeRepairConfig.enabled: false -> true update",
      "managedNodeGroups[workers].nodeRepairConfig.maxParallelNodesRepairedCount:  -> 2 update",
    ],
    calls: ["updateNodegroupConfig"],
  },
  {
    name: "tags of the group",
    file: workers((g) => Object.assign(g, { tags: { cost: "2" } })),
    expected: ["managedNodeGroups[workers].tags.cost: 1 -> 2 update"],
    calls: ["tagResource"],
  },
  {
    name: "instance types, with the processor that they bring",
    file: workers((g) => {
      g.instanceTypes = ["m7g.large"];
      delete g.amiFamily;
    }),
    expected: [
      "managedNodeGroups[workers].instanceTypes: m5.large -> m7g.large rotate",
      "managedNodeGroups[workers].amiFamily: AL2023_x86_64_STANDARD -> AL2023_ARM_64_STANDARD rotate",
    ],
  },
  {
    name: "AMI family",
    file: workers((g) => Object.assign(g, { amiFamily: "Bottlerocket" })),
    expected: ["managedNodeGroups[workers].amiFamily: AL2023_x86_64_STANDARD -> BOTTLEROCKET_x86_64 rotate"],
  },
  {
    name: "spot, disk, subnets, role, SSH key",
    file: workers((g) =>
      Object.assign(g, {
        spot: true,
        volumeSize: 100,
        subnets: ["subnet-a"],
        iam: { instanceRoleARN: ROLES.app },
        ssh: { allow: true, publicKeyName: "new" },
      }),
    ),
    expected: [
      "managedNodeGroups[workers].spot: ON_DEMAND -> SPOT rotate",
      `managedNodeGroups[workers].iam.instanceRoleARN: ${ROLES.nodes} -> ${ROLES.app} rotate`,
      "managedNodeGroups[workers].volumeSize: 80 -> 100 rotate",
      "managedNodeGroups[workers].ssh.publicKeyName: ops -> new rotate",
      "managedNodeGroups[workers].subnets: subnet-a, subnet-b -> subnet-a rotate",
    ],
  },
  {
    name: "another version of the launch template",
    live: group({ launchTemplate: { id: "lt-1", name: "t", version: "1" } }),
    file: workers((g) => {
      for (const key of ["instanceTypes", "volumeSize", "ssh"]) delete g[key];
      g.launchTemplate = { id: "lt-1", version: "2" };
    }),
    expected: ["managedNodeGroups[workers].launchTemplate.version: 1 -> 2 rotate"],
  },
  {
    name: "a release of this Kubernetes version, and one of another",
    file: workers((g) => Object.assign(g, { releaseVersion: "1.35.0-20260101" })),
    live: group({ releaseVersion: "1.34.1-20251016" }),
    expected: ["managedNodeGroups[workers].releaseVersion: 1.34.1-20251016 -> 1.35.0-20260101 left"],
  },
  {
    name: "private nodes in place of public ones",
    live: (live) => ({
      ...group({ subnetIds: ["subnet-b"] })(live),
      subnets: live.subnets.map((subnet) => ({ ...subnet, public: subnet.id === "subnet-b" })),
    }),
    file: workers((g) => {
      delete g.subnets;
      g.privateNetworking = true;
    }),
    expected: ["managedNodeGroups[workers].privateNetworking: subnet-b -> subnet-a rotate"],
  },
  {
    name: "a new group",
    file: (file) => {
      file.managedNodeGroups.push({
        name: "batch",
        instanceType: "m5.large",
        desiredCapacity: 1,
        iam: { instanceRoleARN: ROLES.nodes },
      });
    },
    expected: ["managedNodeGroups[batch]:  -> 1 nodes, m5.large, ON_DEMAND create"],
    calls: ["createNodegroup"],
  },
  {
    name: "a new group that would need a role",
    file: (file) => {
      file.managedNodeGroups.push({ name: "batch", iam: { withAddonPolicies: { autoScaler: true } } });
    },
    expected: ["managedNodeGroups[batch]:  -> 2 nodes, m5.large, ON_DEMAND immutable"],
  },
  {
    name: "a group that the file has not",
    file: (file) => {
      file.managedNodeGroups = [];
    },
    expected: ["managedNodeGroups[workers]: 3 nodes ->  left"],
  },
  {
    name: "a group that the file has not, pruned",
    file: (file) => {
      file.managedNodeGroups = [];
    },
    over: { prune: true },
    expected: ["managedNodeGroups[workers]: 3 nodes ->  delete"],
    calls: ["deleteNodegroup"],
  },
  {
    name: "a file without the section prunes nothing",
    file: (file) => {
      delete file.managedNodeGroups;
    },
    over: { prune: true },
    expected: ["managedNodeGroups[workers]: 3 nodes ->  left"],
  },
  {
    name: "a group that could not be created",
    live: group({ status: "CREATE_FAILED" }),
    expected: ["managedNodeGroups[workers].status: CREATE_FAILED -> ACTIVE create"],
    calls: ["deleteNodegroup"],
  },
];

const addon = (name: string, edit: (addon: File) => void) => (file: File) =>
  edit(file.addons.find((one: File) => one.name === name));

const addons: Case[] = [
  {
    name: "vpc-cni goes one minor version at a time",
    file: addon("vpc-cni", (a) => Object.assign(a, { version: "v1.21.0-eksbuild.1" })),
    expected: ["addons[vpc-cni].version: v1.19.0-eksbuild.1 -> v1.21.0-eksbuild.1 update"],
    calls: ["updateAddon v1.20.0-eksbuild.2"],
  },
  {
    name: "a version without its build",
    file: addon("vpc-cni", (a) => Object.assign(a, { version: "1.20.0" })),
    expected: ["addons[vpc-cni].version: v1.19.0-eksbuild.1 -> v1.20.0-eksbuild.2 update"],
    calls: ["updateAddon v1.20.0-eksbuild.2"],
  },
  {
    name: "the latest one is there",
    file: addon("coredns", (a) => Object.assign(a, { version: "latest" })),
    expected: [],
  },
  {
    name: "an older version",
    file: addon("vpc-cni", (a) => Object.assign(a, { version: "v1.18.0-eksbuild.1" })),
    expected: ["addons[vpc-cni].version: v1.19.0-eksbuild.1 -> v1.18.0-eksbuild.1 left"],
  },
  {
    name: "configuration that says the same in YAML",
    file: addon("vpc-cni", (a) => Object.assign(a, { configurationValues: 'env:\n  A: "1"\n' })),
    expected: [],
  },
  {
    name: "configuration and role",
    file: addon("vpc-cni", (a) =>
      Object.assign(a, { configurationValues: '{"env":{"A":"2"}}', serviceAccountRoleARN: ROLES.app }),
    ),
    expected: [
      'addons[vpc-cni].configurationValues: {"env":{"A":"1"}} -> {"env":{"A":"2"}} update',
      `addons[vpc-cni].serviceAccountRoleARN:  -> ${ROLES.app} update`,
    ],
    calls: ["updateAddon v1.19.0-eksbuild.1"],
  },
  {
    name: "a new add-on",
    file: (file) => file.addons.push({ name: "kube-proxy" }),
    expected: ["addons[kube-proxy]:  -> v1.34.0-eksbuild.1 create"],
    calls: ["createAddon v1.34.0-eksbuild.1"],
  },
  {
    name: "EKS's three come by default, and the agent that pod identities need",
    file: (file) => {
      delete file.addonsConfig;
    },
    expected: [
      "addons[kube-proxy]:  -> v1.34.0-eksbuild.1 create",
      "addons[eks-pod-identity-agent]:  -> v1.3.0-eksbuild.1 create",
    ],
    calls: ["createAddon v1.34.0-eksbuild.1", "createAddon v1.3.0-eksbuild.1"],
  },
  {
    name: "an add-on that EKS does not offer",
    file: (file) => file.addons.push({ name: "kube-proxy", version: "v9.0.0-eksbuild.1" }),
    expected: ["addons[kube-proxy].version:  -> v9.0.0-eksbuild.1 immutable"],
  },
  {
    name: "an add-on that the file has not",
    file: (file) => {
      file.addons = file.addons.filter((one: File) => one.name !== "coredns");
    },
    expected: ["addons[coredns]: v1.12.0-eksbuild.1 ->  left"],
  },
];

const entry = (edit: (entry: File) => void) => (file: File) => edit(file.accessConfig.accessEntries[0]);

const access: Case[] = [
  {
    name: "groups and policies of an entry, the entry first",
    file: entry((e) => {
      e.kubernetesGroups = ["editors"];
      e.accessPolicies = [{ policyARN: VIEW, accessScope: { type: "cluster" } }];
    }),
    expected: [
      "accessConfig.accessEntries[role/ops].kubernetesGroups: viewers -> editors update",
      "accessConfig.accessEntries[role/ops].accessPolicies[cluster-access-policy/AmazonEKSViewPolicy]:  -> cluster update",
      "accessConfig.accessEntries[role/ops].accessPolicies[cluster-access-policy/AmazonEKSEditPolicy]: namespaces shop ->  delete",
    ],
    calls: ["updateAccessEntry"],
  },
  {
    name: "another scope",
    file: entry((e) => {
      e.accessPolicies = [
        { policyARN: EDIT, accessScope: { type: "namespace", namespaces: ["shop", "pay"] } },
      ];
    }),
    expected: [
      "accessConfig.accessEntries[role/ops].accessPolicies[cluster-access-policy/AmazonEKSEditPolicy]: namespaces shop -> namespaces shop, pay update",
    ],
    calls: ["associateAccessPolicy"],
  },
  {
    name: "another type",
    file: entry((e) => {
      e.type = "EC2_LINUX";
    }),
    expected: ["accessConfig.accessEntries[role/ops].type: STANDARD -> EC2_LINUX immutable"],
  },
  {
    name: "an entry of the old aws-auth map",
    file: (file) => {
      file.iamIdentityMappings = [{ arn: ROLES.app, groups: ["system:masters"] }];
    },
    expected: ["iamIdentityMappings[role/app]:  -> cluster-access-policy/AmazonEKSClusterAdminPolicy create"],
    calls: ["createAccessEntry"],
  },
  {
    name: "an entry that the file has not; those of nodes and of Slipway are nobody's",
    file: (file) => {
      file.accessConfig.accessEntries = [];
    },
    over: { prune: true },
    expected: [`accessConfig.accessEntries[role/ops]: ${ROLES.ops} ->  delete`],
    calls: ["deleteAccessEntry"],
  },
  {
    name: "the role of pods",
    file: (file) => {
      file.iam.podIdentityAssociations[0].roleARN = ROLES.ops;
    },
    expected: [`iam.podIdentityAssociations[shop/cart].roleARN: ${ROLES.app} -> ${ROLES.ops} update`],
    calls: ["updatePodIdentityAssociation"],
  },
  {
    name: "a role for other pods",
    file: (file) => {
      file.iam.podIdentityAssociations.push({
        namespace: "pay",
        serviceAccountName: "api",
        roleARN: ROLES.app,
      });
    },
    expected: [`iam.podIdentityAssociations[pay/api]:  -> ${ROLES.app} create`],
    calls: ["createPodIdentityAssociation"],
  },
  {
    name: "a role that would have to be made",
    file: (file) => {
      file.iam.podIdentityAssociations.push({
        namespace: "pay",
        serviceAccountName: "api",
        wellKnownPolicies: { externalDNS: true },
      });
    },
    expected: ["iam.podIdentityAssociations[pay/api]:  -> a role left"],
  },
];

const fargate: Case[] = [
  {
    name: "a new profile",
    file: (file) => file.fargateProfiles.push({ name: "jobs", selectors: [{ namespace: "jobs" }] }),
    expected: ["fargateProfiles[jobs]:  -> jobs create"],
    calls: ["createFargateProfile"],
  },
  {
    name: "other selectors",
    file: (file) => {
      file.fargateProfiles[0].selectors = [{ namespace: "other" }];
    },
    expected: [
      'fargateProfiles[batch].selectors: {"labels":{},"namespace":"batch"} -> {"labels":{},"namespace":"other"} immutable',
    ],
  },
  {
    name: "a profile that the file has not, pruned",
    file: (file) => {
      file.fargateProfiles = [];
    },
    over: { prune: true },
    expected: ["fargateProfiles[batch]: batch ->  delete"],
    calls: ["deleteFargateProfile"],
  },
];

describe.each([
  ["control plane", controlPlane],
  ["node groups", nodegroups],
  ["add-ons", addons],
  ["access", access],
  ["Fargate", fargate],
])("changes of %s", (_, cases) => {
  it.each(cases)("$name", (one) => {
    const found = run(one);
    expect(summary(found)).toEqual(one.expected);
    const calls = found.flatMap(({ call }) =>
      call ? [[call.action, call.request.addonVersion].filter(Boolean).join(" ")] : [],
    );
    expect(calls).toEqual(one.calls ?? []);
    // Whoever cannot have what they want is told what to do.
    for (const { differences } of found)
      for (const { how, remedy, step } of differences) {
        if (how === "left" || how === "immutable") expect(remedy).toBeTruthy();
        expect(step === undefined).toBe(how === "left" || how === "immutable");
      }
  });
});
