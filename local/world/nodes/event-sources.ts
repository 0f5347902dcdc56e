import type { Events } from "../../events/events.ts";
import type { Infra } from "../infra/infra.ts";

/**
 * What EC2 and Auto Scaling tell of machines on the default bus of their account and region (aws-facts 4):
 * `EC2 Instance State-change Notification` and `EC2 Instance Launch Unsuccessful`.
 */
export function instanceEvents(parts: {
  readonly events: Events;
  readonly infra: Pick<Infra, "onInstance" | "onLaunchFailure" | "asg" | "subnet">;
  readonly ids: { uuid(): string };
  readonly clock: { now(): number };
}): void {
  const { events, infra, ids, clock } = parts;

  infra.onInstance(({ account, region, instanceId, state }) => {
    events.putEvents(
      [
        {
          Source: "aws.ec2",
          DetailType: "EC2 Instance State-change Notification",
          Resources: [`arn:aws:ec2:${region}:${account}:instance/${instanceId}`],
          Detail: JSON.stringify({ "instance-id": instanceId, state }),
        },
      ],
      { account, region },
    );
  });

  infra.onLaunchFailure((place, failure) => {
    const group = infra.asg(place, failure.asg);
    if (!group) return;
    const [subnetId = ""] = group.subnetIds;
    const now = new Date(clock.now()).toISOString();
    const activity = ids.uuid();
    const detail = {
      StatusCode: "Failed",
      AutoScalingGroupName: group.name,
      ActivityId: activity,
      Details: {
        "Availability Zone": infra.subnet(place, subnetId)?.zone ?? "",
        "Subnet ID": subnetId,
      },
      RequestId: activity,
      StatusMessage: failure.message,
      EndTime: now,
      EC2InstanceId: "",
      StartTime: now,
      Cause: `At ${now} an instance was started in response to a difference between desired and actual capacity.`,
      Description: `Launching a new EC2 instance.  Status Reason: ${failure.message}`,
      Origin: "EC2",
      Destination: "AutoScalingGroup",
    };
    events.putEvents(
      [
        {
          Source: "aws.autoscaling",
          DetailType: "EC2 Instance Launch Unsuccessful",
          Resources: [group.arn],
          Detail: JSON.stringify(detail),
        },
      ],
      { account: place.account, region: place.region },
    );
  });
}
