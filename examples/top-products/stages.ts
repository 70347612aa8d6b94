// The funnel of a country on a day: how far its orders got.
import { custom, int } from '@backfold/guest';

/** The stages of an order, in their order. */
export const STAGES = ['viewed', 'ordered', 'paid', 'returned'] as const;

/** A stage of an order. */
export type Stage = (typeof STAGES)[number];

/** Whether a text names a stage. */
export function isStage(text: string): text is Stage {
  return (STAGES as readonly string[]).includes(text);
}

/**
 * A monoid of our own: the number of events of each stage, in one column a stage. It is a monoid because numbers add up: the
 * identity has none, and the order of adding does not matter.
 */
export const funnel = custom({
  columns: { viewed: int(), ordered: int(), paid: int(), returned: int() },
  identity: { viewed: 0, ordered: 0, paid: 0, returned: 0 },
  insert: (state, stage: Stage) => ({ ...state, [stage]: state[stage] + 1 }),
  combine: (left, right) => ({
    viewed: left.viewed + right.viewed,
    ordered: left.ordered + right.ordered,
    paid: left.paid + right.paid,
    returned: left.returned + right.returned,
  }),
});

/** The share of `of` in `all`, in percent with one decimal; null if there is none. */
export function percent(of: number, all: number): number | null {
  return all === 0 ? null : Math.round((1000 * of) / all) / 10;
}
