// The estimates of a HyperLogLog sketch: those of DataSketches' readers, for sketches of any order of insertions.
import { RAW_ESTIMATES, STRIDES } from './hll_constants.js';

const tables: (number[] | undefined)[] = [];

function rawEstimates(lgK: number): number[] {
  return (tables[lgK] ??= RAW_ESTIMATES[lgK - 4]!.split(' ').map(Number));
}

/** The cubic through four points, at `x`. */
function cubic(xs: readonly number[], ys: readonly number[], x: number): number {
  let sum = 0;
  for (let i = 0; i < 4; i++) {
    let above = 1;
    let below = 1;
    for (let j = 0; j < 4; j++) {
      if (j === i) continue;
      above *= x - xs[j]!;
      below *= xs[i]! - xs[j]!;
    }
    sum += (ys[i]! * above) / below;
  }
  return sum;
}

/** The index of the last of the ascending `xs` that is not above `x`. */
function straddle(xs: readonly number[], x: number): number {
  let low = 0;
  let high = xs.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  return low;
}

function interpolate(xs: readonly number[], yOf: (i: number) => number, x: number): number {
  const last = xs.length - 1;
  if (x === xs[last]) return yOf(last);
  const from = Math.min(Math.max(straddle(xs, x) - 1, 0), last - 3);
  const window = [from, from + 1, from + 2, from + 3];
  return cubic(window.map((i) => xs[i]!), window.map(yOf), x);
}

// Coupons have 26 bits of address, and two values in some millions share one: the means by number of values.
const COUPONS = [0, 1, 20, 400, 8000, 160000, 300000, 600000];
const DISTINCT = [
  0, 1, 20.00000094374026, 400.0003963713384, 8000.158929460209, 160063.60677637596, 300223.70715976635, 600895.593385617,
];

const ofCoupons: number[] = [];

/** The estimate of a sketch that still holds coupons. */
export function estimateOfCoupons(count: number): number {
  return (ofCoupons[count] ??= Math.max(count, interpolate(COUPONS, (i) => DISTINCT[i]!, count)));
}

const EULER = 0.5772156649015329;

/** 1 + 1/2 + … + 1/n. */
function harmonic(n: number): number {
  if (n < 25) {
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += 1 / i;
    return sum;
  }
  const square = 1 / (n * n);
  let power = square;
  let sum = Math.log(n) + EULER + 1 / (2 * n);
  for (const term of [-12, 120, -252, 240]) {
    sum += power * (1 / term);
    power *= square;
  }
  return sum;
}

/** DataSketches' composite estimate of a sketch with these registers. */
export function estimateOfRegisters(lgK: number, registers: Uint8Array): number {
  const k = 2 ** lgK;
  // Two sums, each of them exact.
  let many = 0;
  let few = 0;
  let zeros = 0;
  for (const register of registers) {
    if (register < 32) many += 2 ** -register;
    else few += 2 ** -register;
    if (register === 0) zeros++;
  }
  const factor = [0.673, 0.697, 0.709][lgK - 4] ?? 0.7213 / (1 + 1.079 / k);
  const raw = (factor * k * k) / (many + few);
  const xs = rawEstimates(lgK);
  const stride = STRIDES[lgK - 4]!;
  const last = xs.length - 1;
  if (raw < xs[0]!) return 0;
  if (raw > xs[last]!) return raw * ((stride * last) / xs[last]!);
  const adjusted = interpolate(xs, (i) => stride * i, raw);
  if (adjusted > 3 * k) return adjusted;
  const linear = zeros === 0 ? k * Math.log(k / 0.5) : k * (harmonic(k) - harmonic(zeros));
  const crossover = [0.718, 0.672][lgK - 4] ?? 0.64;
  return (adjusted + linear) / 2 > crossover * k ? adjusted : linear;
}
