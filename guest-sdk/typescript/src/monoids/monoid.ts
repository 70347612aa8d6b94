// What a part of a state is: a declaration, and the store that holds the part for all keys of an accumulator.
import type { Column, Output } from '../schema.js';

declare const insertsOf: unique symbol;
declare const valueOf: unique symbol;

/** The part of a state: `I` takes values in `fold`, `C` takes columns in `foldColumns`, `V` is what `show` reads. */
export interface Monoid<I, C, V> {
  readonly [insertsOf]?: [I, C];
  readonly [valueOf]?: V;
  /** Whether `combine(a, b)` is `combine(b, a)`. */
  readonly commutative: boolean;
  /** The state columns of a field with this name. */
  columns(name: string): Output[];
  /** An empty store. */
  store(): Store;
}

/** What a field takes in `fold`. */
export type Inserts<M> = M extends Monoid<infer I, infer _C, infer _V> ? I : never;
/** What a field takes in `foldColumns`. */
export type ColumnInserts<M> = M extends Monoid<infer _I, infer C, infer _V> ? C : never;
/** What `show` reads of a field. */
export type ValueOf<M> = M extends Monoid<infer _I, infer _C, infer V> ? V : never;

/** The place of the state that `fold` has at hand. */
export interface Cursor {
  slot: number;
}

/** Insertions that wait for the end of the batch, four items each: store, slot and two values. */
export type Pending = unknown[];

/** What `foldColumns` inserts into: the states of a key a row. */
export interface Target {
  readonly rows: number;
  /** Notes an insertion for each row; it is made when `foldColumns` is over. `isNarrow`: all are integers of 32 bits. */
  insert(store: Store, values: ArrayLike<unknown>, seconds?: ArrayLike<unknown>, isNarrow?: boolean): void;
  /** Rejects a row. */
  reject(row: number, reason: string): void;
}

/**
 * One field of the states of all slots.
 *
 * In `fold`, a field whose slots hold plain values or lists is changed at once, and `at` keeps the value or the length
 * before; any other insertion waits in `Pending`, so that those of a rejected record can be cut off.
 */
export abstract class Store {
  /** The name of the field's column, for messages. */
  name = '';
  /** The plain value of each slot, if insertions are made at once. Always the same array. */
  readonly held: unknown[] | undefined = undefined;
  /** The list of each slot, to the end of which insertions append at once; null for a slot with none. Always the same array. */
  readonly lists: (unknown[] | null)[] | undefined = undefined;

  /** Makes the identity in each slot up to `size`; the slots from `size` on are forgotten. */
  abstract resize(size: number): void;
  /** Makes an insertion that has waited. */
  abstract insertOne(slot: number, value: unknown, second: unknown): void;
  /** Inserts a value a row into the slots of the rows. A slot of -1 is that of a rejected row. */
  abstract insertAll(slots: ArrayLike<number>, values: ArrayLike<unknown>, seconds: ArrayLike<unknown>, isNarrow: boolean): void;
  /** The state columns of the slots `from` to `to`. Throws where a column cannot hold a state. */
  abstract save(from: number, to: number): Column[];
  /** Makes each slot the state of its own insertions followed by those of the same row. */
  abstract merge(columns: Column[], rows: number): void;
  /** What `show` reads of a slot. */
  abstract value(slot: number): unknown;
  /** What `fold` inserts with, at the cursor's slot. */
  abstract inserts(cursor: Cursor, pending: Pending): unknown;
  /** What `foldColumns` inserts with. */
  abstract columnInserts(target: Target): unknown;
  /** To be called after each batch. */
  settle(): void {}
}

/** A column of `rows` rows, or one value for all of them, as a column. */
export function spread<T>(values: ArrayLike<T> | T, rows: number): ArrayLike<T> {
  if (typeof values === 'object' && values !== null && 'length' in values && !(values instanceof Uint8Array)) {
    if (values.length !== rows) throw new RangeError(`${values.length} values are not one for each of ${rows} rows`);
    return values;
  }
  return new Array<T>(rows).fill(values as T);
}

/** Calls `check` for each value that is present. */
export function checkAll<T>(values: ArrayLike<T | null>, check: (value: T, row: number) => void): void {
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value !== null) check(value, row);
  }
}

/** The slots 0, 1, 2, … of the rows of a batch of states. */
export function eachSlot(rows: number): number[] {
  return Array.from({ length: rows }, (_, row) => row);
}

/** A value of the wrong type, as a message shows it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
