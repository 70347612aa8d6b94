// The hash of DataSketches: MurmurHash3 (x64, 128 bits) with seed 9001, in words of 32 bits.
import { byteString, encodeText } from '../codec.js';
import type { Int64 } from '../columns.js';

/** A value that can be counted: text is its UTF-8, an integer has 64 bits. Empty text and bytes are not counted. */
export type Item = string | Int64 | Uint8Array;

const SEED = 9001;

// The two halves of the hash and a block of 16 bytes, as numbers of 64 bits and as words of 32: an interpreter multiplies a
// bigint at once, and storing it cuts it to 64 bits; rotations are cheaper in words.
const wide = new BigUint64Array(4);
const words = new Int32Array(wide.buffer);
const [H1, H2, K1, K2] = [0, 1, 2, 3];

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const F1 = 0xff51afd7ed558ccdn;
const F2 = 0xc4ceb9fe1a85ec53n;

/** Rotates a number to the left by less than 32 bits. */
function rotate(at: number, by: number): void {
  const low = words[2 * at]!;
  const high = words[2 * at + 1]!;
  words[2 * at] = (low << by) | (high >>> (32 - by));
  words[2 * at + 1] = (high << by) | (low >>> (32 - by));
}

/** Mixes the first half of the block into the first half of the hash. */
function mix1(): void {
  wide[K1] = wide[K1]! * C1;
  const low = words[4]!;
  const high = words[5]!;
  words[4] = (low << 31) | (high >>> 1);
  words[5] = (high << 31) | (low >>> 1);
  wide[K1] = wide[K1]! * C2;
  words[0]! ^= words[4]!;
  words[1]! ^= words[5]!;
}

/** Mixes the second half of the block into the second half of the hash. */
function mix2(): void {
  wide[K2] = wide[K2]! * C2;
  // By 33 bits: the words change places.
  const low = words[7]!;
  const high = words[6]!;
  words[6] = (low << 1) | (high >>> 31);
  words[7] = (high << 1) | (low >>> 31);
  wide[K2] = wide[K2]! * C1;
  words[2]! ^= words[6]!;
  words[3]! ^= words[7]!;
}

/** The last mixing of a half, of which 64 bits count. */
function avalanche(half: bigint): bigint {
  wide[K1] = half;
  words[4]! ^= words[5]! >>> 1;
  wide[K1] = wide[K1]! * F1;
  words[4]! ^= words[5]! >>> 1;
  wide[K1] = wide[K1]! * F2;
  words[4]! ^= words[5]! >>> 1;
  return wide[K1]!;
}

/** The hash: the high and the low word of its first half, then those of its second. */
export type Hash = readonly [number, number, number, number];

/** Reads up to 16 characters into the block; a short one is padded with zeros. Returns all bits of the characters. */
function readBlock(text: string, from: number, to: number): number {
  words[4] = words[5] = words[6] = words[7] = 0;
  let seen = 0;
  let at = from;
  let word = 4;
  for (; at + 4 <= to; at += 4) {
    const a = text.charCodeAt(at);
    const b = text.charCodeAt(at + 1);
    const c = text.charCodeAt(at + 2);
    const d = text.charCodeAt(at + 3);
    seen |= a | b | c | d;
    words[word++] = a | (b << 8) | (c << 16) | (d << 24);
  }
  for (let shift = 0; at < to; at++, shift += 8) {
    const unit = text.charCodeAt(at);
    seen |= unit;
    words[word]! |= unit << shift;
  }
  return seen;
}

/** MurmurHash3_x64_128 of the bytes of a byte string; undefined if a character is `limit` or above. */
function murmur3Below(bytes: string, seed: number, limit: number): Hash | undefined {
  words[0] = words[2] = seed;
  words[1] = words[3] = 0;
  const { length } = bytes;
  let seen = 0;
  let at = 0;
  for (; at + 16 <= length; at += 16) {
    seen |= readBlock(bytes, at, at + 16);
    mix1();
    rotate(H1, 27);
    wide[H1] = (wide[H1]! + wide[H2]!) * 5n + 0x52dce729n;
    mix2();
    rotate(H2, 31);
    wide[H2] = (wide[H2]! + wide[H1]!) * 5n + 0x38495ab5n;
  }
  seen |= readBlock(bytes, at, length);
  if (seen >= limit) return undefined;
  mix1();
  // A half without bytes mixes to zero.
  if (length - at > 8) mix2();
  words[0]! ^= length;
  words[2]! ^= length;
  const sum = wide[H1]! + wide[H2]!;
  const first = avalanche(sum);
  const second = avalanche(sum + wide[H2]!);
  wide[H1] = first + second;
  wide[H2] = first + second + second;
  return [words[1]!, words[0]!, words[3]!, words[2]!];
}

/** MurmurHash3_x64_128 of the bytes of a byte string. */
export function murmur3(bytes: string, seed: number): Hash {
  return murmur3Below(bytes, seed, 256)!;
}

const bits = new DataView(new ArrayBuffer(8));

/** The byte string of an item, as DataSketches turns it to bytes. */
function bytesOf(item: Item): string {
  if (typeof item === 'string') return encodeText(item);
  if (item instanceof Uint8Array) return byteString(item);
  bits.setBigInt64(0, BigInt(item), true);
  let text = '';
  for (let i = 0; i < 8; i++) text += String.fromCharCode(bits.getUint8(i));
  return text;
}

/** The hash of an item; undefined if it is empty. */
export function hash(item: Item): Hash | undefined {
  if (item === '') return undefined;
  // A text of ASCII is its own UTF-8, which its hash finds out by the way.
  const hashed = typeof item === 'string' ? murmur3Below(item, SEED, 128) : undefined;
  if (hashed) return hashed;
  const bytes = bytesOf(item);
  return bytes.length === 0 ? undefined : murmur3(bytes, SEED);
}

/** Throws a TypeError for anything that is no item. */
export function checkItem(value: unknown): undefined {
  const isItem = typeof value === 'string' || typeof value === 'bigint' || value instanceof Uint8Array;
  if (!isItem && !Number.isSafeInteger(value)) {
    throw new TypeError(`insert takes text, bytes, a safe integer or a bigint, not ${String(value)}`);
  }
  return undefined;
}

/** The two halves of a hash as bigints. */
export function halves([h1, l1, h2, l2]: Hash): [bigint, bigint] {
  const join = (h: number, l: number) => (BigInt(h >>> 0) << 32n) | BigInt(l >>> 0);
  return [join(h1, l1), join(h2, l2)];
}
