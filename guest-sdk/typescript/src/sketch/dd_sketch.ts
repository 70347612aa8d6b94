// DDSketch: quantiles from counts of fixed buckets that grow exponentially.
import { Reader, Writer } from '../bytes.js';

/** Counts by bucket, and the extremes. */
export interface DdState {
  readonly negative: Map<number, bigint>;
  readonly positive: Map<number, bigint>;
  zeros: bigint;
  count: bigint;
  least: number;
  greatest: number;
}

const VERSION = 1;
const LEAST_NORMAL = 2 ** -1022;
const view = new DataView(new ArrayBuffer(8));

/** An empty sketch. */
export function emptyDd(): DdState {
  return { negative: new Map(), positive: new Map(), zeros: 0n, count: 0n, least: Infinity, greatest: -Infinity };
}

/** Buckets for each doubling, such that none is wider than `accuracy` allows. */
export function densityOf(accuracy: number): number {
  // ln((1+a)/(1-a)) = 2(a + a^3/3 + …): the widest a bucket may be. The cubic is nowhere flatter than 10/7 of the logarithm.
  let power = accuracy;
  let width = 0;
  for (let odd = 1; odd < 60; odd += 2) {
    width += (2 * power) / odd;
    power *= accuracy * accuracy;
  }
  return 0.7 / width;
}

/** The bucket of a magnitude that is not subnormal: by additions and multiplications alone, equal on all machines. */
function bucketOf(magnitude: number, density: number): number {
  view.setFloat64(0, magnitude);
  const high = view.getUint32(0);
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  const fraction = view.getFloat64(0) - 1;
  const cubic = (((6 / 35) * fraction - 0.6) * fraction + 10 / 7) * fraction;
  return Math.floor(((high >>> 20) - 1023 + cubic) * density);
}

/** The least magnitude that is not in a bucket below `at`, found by bisection. */
function lowerEnd(at: number, density: number): number {
  const floatOf = (bits: bigint) => {
    view.setBigUint64(0, bits);
    return view.getFloat64(0);
  };
  let low = 0x0010000000000000n;
  let high = 0x7fefffffffffffffn;
  while (low < high) {
    const middle = (low + high) >> 1n;
    if (bucketOf(floatOf(middle), density) < at) low = middle + 1n;
    else high = middle;
  }
  return floatOf(low);
}

/** The value that is equally far, relatively, from both ends of a bucket. */
function middleOf(bucket: number, density: number): number {
  const low = lowerEnd(bucket, density);
  const high = lowerEnd(bucket + 1, density);
  return low * (2 / (1 + low / high));
}

/** Counts a finite value. */
export function insertDd(state: DdState, value: number, density: number): void {
  state.count++;
  const magnitude = Math.abs(value);
  if (magnitude < LEAST_NORMAL) {
    state.zeros++;
  } else {
    const buckets = value < 0 ? state.negative : state.positive;
    const bucket = bucketOf(magnitude, density);
    buckets.set(bucket, (buckets.get(bucket) ?? 0n) + 1n);
  }
  // Adding zero makes one of the two zeros.
  state.least = Math.min(state.least, value) + 0;
  state.greatest = Math.max(state.greatest, value) + 0;
}

/** Adds the counts of `right`. */
export function mergeDd(left: DdState, right: DdState): void {
  left.count += right.count;
  left.zeros += right.zeros;
  for (const [into, from] of [[left.negative, right.negative], [left.positive, right.positive]] as const) {
    for (const [bucket, count] of from) into.set(bucket, (into.get(bucket) ?? 0n) + count);
  }
  left.least = Math.min(left.least, right.least) + 0;
  left.greatest = Math.max(left.greatest, right.greatest) + 0;
}

function ascending(buckets: Map<number, bigint>): [number, bigint][] {
  return [...buckets].sort(([a], [b]) => a - b);
}

/** The value of rank ⌊q · (count - 1)⌋; null if there is none, or `q` is not in 0..=1. */
export function quantileDd(state: DdState, q: number, density: number): number | null {
  if (state.count === 0n || !(q >= 0 && q <= 1)) return null;
  const last = state.count - 1n;
  const asked = BigInt(Math.floor(q * Number(last)));
  const rank = asked < last ? asked : last;
  if (rank === 0n) return state.least;
  if (rank === last) return state.greatest;
  const counts: [() => number, bigint][] = [
    ...ascending(state.negative).reverse().map(([at, count]): [() => number, bigint] => [() => -middleOf(at, density), count]),
    [() => 0, state.zeros],
    ...ascending(state.positive).map(([at, count]): [() => number, bigint] => [() => middleOf(at, density), count]),
  ];
  let below = 0n;
  for (const [valueOf, count] of counts) {
    below += count;
    if (rank < below) return Math.min(Math.max(valueOf(), state.least), state.greatest);
  }
  return null;
}

/** The canonical bytes: those of the Rust SDK. */
export function encodeDd(state: DdState, accuracy: number, density: number): Uint8Array {
  const bytes = new Writer();
  bytes.u8(VERSION);
  bytes.f64(accuracy);
  if (state.count === 0n) return bytes.finish();
  bytes.f64(state.least);
  bytes.f64(state.greatest);
  bytes.varint(state.zeros);
  bytes.varint(state.negative.size);
  for (const buckets of [state.negative, state.positive]) {
    let previous = bucketOf(LEAST_NORMAL, density);
    for (const [bucket, count] of ascending(buckets)) {
      bytes.varint(bucket - previous);
      bytes.varint(count);
      previous = bucket;
    }
  }
  return bytes.finish();
}

/** The state that `encodeDd` wrote; throws a RangeError for other bytes. */
export function decodeDd(bytes: Uint8Array, accuracy: number, density: number): DdState {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION || reader.f64() !== accuracy) throw new RangeError(`not a DDSketch of accuracy ${accuracy}`);
  const state = emptyDd();
  if (reader.left === 0) return state;
  state.least = reader.f64();
  state.greatest = reader.f64();
  state.count = state.zeros = reader.varint();
  let negative = reader.varint();
  for (const buckets of [state.negative, state.positive]) {
    let previous = bucketOf(LEAST_NORMAL, density);
    while (buckets === state.negative ? negative-- > 0n : reader.left > 0) {
      previous += Number(reader.varint());
      const count = reader.varint();
      buckets.set(previous, count);
      state.count += count;
    }
  }
  return state;
}
