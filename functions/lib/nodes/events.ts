import * as z from "zod";

/** Shapes of the events about nodes (aws-facts 4.2), as little of each as is used. What others wrote is bounded. */
const place = {
  id: z.string().max(200),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  time: z.string().max(40),
};
const instanceId = z.string().regex(/^i-[0-9a-f]{8,17}$/);
const text = z.string().max(20_000);

export const instanceEvent = z.object({
  ...place,
  "detail-type": z.string().max(200),
  detail: z.object({ "instance-id": instanceId, state: z.string().max(40).optional() }),
});

export const launchFailureEvent = z.object({
  ...place,
  detail: z.object({
    AutoScalingGroupName: z.string().min(1).max(255),
    StatusCode: z.string().max(40),
    StatusMessage: text.optional(),
  }),
});

export const alarmEvent = z.object({
  ...place,
  detail: z.object({
    alarmName: z.string().min(1).max(255),
    alarmTags: z.record(z.string(), z.string()).optional().catch(undefined),
    state: z.object({
      value: z.string().max(40),
      actionsSuppressedBy: z.string().max(40).optional(),
      reason: text.optional(),
      timestamp: z.string().max(40).optional().catch(undefined),
    }),
    configuration: z
      .object({
        metrics: z
          .array(
            z.object({
              metricStat: z
                .object({ metric: z.object({ dimensions: z.record(z.string(), z.string()).optional() }) })
                .optional(),
            }),
          )
          .max(500)
          .optional(),
      })
      .optional()
      .catch(undefined),
  }),
});

export const healthEvent = z.object({
  ...place,
  detail: z.object({
    eventArn: z.string().min(1).max(1600),
    service: z.string().max(60),
    eventTypeCode: z.string().max(200),
    eventTypeCategory: z.string().max(60).optional(),
    statusCode: z.string().max(40).optional(),
    startTime: z.string().max(60).optional(),
    affectedEntities: z
      .array(z.object({ entityValue: z.string().max(2048), status: z.string().max(40).optional() }))
      .max(5000)
      .default([]),
    eventMetadata: z.record(z.string(), z.string()).optional().catch(undefined),
  }),
});

export const eksEvent = z.object({
  ...place,
  "detail-type": z.string().max(200),
  resources: z.array(z.string().max(2048)).max(100).default([]),
  detail: z.object({
    clusterName: z.string().max(100).optional(),
    podName: z.string().max(253).optional(),
    podNamespace: z.string().max(63).optional(),
    evictErrorMessage: text.optional(),
    scheduledTerminationTime: z.string().max(60).optional(),
  }),
});
