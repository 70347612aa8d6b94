// The least and the greatest value; whether any was true, and whether all were.
import { knownIntegers, readColumn, writeColumn, type Int64 } from '../columns.js';
import { asDeclared, type Field, type Integers } from '../fields.js';
import type { Column, Kind } from '../schema.js';
import { checkAll, eachSlot, show, spread, Store, type Cursor, type Monoid, type Target } from './monoid.js';
import { checkInt64 } from './sum.js';

/** `insert` in `fold`. */
export interface InsertsOne<T> {
  /** Inserts a value. */
  insert(value: T): void;
}

/** `insert` in `foldColumns`. */
export interface InsertsColumn<T> {
  /** Inserts the value of each row, or the same one for all rows; null inserts nothing. */
  insert(values: ArrayLike<T | null> | T): void;
}

/** The kinds that have extremes. */
export type Ordered = 'int64' | 'float64' | 'timestamp' | 'date';

const bits = new DataView(new ArrayBuffer(8));

/** The order of IEEE 754, in which -0 is before 0 and NaN is at both ends. */
export function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  const x = keyOf(a);
  const y = keyOf(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function keyOf(value: number): bigint {
  bits.setFloat64(0, value);
  const key = bits.getBigInt64(0);
  return key < 0n ? key ^ 0x7fffffffffffffffn : key;
}

/** Throws a TypeError if this is no value of the kind. */
export function checkValue(kind: Kind, value: unknown): void {
  switch (kind) {
    case 'int64':
    case 'timestamp':
      return checkInt64(value, 'insert');
    case 'date':
      if (typeof value === 'number' && value === (value | 0)) return;
      break;
    case 'float64':
      if (typeof value === 'number') return;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return;
      break;
    case 'binary':
      if (value instanceof Uint8Array) return;
      break;
    default:
      if (typeof value === 'string') return;
  }
  throw new TypeError(`insert takes a value of kind ${kind}, not ${show(value)}`);
}

/** A store with one value a slot, which an insertion replaces if it wins. */
class ExtremeStore extends Store {
  override readonly held: (Int64 | null)[] = [];
  readonly #kind: Ordered;
  readonly #integers: Integers;
  readonly #isMax: boolean;

  constructor(kind: Ordered, integers: Integers, isMax: boolean) {
    super();
    this.#kind = kind;
    this.#integers = integers;
    this.#isMax = isMax;
  }

  resize(size: number): void {
    const { held } = this;
    if (size < held.length) held.length = size;
    while (held.length < size) held.push(null);
  }

  insertOne(slot: number, value: Int64): void {
    const before = this.held[slot]!;
    if (before === null || this.#wins(value, before)) this.held[slot] = value;
  }

  #wins(value: Int64, before: Int64): boolean {
    if (this.#kind !== 'float64') return this.#isMax ? value > before : value < before;
    const order = compareFloats(value as number, before as number);
    return this.#isMax ? order > 0 : order < 0;
  }

  insertAll(slots: ArrayLike<number>, values: ArrayLike<Int64 | null>, _: ArrayLike<unknown>, isNarrow: boolean): void {
    const { held } = this;
    const rows = slots.length;
    if (!isNarrow) {
      for (let row = 0; row < rows; row++) {
        if (slots[row]! >= 0 && values[row] !== null) this.insertOne(slots[row]!, values[row]!);
      }
    } else if (this.#isMax) {
      // The slot -1 of a rejected row is no index of an array, and holds nothing that is less or greater.
      for (let row = 0; row < rows; row++) {
        const slot = slots[row]!;
        const before = held[slot]!;
        if (values[row]! > before! || before === null) held[slot] = values[row]!;
      }
    } else {
      for (let row = 0; row < rows; row++) {
        const slot = slots[row]!;
        const before = held[slot]!;
        if (values[row]! < before! || before === null) held[slot] = values[row]!;
      }
    }
  }

  save(from: number, to: number): Column[] {
    return [writeColumn(this.#kind, this.held.slice(from, to) as number[])];
  }

  merge(columns: Column[], rows: number): void {
    this.insertAll(eachSlot(rows), readColumn(this.#kind, columns[0]!, rows), [], false);
  }

  value(slot: number): unknown {
    return asDeclared({ kind: this.#kind, integers: this.#integers }, this.held[slot]);
  }

  inserts(cursor: Cursor): InsertsOne<Int64> {
    const { held } = this;
    const [kind, isFloat, isMax] = [this.#kind, this.#kind === 'float64', this.#isMax];
    return {
      insert: (value) => {
        let isNarrow = false;
        try {
          isNarrow = value === ((value as number) | 0) && !isFloat;
        } catch {
          // A bigint has no `| 0` with a number.
        }
        if (!isNarrow) checkValue(kind, value);
        const before = held[cursor.slot]!;
        if (isFloat) this.insertOne(cursor.slot, value);
        else if (before === null || (isMax ? value > before : value < before)) held[cursor.slot] = value;
      },
    };
  }

  columnInserts(target: Target): InsertsColumn<Int64> {
    const kind = this.#kind;
    return {
      insert: (given) => {
        const isNarrow = kind !== 'float64' && knownIntegers(given) === 'narrow';
        const values = spread(given, target.rows);
        if (kind === 'float64' || knownIntegers(given) === undefined) checkAll(values, (value) => checkValue(kind, value));
        target.insert(this, values, undefined, isNarrow);
      },
    };
  }
}

type Extreme<T> = Monoid<InsertsOne<T>, InsertsColumn<T>, T | null>;

function extreme<T>(field: Field<T> | undefined, isMax: boolean): Extreme<T> {
  const kind = field?.kind ?? 'int64';
  if (kind !== 'int64' && kind !== 'float64' && kind !== 'timestamp' && kind !== 'date') {
    throw new TypeError(`${isMax ? 'max' : 'min'} takes int(), int64(), bigint(), float(), timestamp() or date(), not ${kind}`);
  }
  return {
    commutative: true,
    columns: (name) => [{ name, kind, nullable: true }],
    store: () => new ExtremeStore(kind, field?.integers ?? 'exact', isMax),
  };
}

/** The least value; null before any was inserted. */
export function min(): Extreme<Int64>;
/** The least value of this type: `min(float())`. */
export function min<T>(field: Field<T>): Extreme<T>;
export function min<T>(field?: Field<T>): Extreme<T> {
  return extreme(field, false);
}

/** The greatest value; null before any was inserted. */
export function max(): Extreme<Int64>;
/** The greatest value of this type: `max(timestamp())`. */
export function max<T>(field: Field<T>): Extreme<T>;
export function max<T>(field?: Field<T>): Extreme<T> {
  return extreme(field, true);
}

class LogicStore extends Store {
  override readonly held: boolean[] = [];
  readonly #identity: boolean;

  constructor(identity: boolean) {
    super();
    this.#identity = identity;
  }

  resize(size: number): void {
    if (size < this.held.length) this.held.length = size;
    while (this.held.length < size) this.held.push(this.#identity);
  }

  insertOne(slot: number, value: boolean): void {
    if (value !== this.#identity) this.held[slot] = value;
  }

  insertAll(slots: ArrayLike<number>, values: ArrayLike<boolean | null>): void {
    const decisive = !this.#identity;
    for (let row = 0; row < slots.length; row++) {
      if (values[row] === decisive && slots[row]! >= 0) this.held[slots[row]!] = decisive;
    }
  }

  save(from: number, to: number): Column[] {
    return [writeColumn('boolean', this.held.slice(from, to))];
  }

  merge(columns: Column[], rows: number): void {
    this.insertAll(eachSlot(rows), readColumn('boolean', columns[0]!, rows));
  }

  value(slot: number): boolean {
    return this.held[slot]!;
  }

  inserts(cursor: Cursor): InsertsOne<boolean> {
    return {
      insert: (value) => {
        checkValue('boolean', value);
        this.insertOne(cursor.slot, value);
      },
    };
  }

  columnInserts(target: Target): InsertsColumn<boolean> {
    return {
      insert: (given) => {
        const values = spread(given, target.rows);
        checkAll(values, (value) => checkValue('boolean', value));
        target.insert(this, values);
      },
    };
  }
}

type Logic = Monoid<InsertsOne<boolean>, InsertsColumn<boolean>, boolean>;

function logic(identity: boolean): Logic {
  return {
    commutative: true,
    columns: (name) => [{ name, kind: 'boolean', nullable: false }],
    store: () => new LogicStore(identity),
  };
}

/** Whether any value was true; false if there was none. */
export function any(): Logic {
  return logic(false);
}

/** Whether all values were true; true if there was none. */
export function all(): Logic {
  return logic(true);
}
