import type { Kernel } from "../../kernel/kernel.ts";
import type { Place } from "../infra-contract.ts";
import { type ActivityDocument, type InfraState, keyOf, placeOf } from "./state.ts";

/** Activities kept for each group; AWS keeps six weeks. */
const KEPT = 500;

/** The scaling activities of Auto Scaling groups: what was started or ended, why, and why it failed. */
export interface Activities {
  open(
    group: Place & { name: string },
    activity: Pick<ActivityDocument, "description" | "cause"> &
      Partial<Pick<ActivityDocument, "instanceId" | "subnetId" | "zone">>,
  ): string;
  close(
    place: Place,
    activityId: string,
    status: "Successful" | "Failed" | "Cancelled",
    message?: string,
  ): void;
  /** Newest first. */
  ofGroup(place: Place, asg: string): ActivityDocument[];
  get(place: Place, activityId: string): ActivityDocument | undefined;
  forget(place: Place, asg: string): void;
}

export function createActivities(kernel: Kernel, state: InfraState): Activities {
  const groups = new Map<string, string[]>();
  const listOf = (key: string): string[] => {
    let list = groups.get(key);
    if (!list) {
      list = [];
      groups.set(key, list);
    }
    return list;
  };
  for (const activity of state.activities.values())
    listOf(keyOf(activity, activity.asg)).push(keyOf(activity, activity.activityId));

  return {
    open(group, activity) {
      const document: ActivityDocument = {
        ...placeOf(group),
        activityId: kernel.ids.uuid(),
        asg: group.name,
        startedAt: kernel.clock.now(),
        status: "InProgress",
        ...activity,
      };
      const key = keyOf(document, document.activityId);
      state.activities.set(key, document);
      const list = listOf(keyOf(group, group.name));
      list.push(key);
      if (list.length > KEPT)
        for (const old of list.splice(0, list.length - KEPT)) state.activities.delete(old);
      return document.activityId;
    },
    close(place, activityId, status, message) {
      const key = keyOf(place, activityId);
      const activity = state.activities.get(key);
      if (!activity) return;
      activity.status = status;
      activity.endedAt = kernel.clock.now();
      if (message !== undefined) activity.message = message;
      state.activities.touch(key);
    },
    ofGroup(place, asg) {
      const documents: ActivityDocument[] = [];
      for (const key of groups.get(keyOf(place, asg)) ?? []) {
        const activity = state.activities.get(key);
        if (activity) documents.push(activity);
      }
      return documents.reverse();
    },
    get: (place, activityId) => state.activities.get(keyOf(place, activityId)),
    forget(place, asg) {
      const key = keyOf(place, asg);
      for (const activity of groups.get(key) ?? []) state.activities.delete(activity);
      groups.delete(key);
    },
  };
}
