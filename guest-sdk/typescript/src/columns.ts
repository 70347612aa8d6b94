// Columns to arrays of values, and arrays of values to columns.
import { areAscii, byteString, bytesOf, decodeText, encodeText } from './codec.js';
import type { Column, Kind } from './schema.js';

/** An integer of 64 bits: a number as long as it is safe (below 2^53 in size), otherwise a bigint. */
export type Int64 = number | bigint;

/** The type of a value by the kind of its column. */
export interface Values {
  boolean: boolean;
  int64: Int64;
  float64: number;
  timestamp: Int64;
  date: number;
  utf8: string;
  binary: Uint8Array;
  json: string;
}

/** The decoded texts of byte strings that are not ASCII, and the number from which they are forgotten. */
const decoded = new Map<string, string>();
const MOST_DECODED = 4096;

/** The buffer where a typed array may begin on it; a copy of it otherwise. */
function aligned(bytes: Uint8Array, width: number): Uint8Array {
  return bytes.byteOffset % width === 0 ? bytes : bytes.slice();
}

function expect(isRight: boolean, rows: number): void {
  if (!isRight) throw new RangeError(`a column does not hold ${rows} values`);
}

function int32s(bytes: Uint8Array, count: number): Int32Array {
  expect(bytes.length >= 4 * count, count);
  const from = aligned(bytes, 4);
  return new Int32Array(from.buffer, from.byteOffset, count);
}

/** Whether the bit of `row` is set. */
export function bit(bitmap: Uint8Array, row: number): boolean {
  return ((bitmap[row >> 3]! >> (row & 7)) & 1) === 1;
}

/** What is known of the integers in arrays that were read here, so that nobody has to look at each of them again. */
const known = new WeakMap<object, 'narrow' | 'exact'>();
/** The arrays among them with a bigint. */
const withBigints = new WeakSet<object>();

/** Whether the values are known to be integers of 32 bits (`narrow`), or to be exact integers or null (`exact`). */
export function knownIntegers(values: unknown): 'narrow' | 'exact' | undefined {
  return typeof values === 'object' && values !== null ? known.get(values) : undefined;
}

/** Whether an array of integers that was read here has a bigint. */
export function hasBigints(values: object): boolean {
  return withBigints.has(values);
}

/** The values of 64-bit integers, each of them exact. */
function readInt64s(bytes: Uint8Array, rows: number): Int64[] {
  const words = int32s(bytes, 2 * rows);
  const values: Int64[] = [];
  let isNarrow = true;
  for (let row = 0, word = 0; row < rows; row++, word += 2) {
    const low = words[word]!;
    const high = words[word + 1]!;
    if (high === low >> 31) {
      values[row] = low;
    } else {
      isNarrow = false;
      values[row] = wide(values, high, low);
    }
  }
  known.set(values, isNarrow ? 'narrow' : 'exact');
  return values;
}

/** The values of instants, which are integers beyond 32 bits. */
function readInstants(bytes: Uint8Array, rows: number): Int64[] {
  const words = int32s(bytes, 2 * rows);
  const values: Int64[] = [];
  for (let row = 0, word = 0; row < rows; row++, word += 2) {
    const high = words[word + 1]!;
    if ((high + 0x200000) >>> 22 === 0) values[row] = high * 0x100000000 + (words[word]! >>> 0);
    else values[row] = wide(values, high, words[word]!);
  }
  known.set(values, 'exact');
  return values;
}

function wide(values: object, high: number, low: number): Int64 {
  const number = high * 0x100000000 + (low >>> 0);
  if (Number.isSafeInteger(number)) return number;
  withBigints.add(values);
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

const MICROSECONDS_PER_DAY = 86_400_000_000;

/** The days of instants, in UTC. */
export function readDays(column: Column, rows: number): (number | null)[] {
  const words = int32s(column.values, 2 * rows);
  const values: (number | null)[] = [];
  // An instant's high word lasts 71 minutes: mostly it alone tells the day.
  let last = NaN;
  let first = 0;
  let isSure = false;
  for (let row = 0, word = 0; row < rows; row++, word += 2) {
    const high = words[word + 1]!;
    if (high !== last) {
      last = high;
      first = Math.floor((high * 0x100000000) / MICROSECONDS_PER_DAY) | 0;
      isSure = first === (Math.floor((high * 0x100000000 + 0xffffffff) / MICROSECONDS_PER_DAY) | 0);
    }
    if (isSure) values[row] = first;
    else values[row] = Math.floor((high * 0x100000000 + (words[word]! >>> 0)) / MICROSECONDS_PER_DAY) | 0;
  }
  known.set(values, 'narrow');
  return withNulls(values, column, rows);
}

function readFloats(bytes: Uint8Array, rows: number): number[] {
  expect(bytes.length >= 8 * rows, rows);
  const from = aligned(bytes, 8);
  return Array.from(new Float64Array(from.buffer, from.byteOffset, rows));
}

function readBits(bytes: Uint8Array, rows: number): boolean[] {
  expect(bytes.length >= (rows + 7) >> 3, rows);
  const values: boolean[] = [];
  for (let row = 0; row < rows; row++) values[row] = bit(bytes, row);
  return values;
}

function readTexts(column: Column, rows: number): string[] {
  const offsets = int32s(column.offsets ?? new Uint8Array(0), rows + 1);
  const arena = byteString(column.values);
  const values: string[] = [];
  if (areAscii(column.values)) {
    for (let row = 0, from = 0; row < rows; row++) {
      const to = offsets[row + 1]!;
      values[row] = arena.substring(from, to);
      from = to;
    }
    return values;
  }
  if (decoded.size > MOST_DECODED) decoded.clear();
  for (let row = 0, from = 0; row < rows; row++) {
    const to = offsets[row + 1]!;
    const bytes = arena.substring(from, to);
    let text = decoded.get(bytes);
    if (text === undefined) decoded.set(bytes, (text = decodeText(bytes)));
    values[row] = text;
    from = to;
  }
  return values;
}

function readBinaries(column: Column, rows: number): Uint8Array[] {
  const offsets = int32s(column.offsets ?? new Uint8Array(0), rows + 1);
  const values: Uint8Array[] = [];
  for (let row = 0; row < rows; row++) values[row] = column.values.slice(offsets[row], offsets[row + 1]);
  return values;
}

function readPresent(kind: Kind, column: Column, rows: number): unknown[] {
  switch (kind) {
    case 'boolean':
      return readBits(column.values, rows);
    case 'int64':
      return readInt64s(column.values, rows);
    case 'timestamp':
      return readInstants(column.values, rows);
    case 'float64':
      return readFloats(column.values, rows);
    case 'date':
      return Array.from(int32s(column.values, rows));
    case 'utf8':
    case 'json':
      return readTexts(column, rows);
    case 'binary':
      return readBinaries(column, rows);
  }
}

/** The values of a column; null for each that is absent. */
export function readColumn<K extends Kind>(kind: K, column: Column, rows: number): (Values[K] | null)[] {
  return withNulls(readPresent(kind, column, rows) as (Values[K] | null)[], column, rows);
}

function withNulls<T>(values: (T | null)[], { validity }: Column, rows: number): (T | null)[] {
  if (validity === undefined || validity === null) return values;
  expect(validity.length >= (rows + 7) >> 3, rows);
  if (known.has(values)) known.set(values, 'exact');
  for (let row = 0; row < rows; row++) if (!bit(validity, row)) values[row] = null;
  return values;
}

function bytesOfArray(array: Int32Array | Float64Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** A bitmap with the bits of the rows for which `isSet` answers true. */
export function bitmap(rows: number, isSet: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3);
  for (let row = 0; row < rows; row++) if (isSet(row)) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}

/** A column of 64-bit integers from the values `from` to `to`; null leaves zero. */
function writeInt64s(values: ArrayLike<Int64 | null>, from: number, to: number): Uint8Array {
  const words = new Int32Array(2 * (to - from));
  for (let i = from, word = 0; i < to; i++, word += 2) {
    const value = values[i];
    if (value === null || value === undefined) continue;
    if (typeof value === 'bigint') {
      words[word] = Number(BigInt.asIntN(32, value));
      words[word + 1] = Number(BigInt.asIntN(32, value >> 32n));
    } else {
      words[word] = value;
      words[word + 1] = Math.floor(value / 0x100000000);
    }
  }
  return bytesOfArray(words);
}

/** Byte strings as the buffers of a column. */
function writeByteStrings(strings: string[]): Column {
  const offsets = new Int32Array(strings.length + 1);
  let end = 0;
  for (let i = 0; i < strings.length; i++) offsets[i + 1] = end += strings[i]!.length;
  return { values: bytesOf(strings.join('')), offsets: bytesOfArray(offsets) };
}

function writeBinaries(values: (Uint8Array | null)[]): Column {
  const offsets = new Int32Array(values.length + 1);
  let end = 0;
  for (let i = 0; i < values.length; i++) offsets[i + 1] = end += values[i]?.length ?? 0;
  const arena = new Uint8Array(end);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value) arena.set(value, offsets[i]!);
  }
  return { values: arena, offsets: bytesOfArray(offsets) };
}

function writePresent(kind: Kind, values: unknown[]): Column {
  switch (kind) {
    case 'boolean':
      return { values: bitmap(values.length, (row) => values[row] === true) };
    case 'int64':
    case 'timestamp':
      return { values: writeInt64s(values as (Int64 | null)[], 0, values.length) };
    case 'float64':
      return { values: bytesOfArray(Float64Array.from(values as number[])) };
    case 'date':
      return { values: bytesOfArray(Int32Array.from(values as number[])) };
    case 'utf8':
    case 'json':
      return writeByteStrings((values as (string | null)[]).map((text) => (text === null ? '' : encodeText(text))));
    case 'binary':
      return writeBinaries(values as (Uint8Array | null)[]);
  }
}

/** The column of these values; null where one is absent. */
export function writeColumn<K extends Kind>(kind: K, values: readonly (Values[K] | null)[]): Column {
  const column = writePresent(kind, values as unknown[]);
  if (!values.includes(null)) return column;
  return { ...column, validity: bitmap(values.length, (row) => values[row] !== null) };
}
