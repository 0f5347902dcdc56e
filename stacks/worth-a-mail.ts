/**
 * The topic has everything that Slipway does, for subscribers with filters of their own; a mailbox gets alarms, and of
 * the events those that somebody has to do something about.
 */
export const WORTH_A_MAIL = {
  $or: [
    { AlarmName: [{ exists: true }] },
    {
      "detail-type": [
        "Operation Failed",
        "Operation RolledBack",
        { prefix: "Operation Awaiting" },
        { suffix: "Failed" },
        { suffix: "Escalated" },
        { suffix: "Tripped" },
      ],
    },
  ],
} as const;
