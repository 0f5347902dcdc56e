/** A schedule expression that the service would refuse. */
export class ScheduleError extends Error {
  readonly expression: string;

  constructor(expression: string, reason: string) {
    super(`Invalid Schedule Expression ${expression}: ${reason}.`);
    this.name = "ScheduleError";
    this.expression = expression;
  }
}
