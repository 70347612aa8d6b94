// States as columns: the stores of all fields of a state, loaded from columns and saved to them.
import { columnName } from './fields.js';
import type { Store } from './monoids/monoid.js';
import { Unfit } from './monoids/sum.js';
import type { Monoids } from './pipeline.js';
import type { Batch, Column } from './schema.js';

/** The stores of a state by the properties of its declaration. */
export type Stores = Record<string, Store>;

interface Part {
  readonly property: string;
  readonly name: string;
  /** The number of its columns. */
  readonly width: number;
}

/** The parts of each declared state: `combine` is called too often to work out names anew. */
const layouts = new WeakMap<Monoids, readonly Part[]>();

function layoutOf(state: Monoids): readonly Part[] {
  let layout = layouts.get(state);
  if (layout === undefined) {
    layout = Object.entries(state).map(([property, monoid]) => {
      const name = columnName(property);
      return { property, name, width: monoid.columns(name).length };
    });
    layouts.set(state, layout);
  }
  return layout;
}

/** Empty stores. */
export function storesOf(state: Monoids): Stores {
  const stores: Stores = {};
  for (const { property, name } of layoutOf(state)) {
    const store = state[property]!.store();
    store.name = name;
    stores[property] = store;
  }
  return stores;
}

/** Stores that hold the states of these columns. Throws a RangeError if the columns are not those of the state. */
export function loadStates(state: Monoids, states: Batch): Stores {
  const stores = storesOf(state);
  for (const property in stores) stores[property]!.resize(states.rows);
  mergeStates(state, stores, states);
  return stores;
}

/** Makes each state that of its own events followed by those of the same row. */
export function mergeStates(state: Monoids, stores: Stores, states: Batch): void {
  let at = 0;
  for (const { property, name, width } of layoutOf(state)) {
    const columns = states.columns.slice(at, (at += width));
    if (columns.length < width) throw new RangeError(`the columns are not those of the states: ${name} is missing`);
    stores[property]!.merge(columns, states.rows);
  }
}

/** The state columns of the slots `from` to `to`. Throws a RangeError that names the state which a column cannot hold. */
export function saveStates(stores: Stores, from: number, to: number, nameOf: (slot: number) => string): Column[] {
  const columns: Column[] = [];
  for (const property in stores) {
    const store = stores[property]!;
    try {
      columns.push(...store.save(from, to));
    } catch (thrown) {
      if (!(thrown instanceof Unfit)) throw thrown;
      throw new RangeError(`${nameOf(thrown.slot)}: ${store.name}: ${thrown.message}`);
    }
  }
  return columns;
}

/** What `show` reads of the state in a slot. */
export function readState(stores: Stores, slot: number): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const property in stores) read[property] = stores[property]!.value(slot);
  return read;
}
