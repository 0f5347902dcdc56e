import type { StaticOperationSchema, StaticUnionSchema } from "@smithy/types";

/** Made by scripts/generate-operation-schemas.ts from the SDK's published schemas; do not edit. */

const AttributeValue: StaticUnionSchema = [
  4,
  "com.amazonaws.dynamodb",
  "AttributeValue",
  0,
  ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"],
  [
    0,
    0,
    21,
    64,
    64,
    85,
    [2, "com.amazonaws.dynamodb", "MapAttributeValue", 0, 0, () => AttributeValue],
    [1, "com.amazonaws.dynamodb", "ListAttributeValue", 0, () => AttributeValue],
    2,
    2,
  ],
];

export const DescribeSubnets: StaticOperationSchema = [
  9,
  "com.amazonaws.ec2",
  "DescribeSubnets",
  0,
  [
    3,
    "com.amazonaws.ec2",
    "DescribeSubnetsRequest",
    0,
    ["Filters", "SubnetIds"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "FilterList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Filter",
              0,
              ["Name", "Values"],
              [
                0,
                [
                  [1, "com.amazonaws.ec2", "ValueStringList", 0, [0, { xmlName: "item" }]],
                  { xmlName: "Value" },
                ],
              ],
            ],
            { xmlName: "Filter" },
          ],
        ],
        { xmlName: "Filter" },
      ],
      [
        [1, "com.amazonaws.ec2", "SubnetIdStringList", 0, [0, { xmlName: "SubnetId" }]],
        { xmlName: "SubnetId" },
      ],
    ],
  ],
  [
    3,
    "com.amazonaws.ec2",
    "DescribeSubnetsResult",
    0,
    ["Subnets"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "SubnetList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Subnet",
              0,
              [
                "SubnetId",
                "VpcId",
                "CidrBlock",
                "AvailableIpAddressCount",
                "AvailabilityZone",
                "MapPublicIpOnLaunch",
              ],
              [
                [0, { ec2QueryName: "SubnetId", xmlName: "subnetId" }],
                [0, { ec2QueryName: "VpcId", xmlName: "vpcId" }],
                [0, { ec2QueryName: "CidrBlock", xmlName: "cidrBlock" }],
                [1, { ec2QueryName: "AvailableIpAddressCount", xmlName: "availableIpAddressCount" }],
                [0, { ec2QueryName: "AvailabilityZone", xmlName: "availabilityZone" }],
                [2, { ec2QueryName: "MapPublicIpOnLaunch", xmlName: "mapPublicIpOnLaunch" }],
              ],
            ],
            { xmlName: "item" },
          ],
        ],
        { ec2QueryName: "SubnetSet", xmlName: "subnetSet" },
      ],
    ],
  ],
];

export const DescribeInstances: StaticOperationSchema = [
  9,
  "com.amazonaws.ec2",
  "DescribeInstances",
  0,
  [
    3,
    "com.amazonaws.ec2",
    "DescribeInstancesRequest",
    0,
    ["Filters", "NextToken", "MaxResults"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "FilterList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Filter",
              0,
              ["Name", "Values"],
              [
                0,
                [
                  [1, "com.amazonaws.ec2", "ValueStringList", 0, [0, { xmlName: "item" }]],
                  { xmlName: "Value" },
                ],
              ],
            ],
            { xmlName: "Filter" },
          ],
        ],
        { xmlName: "Filter" },
      ],
      [0, { ec2QueryName: "NextToken", xmlName: "nextToken" }],
      [1, { ec2QueryName: "MaxResults", xmlName: "maxResults" }],
    ],
  ],
  [
    3,
    "com.amazonaws.ec2",
    "DescribeInstancesResult",
    0,
    ["NextToken", "Reservations"],
    [
      [0, { ec2QueryName: "NextToken", xmlName: "nextToken" }],
      [
        [
          1,
          "com.amazonaws.ec2",
          "ReservationList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Reservation",
              0,
              ["Instances"],
              [
                [
                  [
                    1,
                    "com.amazonaws.ec2",
                    "InstanceList",
                    0,
                    [
                      [
                        3,
                        "com.amazonaws.ec2",
                        "Instance",
                        0,
                        ["InstanceLifecycle", "Tags", "InstanceId", "State", "PrivateDnsName", "Placement"],
                        [
                          [0, { ec2QueryName: "InstanceLifecycle", xmlName: "instanceLifecycle" }],
                          [
                            [
                              1,
                              "com.amazonaws.ec2",
                              "TagList",
                              0,
                              [
                                [
                                  3,
                                  "com.amazonaws.ec2",
                                  "Tag",
                                  0,
                                  ["Key", "Value"],
                                  [
                                    [0, { ec2QueryName: "Key", xmlName: "key" }],
                                    [0, { ec2QueryName: "Value", xmlName: "value" }],
                                  ],
                                ],
                                { xmlName: "item" },
                              ],
                            ],
                            { ec2QueryName: "TagSet", xmlName: "tagSet" },
                          ],
                          [0, { ec2QueryName: "InstanceId", xmlName: "instanceId" }],
                          [
                            [
                              3,
                              "com.amazonaws.ec2",
                              "InstanceState",
                              0,
                              ["Name"],
                              [[0, { ec2QueryName: "Name", xmlName: "name" }]],
                            ],
                            { ec2QueryName: "InstanceState", xmlName: "instanceState" },
                          ],
                          [0, { ec2QueryName: "PrivateDnsName", xmlName: "privateDnsName" }],
                          [
                            [
                              3,
                              "com.amazonaws.ec2",
                              "Placement",
                              0,
                              ["AvailabilityZone"],
                              [[0, { ec2QueryName: "AvailabilityZone", xmlName: "availabilityZone" }]],
                            ],
                            { ec2QueryName: "Placement", xmlName: "placement" },
                          ],
                        ],
                      ],
                      { xmlName: "item" },
                    ],
                  ],
                  { ec2QueryName: "InstancesSet", xmlName: "instancesSet" },
                ],
              ],
            ],
            { xmlName: "item" },
          ],
        ],
        { ec2QueryName: "ReservationSet", xmlName: "reservationSet" },
      ],
    ],
  ],
];

export const DescribeInstanceStatus: StaticOperationSchema = [
  9,
  "com.amazonaws.ec2",
  "DescribeInstanceStatus",
  0,
  [
    3,
    "com.amazonaws.ec2",
    "DescribeInstanceStatusRequest",
    0,
    ["InstanceIds", "MaxResults", "NextToken", "IncludeAllInstances"],
    [
      [
        [1, "com.amazonaws.ec2", "InstanceIdStringList", 0, [0, { xmlName: "InstanceId" }]],
        { xmlName: "InstanceId" },
      ],
      1,
      0,
      [2, { ec2QueryName: "IncludeAllInstances", xmlName: "includeAllInstances" }],
    ],
  ],
  [
    3,
    "com.amazonaws.ec2",
    "DescribeInstanceStatusResult",
    0,
    ["InstanceStatuses", "NextToken"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "InstanceStatusList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "InstanceStatus",
              0,
              ["Events", "InstanceId", "InstanceStatus", "SystemStatus"],
              [
                [
                  [
                    1,
                    "com.amazonaws.ec2",
                    "InstanceStatusEventList",
                    0,
                    [
                      [
                        3,
                        "com.amazonaws.ec2",
                        "InstanceStatusEvent",
                        0,
                        ["Code", "Description", "NotBefore"],
                        [
                          [0, { ec2QueryName: "Code", xmlName: "code" }],
                          [0, { ec2QueryName: "Description", xmlName: "description" }],
                          [4, { ec2QueryName: "NotBefore", xmlName: "notBefore" }],
                        ],
                      ],
                      { xmlName: "item" },
                    ],
                  ],
                  { ec2QueryName: "EventsSet", xmlName: "eventsSet" },
                ],
                [0, { ec2QueryName: "InstanceId", xmlName: "instanceId" }],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "InstanceStatusSummary",
                    0,
                    ["Status"],
                    [[0, { ec2QueryName: "Status", xmlName: "status" }]],
                  ],
                  { ec2QueryName: "InstanceStatus", xmlName: "instanceStatus" },
                ],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "InstanceStatusSummary",
                    0,
                    ["Status"],
                    [[0, { ec2QueryName: "Status", xmlName: "status" }]],
                  ],
                  { ec2QueryName: "SystemStatus", xmlName: "systemStatus" },
                ],
              ],
            ],
            { xmlName: "item" },
          ],
        ],
        { ec2QueryName: "InstanceStatusSet", xmlName: "instanceStatusSet" },
      ],
      [0, { ec2QueryName: "NextToken", xmlName: "nextToken" }],
    ],
  ],
];

export const DescribeAlarms: StaticOperationSchema = [
  9,
  "com.amazonaws.cloudwatch",
  "DescribeAlarms",
  0,
  [
    3,
    "com.amazonaws.cloudwatch",
    "DescribeAlarmsInput",
    0,
    ["AlarmNamePrefix", "AlarmTypes", "StateValue", "MaxRecords", "NextToken"],
    [0, 64, 0, 1, 0],
  ],
  [
    3,
    "com.amazonaws.cloudwatch",
    "DescribeAlarmsOutput",
    0,
    ["CompositeAlarms", "MetricAlarms", "NextToken"],
    [
      [
        1,
        "com.amazonaws.cloudwatch",
        "CompositeAlarms",
        0,
        [3, "com.amazonaws.cloudwatch", "CompositeAlarm", 0, ["AlarmName", "StateValue"], [0, 0]],
      ],
      [
        1,
        "com.amazonaws.cloudwatch",
        "MetricAlarms",
        0,
        [3, "com.amazonaws.cloudwatch", "MetricAlarm", 0, ["AlarmName", "StateValue"], [0, 0]],
      ],
      0,
    ],
  ],
];

export const DescribeImages: StaticOperationSchema = [
  9,
  "com.amazonaws.ec2",
  "DescribeImages",
  0,
  [
    3,
    "com.amazonaws.ec2",
    "DescribeImagesRequest",
    0,
    ["Owners", "MaxResults", "NextToken", "Filters"],
    [
      [[1, "com.amazonaws.ec2", "OwnerStringList", 0, [0, { xmlName: "Owner" }]], { xmlName: "Owner" }],
      1,
      0,
      [
        [
          1,
          "com.amazonaws.ec2",
          "FilterList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Filter",
              0,
              ["Name", "Values"],
              [
                0,
                [
                  [1, "com.amazonaws.ec2", "ValueStringList", 0, [0, { xmlName: "item" }]],
                  { xmlName: "Value" },
                ],
              ],
            ],
            { xmlName: "Filter" },
          ],
        ],
        { xmlName: "Filter" },
      ],
    ],
  ],
  [
    3,
    "com.amazonaws.ec2",
    "DescribeImagesResult",
    0,
    ["NextToken", "Images"],
    [
      [0, { ec2QueryName: "NextToken", xmlName: "nextToken" }],
      [
        [
          1,
          "com.amazonaws.ec2",
          "ImageList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Image",
              0,
              ["Name", "ImageId", "CreationDate"],
              [
                [0, { ec2QueryName: "Name", xmlName: "name" }],
                [0, { ec2QueryName: "ImageId", xmlName: "imageId" }],
                [0, { ec2QueryName: "CreationDate", xmlName: "creationDate" }],
              ],
            ],
            { xmlName: "item" },
          ],
        ],
        { ec2QueryName: "ImagesSet", xmlName: "imagesSet" },
      ],
    ],
  ],
];

export const DescribeInstanceTypes: StaticOperationSchema = [
  9,
  "com.amazonaws.ec2",
  "DescribeInstanceTypes",
  0,
  [
    3,
    "com.amazonaws.ec2",
    "DescribeInstanceTypesRequest",
    0,
    ["Filters", "MaxResults", "NextToken"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "FilterList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Filter",
              0,
              ["Name", "Values"],
              [
                0,
                [
                  [1, "com.amazonaws.ec2", "ValueStringList", 0, [0, { xmlName: "item" }]],
                  { xmlName: "Value" },
                ],
              ],
            ],
            { xmlName: "Filter" },
          ],
        ],
        { xmlName: "Filter" },
      ],
      1,
      0,
    ],
  ],
  [
    3,
    "com.amazonaws.ec2",
    "DescribeInstanceTypesResult",
    0,
    ["InstanceTypes", "NextToken"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "InstanceTypeInfoList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "InstanceTypeInfo",
              0,
              [
                "InstanceType",
                "CurrentGeneration",
                "BareMetal",
                "ProcessorInfo",
                "VCpuInfo",
                "MemoryInfo",
                "GpuInfo",
                "NeuronInfo",
              ],
              [
                [0, { ec2QueryName: "InstanceType", xmlName: "instanceType" }],
                [2, { ec2QueryName: "CurrentGeneration", xmlName: "currentGeneration" }],
                [2, { ec2QueryName: "BareMetal", xmlName: "bareMetal" }],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "ProcessorInfo",
                    0,
                    ["SupportedArchitectures"],
                    [
                      [
                        [1, "com.amazonaws.ec2", "ArchitectureTypeList", 0, [0, { xmlName: "item" }]],
                        { ec2QueryName: "SupportedArchitectures", xmlName: "supportedArchitectures" },
                      ],
                    ],
                  ],
                  { ec2QueryName: "ProcessorInfo", xmlName: "processorInfo" },
                ],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "VCpuInfo",
                    0,
                    ["DefaultVCpus"],
                    [[1, { ec2QueryName: "DefaultVCpus", xmlName: "defaultVCpus" }]],
                  ],
                  { ec2QueryName: "VCpuInfo", xmlName: "vCpuInfo" },
                ],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "MemoryInfo",
                    0,
                    ["SizeInMiB"],
                    [[1, { ec2QueryName: "SizeInMiB", xmlName: "sizeInMiB" }]],
                  ],
                  { ec2QueryName: "MemoryInfo", xmlName: "memoryInfo" },
                ],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "GpuInfo",
                    0,
                    ["Gpus"],
                    [
                      [
                        [
                          1,
                          "com.amazonaws.ec2",
                          "GpuDeviceInfoList",
                          0,
                          [
                            [
                              3,
                              "com.amazonaws.ec2",
                              "GpuDeviceInfo",
                              0,
                              ["Count"],
                              [[1, { ec2QueryName: "Count", xmlName: "count" }]],
                            ],
                            { xmlName: "item" },
                          ],
                        ],
                        { ec2QueryName: "Gpus", xmlName: "gpus" },
                      ],
                    ],
                  ],
                  { ec2QueryName: "GpuInfo", xmlName: "gpuInfo" },
                ],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "NeuronInfo",
                    0,
                    ["NeuronDevices"],
                    [
                      [
                        [
                          1,
                          "com.amazonaws.ec2",
                          "NeuronDeviceInfoList",
                          0,
                          [
                            [
                              3,
                              "com.amazonaws.ec2",
                              "NeuronDeviceInfo",
                              0,
                              ["Count"],
                              [[1, { ec2QueryName: "Count", xmlName: "count" }]],
                            ],
                            { xmlName: "item" },
                          ],
                        ],
                        { ec2QueryName: "NeuronDevices", xmlName: "neuronDevices" },
                      ],
                    ],
                  ],
                  { ec2QueryName: "NeuronInfo", xmlName: "neuronInfo" },
                ],
              ],
            ],
            { xmlName: "item" },
          ],
        ],
        { ec2QueryName: "InstanceTypeSet", xmlName: "instanceTypeSet" },
      ],
      [0, { ec2QueryName: "NextToken", xmlName: "nextToken" }],
    ],
  ],
];

export const DescribeAutoScalingGroups: StaticOperationSchema = [
  9,
  "com.amazonaws.autoscaling",
  "DescribeAutoScalingGroups",
  0,
  [
    3,
    "com.amazonaws.autoscaling",
    "AutoScalingGroupNamesType",
    0,
    ["AutoScalingGroupNames", "NextToken", "Filters"],
    [
      64,
      0,
      [
        1,
        "com.amazonaws.autoscaling",
        "Filters",
        0,
        [3, "com.amazonaws.autoscaling", "Filter", 0, ["Name", "Values"], [0, 64]],
      ],
    ],
  ],
  [
    3,
    "com.amazonaws.autoscaling",
    "AutoScalingGroupsType",
    0,
    ["AutoScalingGroups", "NextToken"],
    [
      [
        [
          1,
          "com.amazonaws.autoscaling",
          "AutoScalingGroups",
          0,
          [
            [
              3,
              "com.amazonaws.autoscaling",
              "AutoScalingGroup",
              0,
              [
                "AutoScalingGroupName",
                "MinSize",
                "MaxSize",
                "DesiredCapacity",
                "Instances",
                "VPCZoneIdentifier",
                "Status",
                "Tags",
              ],
              [
                0,
                1,
                1,
                1,
                [
                  1,
                  "com.amazonaws.autoscaling",
                  "Instances",
                  0,
                  [
                    3,
                    "com.amazonaws.autoscaling",
                    "Instance",
                    0,
                    ["InstanceId", "LifecycleState"],
                    [0, 0],
                    2,
                  ],
                ],
                0,
                0,
                [
                  1,
                  "com.amazonaws.autoscaling",
                  "TagDescriptionList",
                  0,
                  [3, "com.amazonaws.autoscaling", "TagDescription", 0, ["Key", "Value"], [0, 0]],
                ],
              ],
              4,
            ],
            0,
          ],
        ],
        0,
      ],
      0,
    ],
    1,
  ],
];

export const CreateOrUpdateTags: StaticOperationSchema = [
  9,
  "com.amazonaws.autoscaling",
  "CreateOrUpdateTags",
  0,
  [
    3,
    "com.amazonaws.autoscaling",
    "CreateOrUpdateTagsType",
    0,
    ["Tags"],
    [
      [
        1,
        "com.amazonaws.autoscaling",
        "Tags",
        0,
        [
          3,
          "com.amazonaws.autoscaling",
          "Tag",
          0,
          ["Key", "ResourceId", "ResourceType", "Value", "PropagateAtLaunch"],
          [0, 0, 0, 0, 2],
          1,
        ],
      ],
    ],
    1,
  ],
  "unit",
];

export const DeleteTags: StaticOperationSchema = [
  9,
  "com.amazonaws.autoscaling",
  "DeleteTags",
  0,
  [
    3,
    "com.amazonaws.autoscaling",
    "DeleteTagsType",
    0,
    ["Tags"],
    [
      [
        1,
        "com.amazonaws.autoscaling",
        "Tags",
        0,
        [
          3,
          "com.amazonaws.autoscaling",
          "Tag",
          0,
          ["Key", "ResourceId", "ResourceType", "Value", "PropagateAtLaunch"],
          [0, 0, 0, 0, 2],
          1,
        ],
      ],
    ],
    1,
  ],
  "unit",
];

export const DescribeSecurityGroups: StaticOperationSchema = [
  9,
  "com.amazonaws.ec2",
  "DescribeSecurityGroups",
  0,
  [
    3,
    "com.amazonaws.ec2",
    "DescribeSecurityGroupsRequest",
    0,
    ["Filters"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "FilterList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "Filter",
              0,
              ["Name", "Values"],
              [
                0,
                [
                  [1, "com.amazonaws.ec2", "ValueStringList", 0, [0, { xmlName: "item" }]],
                  { xmlName: "Value" },
                ],
              ],
            ],
            { xmlName: "Filter" },
          ],
        ],
        { xmlName: "Filter" },
      ],
    ],
  ],
  [
    3,
    "com.amazonaws.ec2",
    "DescribeSecurityGroupsResult",
    0,
    ["SecurityGroups"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "SecurityGroupList",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "SecurityGroup",
              0,
              ["GroupId"],
              [[0, { ec2QueryName: "GroupId", xmlName: "groupId" }]],
            ],
            { xmlName: "item" },
          ],
        ],
        { ec2QueryName: "SecurityGroupInfo", xmlName: "securityGroupInfo" },
      ],
    ],
  ],
];

export const DescribeLaunchTemplateVersions: StaticOperationSchema = [
  9,
  "com.amazonaws.ec2",
  "DescribeLaunchTemplateVersions",
  0,
  [
    3,
    "com.amazonaws.ec2",
    "DescribeLaunchTemplateVersionsRequest",
    0,
    ["LaunchTemplateId", "LaunchTemplateName", "Versions"],
    [
      0,
      0,
      [
        [1, "com.amazonaws.ec2", "VersionStringList", 0, [0, { xmlName: "item" }]],
        { xmlName: "LaunchTemplateVersion" },
      ],
    ],
  ],
  [
    3,
    "com.amazonaws.ec2",
    "DescribeLaunchTemplateVersionsResult",
    0,
    ["LaunchTemplateVersions"],
    [
      [
        [
          1,
          "com.amazonaws.ec2",
          "LaunchTemplateVersionSet",
          0,
          [
            [
              3,
              "com.amazonaws.ec2",
              "LaunchTemplateVersion",
              0,
              ["VersionNumber", "DefaultVersion", "LaunchTemplateData"],
              [
                [1, { ec2QueryName: "VersionNumber", xmlName: "versionNumber" }],
                [2, { ec2QueryName: "DefaultVersion", xmlName: "defaultVersion" }],
                [
                  [
                    3,
                    "com.amazonaws.ec2",
                    "ResponseLaunchTemplateData",
                    0,
                    ["UserData", "MetadataOptions"],
                    [
                      [
                        [0, "com.amazonaws.ec2", "SensitiveUserData", 8, 0],
                        { ec2QueryName: "UserData", xmlName: "userData" },
                      ],
                      [
                        [
                          3,
                          "com.amazonaws.ec2",
                          "LaunchTemplateInstanceMetadataOptions",
                          0,
                          ["HttpTokens", "HttpPutResponseHopLimit"],
                          [
                            [0, { ec2QueryName: "HttpTokens", xmlName: "httpTokens" }],
                            [
                              1,
                              { ec2QueryName: "HttpPutResponseHopLimit", xmlName: "httpPutResponseHopLimit" },
                            ],
                          ],
                        ],
                        { ec2QueryName: "MetadataOptions", xmlName: "metadataOptions" },
                      ],
                    ],
                  ],
                  { ec2QueryName: "LaunchTemplateData", xmlName: "launchTemplateData" },
                ],
              ],
            ],
            { xmlName: "item" },
          ],
        ],
        { ec2QueryName: "LaunchTemplateVersionSet", xmlName: "launchTemplateVersionSet" },
      ],
    ],
  ],
];

export const GetRole: StaticOperationSchema = [
  9,
  "com.amazonaws.iam",
  "GetRole",
  0,
  [3, "com.amazonaws.iam", "GetRoleRequest", 0, ["RoleName"], [0], 1],
  [
    3,
    "com.amazonaws.iam",
    "GetRoleResponse",
    0,
    ["Role"],
    [[3, "com.amazonaws.iam", "Role", 0, ["RoleName", "Arn", "AssumeRolePolicyDocument"], [0, 0, 0], 2]],
    1,
  ],
];

export const ListAttachedRolePolicies: StaticOperationSchema = [
  9,
  "com.amazonaws.iam",
  "ListAttachedRolePolicies",
  0,
  [3, "com.amazonaws.iam", "ListAttachedRolePoliciesRequest", 0, ["RoleName", "MaxItems"], [0, 1], 1],
  [
    3,
    "com.amazonaws.iam",
    "ListAttachedRolePoliciesResponse",
    0,
    ["AttachedPolicies"],
    [
      [
        1,
        "com.amazonaws.iam",
        "attachedPoliciesListType",
        0,
        [3, "com.amazonaws.iam", "AttachedPolicy", 0, ["PolicyName"], [0]],
      ],
    ],
  ],
];

export const StartQuery: StaticOperationSchema = [
  9,
  "com.amazonaws.cloudwatchlogs",
  "StartQuery",
  0,
  [
    3,
    "com.amazonaws.cloudwatchlogs",
    "StartQueryRequest",
    0,
    ["startTime", "endTime", "queryString", "logGroupName", "limit"],
    [1, 1, 0, 0, 1],
    3,
  ],
  [3, "com.amazonaws.cloudwatchlogs", "StartQueryResponse", 0, ["queryId"], [0]],
];

export const GetQueryResults: StaticOperationSchema = [
  9,
  "com.amazonaws.cloudwatchlogs",
  "GetQueryResults",
  0,
  [3, "com.amazonaws.cloudwatchlogs", "GetQueryResultsRequest", 0, ["queryId"], [0], 1],
  [
    3,
    "com.amazonaws.cloudwatchlogs",
    "GetQueryResultsResponse",
    0,
    ["results", "status"],
    [
      [
        1,
        "com.amazonaws.cloudwatchlogs",
        "QueryResults",
        0,
        [
          1,
          "com.amazonaws.cloudwatchlogs",
          "ResultRows",
          0,
          [3, "com.amazonaws.cloudwatchlogs", "ResultField", 0, ["field", "value"], [0, 0]],
        ],
      ],
      0,
    ],
  ],
];

export const GetCallerIdentity: StaticOperationSchema = [
  9,
  "com.amazonaws.sts",
  "GetCallerIdentity",
  0,
  [3, "com.amazonaws.sts", "GetCallerIdentityRequest", 0, [], []],
  [3, "com.amazonaws.sts", "GetCallerIdentityResponse", 0, ["UserId", "Account", "Arn"], [0, 0, 0]],
];

export const AssumeRole: StaticOperationSchema = [
  9,
  "com.amazonaws.sts",
  "AssumeRole",
  0,
  [
    3,
    "com.amazonaws.sts",
    "AssumeRoleRequest",
    0,
    ["RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"],
    [0, 0, 1, 0],
    2,
  ],
  [
    3,
    "com.amazonaws.sts",
    "AssumeRoleResponse",
    0,
    ["Credentials"],
    [
      [
        [
          3,
          "com.amazonaws.sts",
          "Credentials",
          0,
          ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"],
          [0, [[0, "com.amazonaws.sts", "accessKeySecretType", 8, 0], 0], 0, 4],
          4,
        ],
        0,
      ],
    ],
  ],
];

export const SimulatePrincipalPolicy: StaticOperationSchema = [
  9,
  "com.amazonaws.iam",
  "SimulatePrincipalPolicy",
  0,
  [
    3,
    "com.amazonaws.iam",
    "SimulatePrincipalPolicyRequest",
    0,
    ["PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries", "MaxItems"],
    [
      0,
      64,
      64,
      [
        1,
        "com.amazonaws.iam",
        "ContextEntryListType",
        0,
        [
          3,
          "com.amazonaws.iam",
          "ContextEntry",
          0,
          ["ContextKeyName", "ContextKeyValues", "ContextKeyType"],
          [0, 64, 0],
        ],
      ],
      1,
    ],
    2,
  ],
  [
    3,
    "com.amazonaws.iam",
    "SimulatePolicyResponse",
    0,
    ["EvaluationResults", "IsTruncated", "Marker"],
    [
      [
        1,
        "com.amazonaws.iam",
        "EvaluationResultsListType",
        0,
        [
          3,
          "com.amazonaws.iam",
          "EvaluationResult",
          0,
          ["EvalActionName", "EvalDecision", "EvalResourceName", "MissingContextValues"],
          [0, 0, 0, 64],
          2,
        ],
      ],
      2,
      0,
    ],
  ],
];

export const DescribeTrails: StaticOperationSchema = [
  9,
  "com.amazonaws.cloudtrail",
  "DescribeTrails",
  2,
  [
    3,
    "com.amazonaws.cloudtrail",
    "DescribeTrailsRequest",
    0,
    ["trailNameList", "includeShadowTrails"],
    [64, 2],
  ],
  [
    3,
    "com.amazonaws.cloudtrail",
    "DescribeTrailsResponse",
    0,
    ["trailList"],
    [
      [
        1,
        "com.amazonaws.cloudtrail",
        "TrailList",
        0,
        [
          3,
          "com.amazonaws.cloudtrail",
          "Trail",
          0,
          ["Name", "IsMultiRegionTrail", "HomeRegion", "TrailARN", "IsOrganizationTrail"],
          [0, 2, 0, 0, 2],
        ],
      ],
    ],
  ],
];

export const GetTrailStatus: StaticOperationSchema = [
  9,
  "com.amazonaws.cloudtrail",
  "GetTrailStatus",
  2,
  [3, "com.amazonaws.cloudtrail", "GetTrailStatusRequest", 0, ["Name"], [0], 1],
  [3, "com.amazonaws.cloudtrail", "GetTrailStatusResponse", 0, ["IsLogging", "LatestDeliveryError"], [2, 0]],
];

export const DescribeStacks: StaticOperationSchema = [
  9,
  "com.amazonaws.cloudformation",
  "DescribeStacks",
  0,
  [3, "com.amazonaws.cloudformation", "DescribeStacksInput", 0, ["StackName", "NextToken"], [0, 0]],
  [
    3,
    "com.amazonaws.cloudformation",
    "DescribeStacksOutput",
    0,
    ["Stacks", "NextToken"],
    [
      [
        1,
        "com.amazonaws.cloudformation",
        "Stacks",
        0,
        [
          3,
          "com.amazonaws.cloudformation",
          "Stack",
          0,
          ["StackName", "StackStatus", "Outputs", "Tags"],
          [
            0,
            0,
            [
              1,
              "com.amazonaws.cloudformation",
              "Outputs",
              0,
              [3, "com.amazonaws.cloudformation", "Output", 0, ["OutputKey", "OutputValue"], [0, 0]],
            ],
            [
              1,
              "com.amazonaws.cloudformation",
              "Tags",
              0,
              [3, "com.amazonaws.cloudformation", "Tag", 0, ["Key", "Value"], [0, 0], 2],
            ],
          ],
          2,
        ],
      ],
      0,
    ],
  ],
];

export const PutEvents: StaticOperationSchema = [
  9,
  "com.amazonaws.eventbridge",
  "PutEvents",
  0,
  [
    3,
    "com.amazonaws.eventbridge",
    "PutEventsRequest",
    0,
    ["Entries"],
    [
      [
        1,
        "com.amazonaws.eventbridge",
        "PutEventsRequestEntryList",
        0,
        [
          3,
          "com.amazonaws.eventbridge",
          "PutEventsRequestEntry",
          0,
          ["Time", "Source", "DetailType", "Detail", "EventBusName"],
          [4, 0, 0, 0, 0],
        ],
      ],
    ],
    1,
  ],
  [
    3,
    "com.amazonaws.eventbridge",
    "PutEventsResponse",
    0,
    ["FailedEntryCount", "Entries"],
    [
      1,
      [
        1,
        "com.amazonaws.eventbridge",
        "PutEventsResultEntryList",
        0,
        [
          3,
          "com.amazonaws.eventbridge",
          "PutEventsResultEntry",
          0,
          ["EventId", "ErrorCode", "ErrorMessage"],
          [0, 0, 0],
        ],
      ],
    ],
  ],
];

export const StartExecution: StaticOperationSchema = [
  9,
  "com.amazonaws.sfn",
  "StartExecution",
  2,
  [
    3,
    "com.amazonaws.sfn",
    "StartExecutionInput",
    0,
    ["stateMachineArn", "name", "input"],
    [0, 0, [[0, "com.amazonaws.sfn", "SensitiveData", 8, 0], 0]],
    1,
  ],
  [3, "com.amazonaws.sfn", "StartExecutionOutput", 0, ["executionArn"], [0], 1],
];

export const StopExecution: StaticOperationSchema = [
  9,
  "com.amazonaws.sfn",
  "StopExecution",
  0,
  [
    3,
    "com.amazonaws.sfn",
    "StopExecutionInput",
    0,
    ["executionArn", "error", "cause"],
    [
      0,
      [[0, "com.amazonaws.sfn", "SensitiveError", 8, 0], 0],
      [[0, "com.amazonaws.sfn", "SensitiveCause", 8, 0], 0],
    ],
    1,
  ],
  [3, "com.amazonaws.sfn", "StopExecutionOutput", 0, ["stopDate"], [4], 1],
];

export const DescribeExecution: StaticOperationSchema = [
  9,
  "com.amazonaws.sfn",
  "DescribeExecution",
  0,
  [3, "com.amazonaws.sfn", "DescribeExecutionInput", 0, ["executionArn"], [0], 1],
  [
    3,
    "com.amazonaws.sfn",
    "DescribeExecutionOutput",
    0,
    ["status", "error", "cause"],
    [
      0,
      [[0, "com.amazonaws.sfn", "SensitiveError", 8, 0], 0],
      [[0, "com.amazonaws.sfn", "SensitiveCause", 8, 0], 0],
    ],
    1,
  ],
];

export const SendTaskSuccess: StaticOperationSchema = [
  9,
  "com.amazonaws.sfn",
  "SendTaskSuccess",
  0,
  [
    3,
    "com.amazonaws.sfn",
    "SendTaskSuccessInput",
    0,
    ["taskToken", "output"],
    [
      [[0, "com.amazonaws.sfn", "TaskToken", 8, 0], 0],
      [[0, "com.amazonaws.sfn", "SensitiveData", 8, 0], 0],
    ],
    2,
  ],
  [3, "com.amazonaws.sfn", "SendTaskSuccessOutput", 0, [], []],
];

export const SendTaskFailure: StaticOperationSchema = [
  9,
  "com.amazonaws.sfn",
  "SendTaskFailure",
  0,
  [
    3,
    "com.amazonaws.sfn",
    "SendTaskFailureInput",
    0,
    ["taskToken", "error", "cause"],
    [
      [[0, "com.amazonaws.sfn", "TaskToken", 8, 0], 0],
      [[0, "com.amazonaws.sfn", "SensitiveError", 8, 0], 0],
      [[0, "com.amazonaws.sfn", "SensitiveCause", 8, 0], 0],
    ],
    1,
  ],
  [3, "com.amazonaws.sfn", "SendTaskFailureOutput", 0, [], []],
];

export const CreateSchedule: StaticOperationSchema = [
  9,
  "com.amazonaws.scheduler",
  "CreateSchedule",
  { http: ["POST", "/schedules/{Name}", 200] },
  [
    3,
    "com.amazonaws.scheduler",
    "CreateScheduleInput",
    0,
    [
      "Name",
      "ScheduleExpression",
      "Target",
      "FlexibleTimeWindow",
      "GroupName",
      "ScheduleExpressionTimezone",
      "ActionAfterCompletion",
    ],
    [
      [0, 1],
      0,
      [3, "com.amazonaws.scheduler", "Target", 0, ["Arn", "RoleArn", "Input"], [0, 0, 0], 2],
      [3, "com.amazonaws.scheduler", "FlexibleTimeWindow", 0, ["Mode", "MaximumWindowInMinutes"], [0, 1], 1],
      0,
      0,
      0,
    ],
    4,
  ],
  [3, "com.amazonaws.scheduler", "CreateScheduleOutput", 0, [], [], 0],
];

export const UpdateSchedule: StaticOperationSchema = [
  9,
  "com.amazonaws.scheduler",
  "UpdateSchedule",
  { http: ["PUT", "/schedules/{Name}", 200] },
  [
    3,
    "com.amazonaws.scheduler",
    "UpdateScheduleInput",
    0,
    [
      "Name",
      "ScheduleExpression",
      "Target",
      "FlexibleTimeWindow",
      "GroupName",
      "ScheduleExpressionTimezone",
      "ActionAfterCompletion",
    ],
    [
      [0, 1],
      0,
      [3, "com.amazonaws.scheduler", "Target", 0, ["Arn", "RoleArn", "Input"], [0, 0, 0], 2],
      [3, "com.amazonaws.scheduler", "FlexibleTimeWindow", 0, ["Mode", "MaximumWindowInMinutes"], [0, 1], 1],
      0,
      0,
      0,
    ],
    4,
  ],
  [3, "com.amazonaws.scheduler", "UpdateScheduleOutput", 0, [], [], 0],
];

export const Invoke: StaticOperationSchema = [
  9,
  "com.amazonaws.lambda",
  "Invoke",
  { http: ["POST", "/2015-03-31/functions/{FunctionName}/invocations", 200] },
  [
    3,
    "com.amazonaws.lambda",
    "InvocationRequest",
    0,
    ["FunctionName", "Payload"],
    [
      [0, 1],
      [[0, "com.amazonaws.lambda", "Blob", 8, 21], 16],
    ],
    1,
  ],
  [
    3,
    "com.amazonaws.lambda",
    "InvocationResponse",
    0,
    ["StatusCode", "FunctionError", "Payload"],
    [
      [1, 32],
      [0, { httpHeader: "X-Amz-Function-Error" }],
      [[0, "com.amazonaws.lambda", "Blob", 8, 21], 16],
    ],
  ],
];

export const GetServiceQuota: StaticOperationSchema = [
  9,
  "com.amazonaws.servicequotas",
  "GetServiceQuota",
  0,
  [
    3,
    "com.amazonaws.servicequotas",
    "GetServiceQuotaRequest",
    0,
    ["ServiceCode", "QuotaCode", "ContextId"],
    [0, 0, 0],
    2,
  ],
  [
    3,
    "com.amazonaws.servicequotas",
    "GetServiceQuotaResponse",
    0,
    ["Quota"],
    [[3, "com.amazonaws.servicequotas", "ServiceQuota", 0, ["QuotaCode", "QuotaName", "Value"], [0, 0, 1]]],
  ],
];

export const GetItem: StaticOperationSchema = [
  9,
  "com.amazonaws.dynamodb",
  "GetItem",
  0,
  [
    3,
    "com.amazonaws.dynamodb",
    "GetItemInput",
    0,
    ["TableName", "Key", "ConsistentRead"],
    [0, [2, "com.amazonaws.dynamodb", "Key", 0, 0, () => AttributeValue], 2],
    2,
  ],
  [
    3,
    "com.amazonaws.dynamodb",
    "GetItemOutput",
    0,
    ["Item"],
    [[2, "com.amazonaws.dynamodb", "AttributeMap", 0, 0, () => AttributeValue]],
  ],
];

export const PutItem: StaticOperationSchema = [
  9,
  "com.amazonaws.dynamodb",
  "PutItem",
  0,
  [
    3,
    "com.amazonaws.dynamodb",
    "PutItemInput",
    0,
    ["TableName", "Item", "ConditionExpression", "ExpressionAttributeValues"],
    [
      0,
      [2, "com.amazonaws.dynamodb", "PutItemInputAttributeMap", 0, 0, () => AttributeValue],
      0,
      [2, "com.amazonaws.dynamodb", "ExpressionAttributeValueMap", 0, 0, () => AttributeValue],
    ],
    2,
  ],
  [3, "com.amazonaws.dynamodb", "PutItemOutput", 0, [], []],
];

export const DeleteItem: StaticOperationSchema = [
  9,
  "com.amazonaws.dynamodb",
  "DeleteItem",
  0,
  [
    3,
    "com.amazonaws.dynamodb",
    "DeleteItemInput",
    0,
    ["TableName", "Key", "ReturnValues", "ConditionExpression", "ExpressionAttributeValues"],
    [
      0,
      [2, "com.amazonaws.dynamodb", "Key", 0, 0, () => AttributeValue],
      0,
      0,
      [2, "com.amazonaws.dynamodb", "ExpressionAttributeValueMap", 0, 0, () => AttributeValue],
    ],
    2,
  ],
  [
    3,
    "com.amazonaws.dynamodb",
    "DeleteItemOutput",
    0,
    ["Attributes"],
    [[2, "com.amazonaws.dynamodb", "AttributeMap", 0, 0, () => AttributeValue]],
  ],
];

export const Query: StaticOperationSchema = [
  9,
  "com.amazonaws.dynamodb",
  "Query",
  0,
  [
    3,
    "com.amazonaws.dynamodb",
    "QueryInput",
    0,
    [
      "TableName",
      "IndexName",
      "Limit",
      "ConsistentRead",
      "ScanIndexForward",
      "ExclusiveStartKey",
      "FilterExpression",
      "KeyConditionExpression",
      "ExpressionAttributeNames",
      "ExpressionAttributeValues",
    ],
    [
      0,
      0,
      1,
      2,
      2,
      [2, "com.amazonaws.dynamodb", "Key", 0, 0, () => AttributeValue],
      0,
      0,
      128,
      [2, "com.amazonaws.dynamodb", "ExpressionAttributeValueMap", 0, 0, () => AttributeValue],
    ],
    1,
  ],
  [
    3,
    "com.amazonaws.dynamodb",
    "QueryOutput",
    0,
    ["Items", "LastEvaluatedKey"],
    [
      [
        1,
        "com.amazonaws.dynamodb",
        "ItemList",
        0,
        [2, "com.amazonaws.dynamodb", "AttributeMap", 0, 0, () => AttributeValue],
      ],
      [2, "com.amazonaws.dynamodb", "Key", 0, 0, () => AttributeValue],
    ],
  ],
];

export const BatchGetItem: StaticOperationSchema = [
  9,
  "com.amazonaws.dynamodb",
  "BatchGetItem",
  0,
  [
    3,
    "com.amazonaws.dynamodb",
    "BatchGetItemInput",
    0,
    ["RequestItems"],
    [
      [
        2,
        "com.amazonaws.dynamodb",
        "BatchGetRequestMap",
        0,
        0,
        [
          3,
          "com.amazonaws.dynamodb",
          "KeysAndAttributes",
          0,
          ["Keys"],
          [
            [
              1,
              "com.amazonaws.dynamodb",
              "KeyList",
              0,
              [2, "com.amazonaws.dynamodb", "Key", 0, 0, () => AttributeValue],
            ],
          ],
          1,
        ],
      ],
    ],
    1,
  ],
  [
    3,
    "com.amazonaws.dynamodb",
    "BatchGetItemOutput",
    0,
    ["Responses", "UnprocessedKeys"],
    [
      [
        2,
        "com.amazonaws.dynamodb",
        "BatchGetResponseMap",
        0,
        0,
        [
          1,
          "com.amazonaws.dynamodb",
          "ItemList",
          0,
          [2, "com.amazonaws.dynamodb", "AttributeMap", 0, 0, () => AttributeValue],
        ],
      ],
      [
        2,
        "com.amazonaws.dynamodb",
        "BatchGetRequestMap",
        0,
        0,
        [
          3,
          "com.amazonaws.dynamodb",
          "KeysAndAttributes",
          0,
          ["Keys"],
          [
            [
              1,
              "com.amazonaws.dynamodb",
              "KeyList",
              0,
              [2, "com.amazonaws.dynamodb", "Key", 0, 0, () => AttributeValue],
            ],
          ],
          1,
        ],
      ],
    ],
  ],
];
