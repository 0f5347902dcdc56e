/** A pattern that EventBridge would refuse; the message is the reason as EventBridge words it. */
export class PatternError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "PatternError";
  }
}

/** An event that cannot be matched: not a JSON object, or nested too deeply. */
export class EventShapeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EventShapeError";
  }
}

/** Deeper structures are refused, in patterns and in events: recursion must not be at an input's mercy. */
export const MAX_DEPTH = 1000;
