// Stores of states that are objects: one a slot, written to one column of bytes.
import { readColumn, writeColumn } from '../columns.js';
import { Rejected } from '../errors.js';
import type { Column } from '../schema.js';
import type { InsertsColumn, InsertsOne } from './extremes.js';
import { checkAll, spread, Store, type Cursor, type Monoid, type Pending, type Target } from './monoid.js';

/** What a kind of state can do. The states are changed in place. */
export interface Rules<S, T, V> {
  /** The identity. */
  create(): S;
  /** Inserts a value that `check` has let pass. */
  insert(state: S, value: T): void;
  /** Makes `left` the state of its own insertions followed by those of `right`. */
  merge(left: S, right: S): void;
  /** The canonical bytes. */
  encode(state: S): Uint8Array;
  /** The state that `encode` wrote; throws for other bytes. */
  decode(bytes: Uint8Array): S;
  /** What `show` reads. */
  read(state: S): V;
  /** Throws a TypeError for a value of another type; answers with the reason if the record has to be rejected. */
  check(value: unknown): string | undefined;
}

class ObjectStore<S, T, V> extends Store {
  #states: S[] = [];
  readonly #rules: Rules<S, T, V>;

  constructor(rules: Rules<S, T, V>) {
    super();
    this.#rules = rules;
  }

  resize(size: number): void {
    if (size < this.#states.length) this.#states.length = size;
    while (this.#states.length < size) this.#states.push(this.#rules.create());
  }

  insertOne(slot: number, value: T): void {
    this.#rules.insert(this.#states[slot]!, value);
  }

  insertAll(slots: ArrayLike<number>, values: ArrayLike<T | null>): void {
    for (let row = 0; row < slots.length; row++) {
      const value = values[row]!;
      if (slots[row]! >= 0 && value !== null) this.#rules.insert(this.#states[slots[row]!]!, value);
    }
  }

  save(from: number, to: number): Column[] {
    return [writeColumn('binary', this.#states.slice(from, to).map((state) => this.#rules.encode(state)))];
  }

  merge(columns: Column[], rows: number): void {
    readColumn('binary', columns[0]!, rows).forEach((bytes, row) => {
      this.#rules.merge(this.#states[row]!, this.#rules.decode(bytes!));
    });
  }

  value(slot: number): V {
    return this.#rules.read(this.#states[slot]!);
  }

  inserts(cursor: Cursor, pending: Pending): InsertsOne<T> {
    return {
      insert: (value) => {
        const reason = this.#rules.check(value);
        if (reason !== undefined) throw new Rejected(`${this.name}: ${reason}`);
        pending.push(this, cursor.slot, value, undefined);
      },
    };
  }

  columnInserts(target: Target): InsertsColumn<T> {
    return {
      insert: (given) => {
        const values = spread(given as ArrayLike<T | null> | T, target.rows);
        checkAll(values, (value, row) => {
          const reason = this.#rules.check(value);
          if (reason !== undefined) target.reject(row, `${this.name}: ${reason}`);
        });
        target.insert(this, values);
      },
    };
  }
}

/** A commutative monoid of such states. */
export function objects<S, T, V>(rules: Rules<S, T, V>): Monoid<InsertsOne<T>, InsertsColumn<T>, V> {
  return {
    commutative: true,
    columns: (name) => [{ name, kind: 'binary', nullable: false }],
    store: () => new ObjectStore(rules),
  };
}
