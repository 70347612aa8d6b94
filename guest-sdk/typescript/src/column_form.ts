// The column form: `foldColumns` notes what is inserted; all of it is inserted when the rejected rows are known.
import type { FoldRows } from './row_form.js';
import { checkAnswer } from './row_form.js';
import type { Store, Target } from './monoids/monoid.js';
import type { Stores } from './states.js';
import type { Table } from './table.js';

type FoldColumns = (
  events: object,
  at: (key: never) => unknown,
  reject: (row: number, reason: string) => void,
  params: unknown,
) => unknown;

interface Insertion {
  readonly store: Store;
  readonly values: ArrayLike<unknown>;
  readonly seconds: ArrayLike<unknown>;
  readonly isNarrow: boolean;
}

const NONE: readonly unknown[] = [];

/** Folds a batch by columns. */
export function columnForm(fold: FoldColumns, table: Table, stores: Stores, params: unknown): FoldRows {
  return ({ rows, columns, refused }) => {
    // The first reason that a row is rejected for.
    const reasons = new Map(refused);
    const reject = (row: number, reason: string) => {
      if (!(Number.isInteger(row) && row >= 0 && row < rows)) throw new RangeError(`there is no row ${row} to reject`);
      if (!reasons.has(row)) reasons.set(row, reason);
    };
    const noted: { key: Record<string, ArrayLike<unknown>>; insertions: Insertion[] }[] = [];
    const at = (key: Record<string, ArrayLike<unknown>>) => {
      for (const name of table.properties) {
        const values = key[name];
        if (values === undefined) throw new TypeError(`the key has no ${name}`);
        if (values.length !== rows) throw new RangeError(`the key's ${name} has ${values.length} values for ${rows} rows`);
      }
      const insertions: Insertion[] = [];
      noted.push({ key, insertions });
      const target: Target = {
        rows,
        reject,
        insert: (store, values, seconds = NONE, isNarrow = false) => void insertions.push({ store, values, seconds, isNarrow }),
      };
      return Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, store.columnInserts(target)]));
    };
    checkAnswer(fold({ ...columns, rows }, at as never, reject, params));
    for (const { key, insertions } of noted) {
      const slots = table.findAll(key, rows, reasons);
      for (const { store, values, seconds, isNarrow } of insertions) store.insertAll(slots, values, seconds, isNarrow);
    }
    for (const store of Object.values(stores)) store.settle();
    return [...reasons].sort(([a], [b]) => a - b).map(([row, reason]) => ({ row, reason }));
  };
}
