// The exact sum of floats: an integer in units of 2^-1074, the smallest positive float.
import { Reader, Writer } from '../bytes.js';

const view = new DataView(new ArrayBuffer(8));
const FRACTION = (1n << 52n) - 1n;
const DIGIT = 32n;
const DIGIT_MASK = (1n << DIGIT) - 1n;

/** A finite float in units of 2^-1074. */
export function unitsOf(value: number): bigint {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & FRACTION;
  // Subnormals share the scale of the smallest normal numbers, without the implicit bit.
  const units = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -units : units;
}

function bitLength(units: bigint): number {
  const digits = units.toString(16);
  return 4 * digits.length - Math.clz32(parseInt(digits[0]!, 16)) + 28;
}

/** The float nearest to so many units, ties to even. */
export function rounded(units: bigint): number {
  const size = units < 0n ? -units : units;
  const dropped = Math.max(bitLength(size) - 64, 0);
  const kept = size >> BigInt(dropped);
  // The dropped bits decide only ties.
  const isTie = kept << BigInt(dropped) === size;
  const value = Number(isTie ? kept : kept | 1n) * 2 ** (dropped - 1074);
  return units < 0n ? -value : value;
}

/** Zero is `00`; otherwise the sign (1, 2), the position of the lowest digit of 32 bits, and the digits, lowest first. */
export function encodeUnits(units: bigint): Uint8Array {
  const bytes = new Writer();
  if (units === 0n) {
    bytes.u8(0);
    return bytes.finish();
  }
  let size = units < 0n ? -units : units;
  let position = 0;
  for (; (size & DIGIT_MASK) === 0n; size >>= DIGIT) position++;
  bytes.u8(units < 0n ? 2 : 1);
  bytes.u8(position);
  for (; size > 0n; size >>= DIGIT) bytes.u32(Number(size & DIGIT_MASK));
  return bytes.finish();
}

/** The units that `encodeUnits` wrote; throws a RangeError for other bytes. */
export function decodeUnits(bytes: Uint8Array): bigint {
  const reader = new Reader(bytes);
  const sign = reader.u8();
  if (sign === 0 && reader.left === 0) return 0n;
  if (sign !== 1 && sign !== 2) throw new RangeError('not an exact sum: unknown sign');
  let shift = BigInt(reader.u8()) * DIGIT;
  let size = 0n;
  for (; reader.left > 0; shift += DIGIT) size |= BigInt(reader.u32()) << shift;
  return sign === 2 ? -size : size;
}
