// The value at the earliest time, and at the latest.
import { compareBytes, compareText } from '../codec.js';
import { knownIntegers, readColumn, writeColumn, type Int64 } from '../columns.js';
import { asDeclared, columnName, type Field } from '../fields.js';
import type { Column, Kind } from '../schema.js';
import { checkValue, compareFloats } from './extremes.js';
import { checkAll, eachSlot, spread, Store, type Cursor, type Monoid, type Pending, type Target } from './monoid.js';
import { checkInt64 } from './sum.js';

/** `insert` of `first` and `last` in `fold`. */
export interface InsertsAt<T> {
  /** Inserts a value with its time, in microseconds. */
  insert(at: Int64, value: T): void;
}

/** `insert` of `first` and `last` in `foldColumns`. */
export interface InsertsAtColumn<T> {
  /** Inserts the value of each row at its time; where one of them is null, nothing. */
  insert(at: ArrayLike<Int64 | null> | Int64, values: ArrayLike<T | null> | T): void;
}

/** A value and its time, in microseconds. */
export interface Timed<T> {
  /** A bigint only beyond 2^53, in the year 2255. */
  readonly at: Int64;
  readonly value: T;
}

/** A total order of the values of a kind, in which only equal bytes are equal. */
export function orderOf(kind: Kind): (a: never, b: never) => number {
  if (kind === 'utf8') return compareText;
  if (kind === 'binary') return compareBytes;
  if (kind === 'float64') return compareFloats;
  return (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);
}

class TimedStore extends Store {
  #times: (Int64 | null)[] = [];
  #held: unknown[] = [];
  readonly #kind: Kind;
  readonly #field: Field<unknown>;
  readonly #sign: number;
  readonly #order: (a: never, b: never) => number;

  constructor(field: Field<unknown>, isLast: boolean) {
    super();
    const { kind } = field;
    this.#field = field;
    this.#kind = kind;
    this.#sign = isLast ? 1 : -1;
    this.#order = orderOf(kind);
  }

  resize(size: number): void {
    for (const array of [this.#times, this.#held]) {
      if (size < array.length) array.length = size;
      while (array.length < size) array.push(null);
    }
  }

  insertOne(slot: number, at: Int64, value: unknown): void {
    const before = this.#times[slot]!;
    if (before === null || this.#wins(at, value, before, this.#held[slot])) {
      this.#times[slot] = at;
      this.#held[slot] = value;
    }
  }

  insertAll(slots: ArrayLike<number>, times: ArrayLike<Int64 | null>, values: ArrayLike<unknown>): void {
    for (let row = 0; row < slots.length; row++) {
      const at = times[row]!;
      if (slots[row]! >= 0 && at !== null && values[row] !== null) this.insertOne(slots[row]!, at, values[row]);
    }
  }

  /** Of several values at one time, the first is the least and the last is the greatest. */
  #wins(at: Int64, value: unknown, before: Int64, held: unknown): boolean {
    if (at !== before) return this.#sign > 0 ? at > before : at < before;
    return this.#sign * this.#order(value as never, held as never) > 0;
  }

  save(from: number, to: number): Column[] {
    return [
      writeColumn(this.#kind, this.#held.slice(from, to) as never[]),
      writeColumn('timestamp', this.#times.slice(from, to)),
    ];
  }

  merge(columns: Column[], rows: number): void {
    const values = readColumn(this.#kind, columns[0]!, rows);
    const times = readColumn('timestamp', columns[1]!, rows);
    this.insertAll(eachSlot(rows), times, values);
  }

  value(slot: number): Timed<unknown> | null {
    const at = this.#times[slot]!;
    return at === null ? null : { at, value: asDeclared(this.#field, this.#held[slot]) };
  }

  inserts(cursor: Cursor, pending: Pending): InsertsAt<unknown> {
    return {
      insert: (at, value) => {
        checkInt64(at, 'insert');
        checkValue(this.#kind, value);
        pending.push(this, cursor.slot, at, value);
      },
    };
  }

  columnInserts(target: Target): InsertsAtColumn<unknown> {
    return {
      insert: (at, given) => {
        const times = spread(at, target.rows);
        const values = spread(given, target.rows);
        if (knownIntegers(at) === undefined) checkAll(times, (time) => checkInt64(time, 'insert'));
        checkAll(values, (value) => checkValue(this.#kind, value));
        target.insert(this, times, values);
      },
    };
  }
}

type TimedMonoid<T> = Monoid<InsertsAt<T>, InsertsAtColumn<T>, Timed<T> | null>;

function timed<T>(field: Field<T>, isLast: boolean): TimedMonoid<T> {
  const { kind } = field;
  if (kind === 'json') throw new TypeError(`${isLast ? 'last' : 'first'} holds no JSON, which has no order`);
  return {
    commutative: true,
    columns: (name) => [
      { name, kind, nullable: true },
      { name: columnName(`${name}_at`), kind: 'timestamp', nullable: true },
    ],
    store: () => new TimedStore(field, isLast),
  };
}

/** The value at the earliest time; of several at that time, the least. */
export function first<T>(field: Field<T>): TimedMonoid<T> {
  return timed(field, false);
}

/** The value at the latest time; of several at that time, the greatest. */
export function last<T>(field: Field<T>): TimedMonoid<T> {
  return timed(field, true);
}
