// A monoid of the user's own.
import { readColumn, writeColumn } from '../columns.js';
import { asDeclared, columnName, type Field, type TypeOf } from '../fields.js';
import type { Column, Output } from '../schema.js';
import type { InsertsColumn, InsertsOne } from './extremes.js';
import { spread, Store, type Cursor, type Monoid, type Pending, type Target } from './monoid.js';

/** The columns of a state by the names of its parts. */
export type Parts = Record<string, Field<never> | Field<unknown>>;

/** A state: its parts by their names. */
export type State<P> = { readonly [K in keyof P]: TypeOf<P[K]> };

/**
 * A monoid of your own. For all states a, b, c: `combine(identity, a) = a = combine(a, identity)` and
 * `combine(combine(a, b), c) = combine(a, combine(b, c))`, compared by their columns. Test it with `laws`.
 */
export interface Custom<P extends Parts, T> {
  /** The columns of the state: the part `mean` of the field `price` is the column `price_mean`. */
  columns: P;
  /** Whether `combine(a, b)` is `combine(b, a)`; true unless it is said. */
  commutative?: boolean;
  /** The state before any event. */
  identity: State<P>;
  /** The state followed by a value. Returns a new state, or the same one, but never changes one. */
  insert(state: State<P>, value: T): State<P>;
  /** The state of `left` followed by that of `right`. Returns a new state, or one of the two, but never changes one. */
  combine(left: State<P>, right: State<P>): State<P>;
}

class CustomStore<P extends Parts, T> extends Store {
  #states: State<P>[] = [];
  readonly #rules: Custom<P, T>;

  constructor(rules: Custom<P, T>) {
    super();
    this.#rules = rules;
  }

  resize(size: number): void {
    if (size < this.#states.length) this.#states.length = size;
    while (this.#states.length < size) this.#states.push(this.#rules.identity);
  }

  insertOne(slot: number, value: T): void {
    this.#states[slot] = this.#rules.insert(this.#states[slot]!, value);
  }

  insertAll(slots: ArrayLike<number>, values: ArrayLike<T | null>): void {
    for (let row = 0; row < slots.length; row++) {
      const value = values[row]!;
      if (slots[row]! >= 0 && value !== null) this.insertOne(slots[row]!, value);
    }
  }

  save(from: number, to: number): Column[] {
    const states = this.#states.slice(from, to);
    return Object.entries(this.#rules.columns).map(([part, { kind }]) =>
      writeColumn(kind, states.map((state) => state[part]) as never[]),
    );
  }

  merge(columns: Column[], rows: number): void {
    const parts = Object.entries(this.#rules.columns);
    const read = parts.map(([, field], i) => readColumn(field.kind, columns[i]!, rows).map((value) => asDeclared(field, value)));
    for (let row = 0; row < rows; row++) {
      const right = Object.fromEntries(parts.map(([part], i) => [part, read[i]![row]])) as State<P>;
      this.#states[row] = this.#rules.combine(this.#states[row]!, right);
    }
  }

  value(slot: number): State<P> {
    return this.#states[slot]!;
  }

  inserts(cursor: Cursor, pending: Pending): InsertsOne<T> {
    return { insert: (value) => void pending.push(this, cursor.slot, value, undefined) };
  }

  columnInserts(target: Target): InsertsColumn<T> {
    return { insert: (values) => target.insert(this, spread(values as ArrayLike<T | null> | T, target.rows)) };
  }
}

/** A monoid of your own, from its columns, identity, insertion and combination. `T` is what is inserted. */
export function custom<P extends Parts, T>(
  rules: Custom<P, T>,
): Monoid<InsertsOne<T>, InsertsColumn<T>, State<P>> {
  return {
    commutative: rules.commutative ?? true,
    columns: (name): Output[] =>
      Object.entries(rules.columns).map(([part, { kind, nullable }]) => ({
        name: part === '' ? name : `${name}_${columnName(part)}`,
        kind,
        nullable,
      })),
    store: () => new CustomStore(rules),
  };
}
