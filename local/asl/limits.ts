/** Quotas of Step Functions (AWS facts 5.3 and 5.5). */
export const LIMIT = {
  /** Bytes of a state's input or output. */
  payload: 262_144,
  /** Bytes that one state may assign. */
  assign: 262_144,
  /** Bytes of all variables that are alive in one scope and those around it. */
  variables: 10_485_760,
  /** The event with this id is the failure. */
  history: 25_000,
  /** EXPRESS has no history; the bound keeps a loop without a wait from running for ever. */
  expressHistory: 250_000,
  definition: 1_048_576,
  expressSeconds: 300,
  /** Largest number of seconds in Wait, timeouts and heartbeats. */
  seconds: 99_999_999,
  redriveMs: 14 * 86_400_000,
  /** Most iterations of an inline Map that run at once. */
  inlineConcurrency: 40,
  distributedConcurrency: 10_000,
} as const;
