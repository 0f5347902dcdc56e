import { choose, eks, expr, run, type States, wait } from "./states.ts";

/**
 * Installs add-ons one after the other: those of `$requests.<list>`. Enter at `Start<id>`; failures go to
 * `Cleanup`. The step of the first is started by whoever comes before, that of each next one by EndAddon.
 */
export const createAddons = (options: { id: string; list: string; next: string }): States => {
  const { id, list, next } = options;
  const items = `$requests.${list}`;
  return {
    [`Start${id}`]: run(
      "record-steps",
      { started: expr(`$count(${items}) > 0 ? [${items}[0].step] : []`) },
      { assign: { next: 0 }, failTo: "Cleanup", next: `Next${id}` },
    ),
    [`Next${id}`]: choose(
      [
        {
          when: `$next < $count(${items})`,
          assign: { item: expr(`${items}[$next]`), next: expr("$next + 1"), polls: 0 },
          next: `Create${id}`,
        },
      ],
      { next },
    ),
    [`Create${id}`]: eks(
      "createAddon",
      expr(
        "$merge([$item.request, {'ClientRequestToken': $hash($operationId & ':' & $string($attempt) & ':' & $item.step, 'SHA-256')}])",
      ),
      {
        output: {},
        // The same call before a crash made it.
        catches: [{ ErrorEquals: ["Eks.ResourceInUseException"], Next: `WaitFor${id}` }],
        failTo: "Cleanup",
        next: `WaitFor${id}`,
      },
    ),
    [`WaitFor${id}`]: wait("$polls = 0 ? 10 : 20", `End${id}`),
    [`End${id}`]: run(
      "end-addon",
      {
        step: expr("$item.step"),
        addon: expr("$item.addon"),
        version: expr("$item.version"),
        polls: expr("$polls"),
        nextStep: expr(`$next < $count(${items}) ? ${items}[$next].step : ''`),
      },
      { assign: { polls: expr("$polls + 1") }, failTo: "Cleanup", next: `${id}Ended` },
    ),
    [`${id}Ended`]: choose([{ when: "$states.input.state = 'waiting'", next: `WaitFor${id}` }], {
      next: `Next${id}`,
    }),
  };
};
