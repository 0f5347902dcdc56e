import { RetryableError } from "../../core/errors.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { putEvents } from "./operations/operations.ts";

/** Slipway's own bus, for people to subscribe to. */
export interface EventPort {
  put(source: string, detailType: string, detail: object): Promise<void>;
  /** The same on the default bus of the runtime's account and region, where AWS's own events are. */
  putOnDefault(source: string, detailType: string, detail: object): Promise<void>;
}

export const eventsOf = perRuntime((runtime): EventPort => {
  const send = createSend(runtime.aws);
  const put = async (
    bus: string | undefined,
    source: string,
    detailType: string,
    detail: object,
  ): Promise<void> => {
    const reply = await aws(`events PutEvents ${detailType}`, () =>
      send(putEvents, {
        Entries: [
          {
            EventBusName: bus,
            Source: source,
            DetailType: detailType,
            Detail: JSON.stringify(detail),
            Time: new Date(runtime.clock.now()),
          },
        ],
      }),
    );
    // PutEvents answers 200 and names refused entries one by one.
    const refused = reply.Entries?.find((entry) => entry.ErrorCode);
    if (refused)
      throw new RetryableError(`events PutEvents: ${refused.ErrorCode}: ${refused.ErrorMessage}`, {
        code: "ServiceFault",
      });
  };
  return {
    put: (source, detailType, detail) => put(runtime.config.bus, source, detailType, detail),
    putOnDefault: (source, detailType, detail) => put(undefined, source, detailType, detail),
  };
});
