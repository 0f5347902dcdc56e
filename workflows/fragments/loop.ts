import { choose, expr, type States } from "./states.ts";

/**
 * Goes through a list, one element after the other: `$item` is the element, `$polls` is 0. Enter at `Start<id>`;
 * the work of an element ends at `Next<id>`.
 */
export const loop = (options: {
  readonly id: string;
  /** Expression of the list. */
  readonly list: string;
  readonly first: string;
  readonly next: string;
  readonly assign?: Readonly<Record<string, unknown>>;
}): States => {
  const { id, list, first, next, assign = {} } = options;
  return {
    [`Start${id}`]: choose([{ when: `$count(${list}) > 0`, assign: { index: 0 }, next: `Next${id}` }], {
      next,
    }),
    [`Next${id}`]: choose(
      [
        {
          when: `$index < $count(${list})`,
          assign: { item: expr(`${list}[$index]`), index: expr("$index + 1"), polls: 0, ...assign },
          next: first,
        },
      ],
      { next },
    ),
  };
};
