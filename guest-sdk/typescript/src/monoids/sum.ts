// Sums of integers, exact in any order of additions.
import { knownIntegers, readColumn, writeColumn, type Int64 } from '../columns.js';
import type { Column } from '../schema.js';
import { checkAll, eachSlot, show, spread, Store, type Cursor, type Monoid, type Pending, type Target } from './monoid.js';

/** `add` of a sum in `fold`. */
export interface Adds {
  /** Adds an integer: a number below 2^53 in size, or a bigint of 64 bits. */
  add(value: Int64): void;
}

/** `add` of a sum in `foldColumns`. */
export interface ColumnAdds {
  /** Adds the integer of each row, or the same one for all rows; null adds nothing. */
  add(values: ArrayLike<Int64 | null> | Int64): void;
}

/** Sizes up to this are kept as numbers; so many numbers of 32 bits are added to them without leaving the safe ones. */
const KEPT = 2 ** 52;
const ADDITIONS = 2 ** 21;
/** So many additions are allowed at a time, so that not each of them has to be counted. */
const CREDIT = 2 ** 12;
const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

/** Whether this is an integer that a column of 64 bits can hold, and exact. */
export function isInt64(value: unknown): value is Int64 {
  return typeof value === 'bigint' ? value >= LEAST && value <= GREATEST : Number.isSafeInteger(value);
}

/** Throws a TypeError for anything but an exact integer of 64 bits. */
export function checkInt64(value: unknown, what: string): void {
  if (!isInt64(value)) throw new TypeError(`${what} takes a safe integer or a bigint of 64 bits, not ${show(value)}`);
}

class SumStore extends Store {
  /** The sums, without the parts that are beyond the safe integers. */
  override readonly held: number[] = [];
  /** The parts of sums that are beyond them; undefined as long as there are none. */
  #beyond: Map<number, bigint> | undefined;
  #additions = ADDITIONS;
  readonly #as: 'number' | 'bigint';

  constructor(as: 'number' | 'bigint') {
    super();
    this.#as = as;
  }

  resize(size: number): void {
    const sums = this.held;
    if (size < sums.length) {
      for (const slot of this.#beyond?.keys() ?? []) if (slot >= size) this.#beyond?.delete(slot);
      sums.length = size;
    }
    while (sums.length < size) sums.push(0);
  }

  insertOne(slot: number, value: Int64): void {
    this.#addWide(slot, value);
  }

  insertAll(slots: ArrayLike<number>, values: ArrayLike<Int64 | null>, _: ArrayLike<unknown>, isNarrow: boolean): void {
    const rows = slots.length;
    const sums = this.held;
    if (isNarrow && rows <= this.#additions) {
      this.#additions -= rows;
      // A slot of -1 is no index of an array: what is added there is lost, as it has to be.
      for (let row = 0; row < rows; row++) sums[slots[row]!]! += values[row] as number;
      return;
    }
    for (let row = 0; row < rows; row++) {
      const value = values[row]!;
      if (slots[row]! >= 0 && value !== null) this.#addWide(slots[row]!, value);
    }
  }

  override settle(): void {
    if (this.#additions > ADDITIONS / 2) return;
    this.#additions = ADDITIONS;
    this.held.forEach((sum, slot) => {
      if (sum > KEPT || sum < -KEPT) this.#addWide(slot, 0);
    });
  }

  #addWide(slot: number, value: Int64): void {
    const sum = this.held[slot]!;
    if (typeof value === 'number') {
      const next = sum + value;
      if (next <= KEPT && next >= -KEPT) {
        this.held[slot] = next;
        return;
      }
    }
    this.#beyond ??= new Map();
    this.#beyond.set(slot, (this.#beyond.get(slot) ?? 0n) + BigInt(sum) + BigInt(value));
    this.held[slot] = 0;
  }

  #total(slot: number): Int64 {
    const beyond = this.#beyond?.get(slot);
    const sum = this.held[slot]!;
    return beyond === undefined ? sum : beyond + BigInt(sum);
  }

  save(from: number, to: number): Column[] {
    if (!this.#beyond) return [writeColumn('int64', this.held.slice(from, to))];
    const totals: Int64[] = [];
    for (let slot = from; slot < to; slot++) {
      const total = this.#total(slot);
      if (typeof total === 'bigint' && (total < LEAST || total > GREATEST)) throw new Unfit(slot, total);
      totals.push(total);
    }
    return [writeColumn('int64', totals)];
  }

  merge(columns: Column[], rows: number): void {
    const values = readColumn('int64', columns[0]!, rows);
    this.insertAll(eachSlot(rows), values, [], knownIntegers(values) === 'narrow');
  }

  value(slot: number): Int64 {
    const total = this.#total(slot);
    if (this.#as === 'bigint') return BigInt(total);
    const number = Number(total);
    if (!Number.isSafeInteger(number)) {
      throw new RangeError(`the sum ${total} is beyond 2^53: declare it as sum({ as: 'bigint' }) to read it`);
    }
    return number;
  }

  inserts(cursor: Cursor, pending: Pending): Adds {
    const sums = this.held;
    let left = 0;
    // Where the additions of a batch are too many to stay safe, the rest waits for its end.
    const hasMore = () => {
      if (this.#additions < CREDIT) return false;
      this.#additions -= CREDIT;
      left = CREDIT;
      return true;
    };
    return {
      add: (value) => {
        try {
          if (value === ((value as number) | 0) && (--left > 0 || hasMore())) {
            sums[cursor.slot]! += value as number;
            return;
          }
        } catch {
          // A bigint has no `| 0` with a number.
        }
        checkInt64(value, 'add');
        pending.push(this, cursor.slot, value, undefined);
      },
    };
  }

  columnInserts(target: Target): ColumnAdds {
    return {
      add: (given) => {
        const isNarrow = knownIntegers(given) === 'narrow' || (typeof given === 'number' && given === (given | 0));
        const values = spread(given, target.rows);
        if (!isNarrow && knownIntegers(given) === undefined) checkAll(values, (value) => checkInt64(value, 'add'));
        target.insert(this, values, undefined, isNarrow);
      },
    };
  }
}

/** A state that its column cannot hold. */
export class Unfit extends Error {
  readonly slot: number;

  constructor(slot: number, total: bigint) {
    super(`the sum ${total} does not fit into 64 bits`);
    this.slot = slot;
  }
}

/** A sum of integers that never wraps: if a kept sum does not fit into 64 bits, the build fails and names it. */
export function sum(): Monoid<Adds, ColumnAdds, number>;
/** The same; `show` reads it as a bigint. */
export function sum(options: { as: 'bigint' }): Monoid<Adds, ColumnAdds, bigint>;
export function sum(options: { as?: 'bigint' } = {}): Monoid<Adds, ColumnAdds, number | bigint> {
  return {
    commutative: true,
    columns: (name) => [{ name, kind: 'int64', nullable: false }],
    store: () => new SumStore(options.as ?? 'number'),
  };
}
