// Sketches beside HyperLogLog, and the exact sum of floats. Their bytes are those of the Rust SDK.
import { Reader, Writer } from '../bytes.js';
import { decodeDd, densityOf, emptyDd, encodeDd, insertDd, mergeDd, quantileDd } from '../sketch/dd_sketch.js';
import { decodeUnits, encodeUnits, rounded, unitsOf } from '../sketch/exact.js';
import { checkItem, halves, hash, murmur3, type Item } from '../sketch/hash.js';
import { checkValue, type InsertsColumn, type InsertsOne } from './extremes.js';
import type { Distinct } from './hll.js';
import type { Monoid } from './monoid.js';
import { objects } from './objects.js';

type Of<T, V> = Monoid<InsertsOne<T>, InsertsColumn<T>, V>;

function checkFinite(value: unknown): string | undefined {
  checkValue('float64', value);
  return Number.isFinite(value) ? undefined : 'the number is not finite';
}

function checkRange(what: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new RangeError(`${what} must be in ${least}..=${most}, not ${value}`);
  }
}

/**
 * A sum of floats without rounding, so that it does not depend on the order of additions; it is rounded once, when it is
 * read. A record that inserts an infinity or NaN is rejected.
 */
export function floatSum(): Of<number, number> {
  return objects<{ units: bigint }, number, number>({
    create: () => ({ units: 0n }),
    insert: (state, value) => void (state.units += unitsOf(value)),
    merge: (left, right) => void (left.units += right.units),
    encode: ({ units }) => encodeUnits(units),
    decode: (bytes) => ({ units: decodeUnits(bytes) }),
    read: ({ units }) => rounded(units),
    check: checkFinite,
  });
}

/** What `show` reads of a sketch of quantiles. */
export interface Quantiles {
  /** The number of values. */
  readonly count: bigint;
  /** The value that a fraction `q` of all values is smaller than; null before any value, or if `q` is not in 0..=1. */
  quantile(q: number): number | null;
}

/** Quantiles within a relative error, 1 % by default. A record that inserts an infinity or NaN is rejected. */
export function ddSketch(perMille = 10): Of<number, Quantiles> {
  const accuracy = perMille / 1000;
  if (!(accuracy >= 0.0001 && accuracy <= 0.2)) throw new RangeError(`perMille must be in 0.1..=200, not ${perMille}`);
  const density = densityOf(accuracy);
  return objects({
    create: emptyDd,
    insert: (state, value: number) => insertDd(state, value, density),
    merge: mergeDd,
    encode: (state) => encodeDd(state, accuracy, density),
    decode: (bytes) => decodeDd(bytes, accuracy, density),
    read: (state): Quantiles => ({ count: state.count, quantile: (q) => quantileDd(state, q, density) }),
    check: checkFinite,
  });
}

/** What `show` reads of a sketch of occurrences. */
export interface Occurrences {
  /** An upper bound for the occurrences of an item. */
  estimate(item: Item): bigint;
}

/** The counters of an item, one for each row of the sketch. */
function placesOf(item: Item, width: number, depth: number): number[] {
  const hashed = hash(item);
  if (!hashed) return [];
  const [h1, h2] = halves(hashed);
  return Array.from({ length: depth }, (_, row) => {
    const column = (BigInt.asUintN(64, h1 + h2 * BigInt(row)) * BigInt(width)) >> 64n;
    return row * width + Number(column);
  });
}

/**
 * An upper bound for the occurrences of each item, which exceeds them by more than e/`width` of the total with a probability
 * below e^-`depth`.
 */
export function countMin(width = 2000, depth = 5): Of<Item, Occurrences> {
  checkRange('width', width, 1, 2 ** 24);
  checkRange('depth', depth, 1, 16);
  type State = Map<number, bigint>;
  const add = (state: State, place: number, count: bigint) => state.set(place, (state.get(place) ?? 0n) + count);
  return objects<State, Item, Occurrences>({
    create: () => new Map(),
    insert: (state, item) => placesOf(item, width, depth).forEach((place) => add(state, place, 1n)),
    merge: (left, right) => right.forEach((count, place) => add(left, place, count)),
    encode(state) {
      const bytes = new Writer();
      bytes.u8(1);
      bytes.u8(depth);
      bytes.u32(width);
      let next = 0;
      for (const [place, count] of [...state].sort(([a], [b]) => a - b)) {
        bytes.varint(place - next);
        bytes.varint(count);
        next = place + 1;
      }
      return bytes.finish();
    },
    decode(bytes) {
      const reader = new Reader(bytes);
      if (reader.u8() !== 1 || reader.u8() !== depth || reader.u32() !== width) {
        throw new RangeError(`not a count-min sketch of ${depth} rows of ${width}`);
      }
      const state: State = new Map();
      for (let next = 0; reader.left > 0; next++) {
        next += Number(reader.varint());
        state.set(next, reader.varint());
      }
      return state;
    },
    read: (state) => ({
      estimate(item) {
        const counts = placesOf(item, width, depth).map((place) => state.get(place) ?? 0n);
        return counts.reduce((least, count) => (count < least ? count : least), counts[0] ?? 0n);
      },
    }),
    check: checkItem,
  });
}

/** Theta of a sketch that has dropped nothing. */
const ONE = 2n ** 63n - 1n;

interface ThetaState {
  theta: bigint;
  hashes: Set<bigint>;
}

const ascending = (hashes: Set<bigint>) => [...hashes].sort((a, b) => (a < b ? -1 : 1));

/**
 * The number of distinct values, estimated with a standard error of 1/√2^lgK and exact up to 2^lgK values; readers of
 * DataSketches can intersect and subtract such sketches. 8 bytes a value: eight times an `hll` of like error.
 */
export function theta(lgK = 12): Of<Item, Distinct> {
  checkRange('lgK', lgK, 5, 21);
  const most = 2 ** lgK;
  /** Drops the hashes beyond the `most` smallest; the least of those dropped becomes theta. */
  const shrink = (state: ThetaState, limit: number) => {
    if (state.hashes.size <= limit) return;
    const sorted = ascending(state.hashes);
    state.theta = sorted[most]!;
    state.hashes = new Set(sorted.slice(0, most));
  };
  const insert = (state: ThetaState, hashed: bigint) => {
    if (hashed > 0n && hashed < state.theta) state.hashes.add(hashed);
  };
  return objects<ThetaState, Item, Distinct>({
    create: () => ({ theta: ONE, hashes: new Set() }),
    insert(state, item) {
      const hashed = hash(item);
      if (hashed) insert(state, halves(hashed)[0] >> 1n);
      shrink(state, 2 * most);
    },
    merge(left, right) {
      if (right.theta < left.theta) {
        left.theta = right.theta;
        for (const hashed of left.hashes) if (hashed >= left.theta) left.hashes.delete(hashed);
      }
      for (const hashed of right.hashes) insert(left, hashed);
      shrink(left, most);
    },
    encode(state) {
      shrink(state, most);
      const { size } = state.hashes;
      const words = state.theta !== ONE ? 3 : size > 1 ? 2 : 1;
      const bytes = new Writer();
      // Serial version 3 of family 3; read-only, compact, ordered, and perhaps empty.
      for (const byte of [words, 3, 3, 0, 0, size === 0 ? 0x1e : 0x1a]) bytes.u8(byte);
      const seedHash = size === 0 ? 0 : murmur3('\x29\x23\0\0\0\0\0\0', 0)[1] & 0xffff;
      bytes.u8(seedHash & 0xff);
      bytes.u8(seedHash >> 8);
      if (words > 1) bytes.u64(BigInt(size));
      if (words > 2) bytes.u64(state.theta);
      for (const hashed of ascending(state.hashes)) bytes.u64(hashed);
      bytes.u8(lgK);
      return bytes.finish();
    },
    decode(bytes) {
      const reader = new Reader(bytes);
      const words = reader.take(8)[0]!;
      if (bytes[bytes.length - 1] !== lgK) throw new RangeError(`not a theta sketch of lgK ${lgK}`);
      if (words > 1) reader.u64();
      const state: ThetaState = { theta: words > 2 ? reader.u64() : ONE, hashes: new Set() };
      while (reader.left > 8) state.hashes.add(reader.u64());
      return state;
    },
    read(state) {
      shrink(state, most);
      return { estimate: () => state.hashes.size / (Number(state.theta) / Number(ONE)) };
    },
    check: checkItem,
  });
}
