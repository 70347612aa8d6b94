// The items with the highest scores, and the smallest of the distinct values.
import { Reader, Writer } from '../bytes.js';
import { byteString, compareText, decodeText, encodeText, wellFormed } from '../codec.js';
import { knownIntegers, readColumn, writeColumn, type Int64 } from '../columns.js';
import { asDeclared, type Field } from '../fields.js';
import type { Column, Kind } from '../schema.js';
import { checkValue, type InsertsColumn, type InsertsOne } from './extremes.js';
import { checkAll, show, spread, Store, type Cursor, type Monoid, type Pending, type Target } from './monoid.js';
import { objects } from './objects.js';
import { checkInt64 } from './sum.js';
import { orderOf } from './timed.js';

/** An item and its score. */
export interface Ranked {
  readonly item: string;
  readonly score: Int64;
}

/** `insert` of `topK` in `fold`. */
export interface InsertsRanked {
  /** Inserts an item with its score. */
  insert(score: Int64, item: string): void;
}

/** `insert` of `topK` in `foldColumns`. */
export interface InsertsRankedColumn {
  /** Inserts the item of each row with its score; where one of them is null, nothing. */
  insert(scores: ArrayLike<Int64 | null> | Int64, items: ArrayLike<string | null> | string): void;
}

class TopStore extends Store {
  #ranks: Ranked[][] = [];
  readonly #most: number;

  constructor(most: number) {
    super();
    this.#most = most;
  }

  resize(size: number): void {
    if (size < this.#ranks.length) this.#ranks.length = size;
    while (this.#ranks.length < size) this.#ranks.push([]);
  }

  insertOne(slot: number, score: Int64, item: string): void {
    this.#insert(this.#ranks[slot]!, score, item);
  }

  insertAll(slots: ArrayLike<number>, scores: ArrayLike<Int64 | null>, items: ArrayLike<unknown>): void {
    for (let row = 0; row < slots.length; row++) {
      const score = scores[row]!;
      if (slots[row]! >= 0 && score !== null && items[row] !== null) {
        this.#insert(this.#ranks[slots[row]!]!, score, items[row] as string);
      }
    }
  }

  #insert(ranks: Ranked[], score: Int64, item: string): void {
    if (ranks.length === this.#most && score < ranks[ranks.length - 1]!.score) return;
    const held = ranks.findIndex((ranked) => ranked.item === item);
    if (held >= 0) {
      if (ranks[held]!.score >= score) return;
      ranks.splice(held, 1);
    }
    const isAfter = (ranked: Ranked) =>
      ranked.score < score || (ranked.score == score && compareText(ranked.item, item) > 0);
    const at = ranks.findIndex(isAfter);
    ranks.splice(at < 0 ? ranks.length : at, 0, { item, score });
    if (ranks.length > this.#most) ranks.pop();
  }

  save(from: number, to: number): Column[] {
    const states = this.#ranks.slice(from, to).map((ranks) => {
      const bytes = new Writer();
      for (const { item, score } of ranks) {
        bytes.u64(BigInt.asUintN(64, BigInt(score)));
        putText(bytes, item);
      }
      return bytes.finish();
    });
    return [writeColumn('binary', states)];
  }

  merge(columns: Column[], rows: number): void {
    readColumn('binary', columns[0]!, rows).forEach((bytes, row) => {
      const reader = new Reader(bytes!);
      while (reader.left > 0) {
        const score = narrow(reader.i64());
        this.#insert(this.#ranks[row]!, score, takeText(reader));
      }
    });
  }

  value(slot: number): Ranked[] {
    return this.#ranks[slot]!;
  }

  inserts(cursor: Cursor, pending: Pending): InsertsRanked {
    return {
      insert: (score, item) => {
        checkInt64(score, 'insert');
        checkValue('utf8', item);
        pending.push(this, cursor.slot, score, item);
      },
    };
  }

  columnInserts(target: Target): InsertsRankedColumn {
    return {
      insert: (given, of) => {
        const scores = spread(given, target.rows);
        const items = spread(of, target.rows);
        if (knownIntegers(given) === undefined) checkAll(scores, (score) => checkInt64(score, 'insert'));
        checkAll(items, (item) => checkValue('utf8', item));
        target.insert(this, scores, items);
      },
    };
  }
}

/** A number where it is safe. */
function narrow(value: bigint): Int64 {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function putText(bytes: Writer, text: string): void {
  const encoded = encodeText(text);
  bytes.u32(encoded.length);
  bytes.putString(encoded);
}

function takeText(reader: Reader): string {
  return decodeText(byteString(reader.take(reader.u32())));
}

function checkSize(what: string, size: number): void {
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`${what} holds at least one value, not ${show(size)}`);
}

/**
 * The `most` items with the highest scores, each with its highest score; of equal scores the item that is first in the order
 * of its UTF-8.
 *
 * A score has to be final as it stands in a record, such as the value of an order. For counts that add up over records,
 * the items that remain would depend on the order of merging: use `countMin`, or make the item a part of the key.
 */
export function topK(most: number): Monoid<InsertsRanked, InsertsRankedColumn, Ranked[]> {
  checkSize('topK', most);
  return {
    commutative: true,
    columns: (name) => [{ name, kind: 'binary', nullable: false }],
    store: () => new TopStore(most),
  };
}

/** The smallest of the distinct values, ascending, and whether there were more. */
export interface Smallest<T> {
  values: T[];
  hadMore: boolean;
}

type Coded = { put(bytes: Writer, value: never): void; take(reader: Reader): unknown };

function coding(kind: Kind): Coded {
  switch (kind) {
    case 'utf8':
      return { put: putText, take: takeText };
    case 'binary':
      return {
        put: (bytes, value: Uint8Array) => {
          bytes.u32(value.length);
          bytes.put(value);
        },
        take: (reader) => reader.take(reader.u32()).slice(),
      };
    case 'int64':
    case 'timestamp':
      return {
        put: (bytes, value: Int64) => bytes.u64(BigInt.asUintN(64, BigInt(value))),
        take: (reader) => narrow(reader.i64()),
      };
    case 'date':
      return { put: (bytes, value: number) => bytes.u32(value), take: (reader) => reader.i32() };
    default:
      throw new TypeError(`set holds text(), binary(), int(), int64(), timestamp() or date(), not ${kind}`);
  }
}

/**
 * The `most` smallest of the distinct values, and whether there were more. A bound on the first values to come would depend
 * on the order of records; this one does not.
 */
export function set<T>(field: Field<T>, most: number): Monoid<InsertsOne<T>, InsertsColumn<T>, Smallest<T>> {
  checkSize('set', most);
  const { kind } = field;
  const order = orderOf(kind) as (a: T, b: T) => number;
  const { put, take } = coding(kind);
  const insert = (state: Smallest<T>, given: T) => {
    const { values } = state;
    const value = typeof given === 'string' ? (wellFormed(given) as T) : given;
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(values[middle]!, value) < 0) low = middle + 1;
      else high = middle;
    }
    if (low < values.length && order(values[low]!, value) === 0) return;
    // A state that has left values out keeps none beyond those that it has.
    if (low === values.length && state.hadMore) return;
    values.splice(low, 0, value);
    cut(state);
  };
  const cut = (state: Smallest<T>) => {
    if (state.values.length <= most) return;
    state.values.length = most;
    state.hadMore = true;
  };
  return objects<Smallest<T>, T, Smallest<T>>({
    create: () => ({ values: [], hadMore: false }),
    insert,
    merge(left, right) {
      const hadMore = left.hadMore || right.hadMore;
      left.hadMore = false;
      for (const value of right.values) insert(left, value);
      left.hadMore ||= hadMore;
    },
    encode({ values, hadMore }) {
      const bytes = new Writer();
      bytes.u8(hadMore ? 1 : 0);
      for (const value of values) put(bytes, value as never);
      return bytes.finish();
    },
    decode(bytes) {
      const reader = new Reader(bytes);
      const state: Smallest<T> = { values: [], hadMore: reader.u8() === 1 };
      while (reader.left > 0) state.values.push(take(reader) as T);
      return state;
    },
    read: ({ values, hadMore }) => ({ values: values.map((value) => asDeclared(field, value) as T), hadMore }),
    check(value) {
      checkValue(kind, value);
      return undefined;
    },
  });
}
