// JSON events to the columns of a batch, by the rules of `pipeline.wit`.
import { byteString, encodeText, bytesOf } from '../codec.js';
import { writeColumn } from '../columns.js';
import { isInt64 } from '../monoids/sum.js';
import type { Batch, Condition, Descriptor, Input, Rejection } from '../schema.js';
import { parseDay, parseInstant } from '../time.js';

/** An event as JSON has it; an integer beyond 2^53 is a bigint. */
export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };

/** Events as columns. */
export interface Decoded {
  readonly batch: Batch;
  /** The index of the event in each row. */
  readonly rows: number[];
  readonly rejections: Rejection[];
  readonly passedOver: number;
}

/** The names of a path: cut at dots, except where a backslash stands before one. */
function namesOf(path: string): string[] {
  return (path.match(/(?:\\.|[^.\\])+/gs) ?? ['']).map((name) => name.replace(/\\(.)/gs, '$1'));
}

function atPath(event: Json, path: string): Json | undefined {
  let value: Json | undefined = event;
  for (const name of namesOf(path)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** The text of a JSON value; bigints are written as integers. */
export function stringify(value: Json): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${stringify(inner)}`).join(',')}}`;
}

function isMet({ path, anyOf }: Condition, event: Json): boolean {
  const value = atPath(event, path);
  if (value === undefined || (typeof value === 'object' && value !== null)) return false;
  return anyOf.includes(typeof value === 'string' ? value : stringify(value));
}

const SCALES: Partial<Record<string, bigint>> = {
  'epoch-seconds': 1_000_000n,
  'epoch-milliseconds': 1_000n,
  'epoch-microseconds': 1n,
};

function instantOf({ encoding }: Input, value: Json): number | bigint | undefined {
  if (encoding === 'standard') return typeof value === 'string' ? parseInstant(value) : undefined;
  if (!isInt64(value)) return undefined;
  const scale = SCALES[encoding];
  const exact = BigInt(value);
  if (scale !== undefined) return exact * scale;
  return exact / 1000n - (exact % 1000n < 0n ? 1n : 0n);
}

function bytesFrom({ encoding }: Input, value: Json): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  if (encoding === 'hex') {
    if (!/^([0-9a-f]{2})*$/i.test(value)) return undefined;
    return Uint8Array.from(value.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined;
  return bytesOf((globalThis as unknown as { atob(text: string): string }).atob(value));
}

/** The value as the input's kind has it; undefined if it is of another type. */
function typed(input: Input, value: Json): unknown {
  switch (input.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'int64':
      return isInt64(value) ? value : undefined;
    case 'float64':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
    case 'timestamp':
      return instantOf(input, value);
    case 'date':
      return typeof value === 'string' ? parseDay(value) : undefined;
    case 'utf8':
      return typeof value === 'string' ? value : undefined;
    case 'binary':
      return bytesFrom(input, value);
    case 'json':
      return stringify(value);
  }
}

/** What the source tells of an event, other than the event itself: as a file on a local disk would. */
function ofSource(input: Input, event: Json, index: number): unknown {
  switch (input.origin.tag) {
    case 'payload':
      return bytesOf(encodeText(stringify(event)));
    case 'record-time':
      return 0;
    case 'source-name':
      return 'test';
    case 'offset':
      return index;
    default:
      return null;
  }
}

/** The value of an input; throws the reason as a text if the event has to be rejected. */
function cellOf(input: Input, event: Json, index: number): unknown {
  if (input.origin.tag !== 'path') return ofSource(input, event, index);
  const path = input.origin.val;
  const value = atPath(event, path);
  if ((value === undefined || value === null) && input.nullable) return null;
  if (value === undefined) throw `${path}: missing`;
  const cell = typed(input, value);
  if (cell === undefined) throw `${path}: ${stringify(value)} is not of kind ${input.kind}`;
  return cell;
}

/** Decodes events, the first of which has the index `first`. */
export function decode(descriptor: Descriptor, events: readonly Json[], first: number): Decoded {
  const cells: unknown[][] = descriptor.inputs.map(() => []);
  const rows: number[] = [];
  const rejections: Rejection[] = [];
  let passedOver = 0;
  events.forEach((event, i) => {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) {
      throw new TypeError(`event ${first + i} is no object`);
    }
    if (!descriptor.only.every((condition) => isMet(condition, event))) {
      passedOver++;
      return;
    }
    try {
      const row = descriptor.inputs.map((input) => cellOf(input, event, first + i));
      row.forEach((cell, column) => cells[column]!.push(cell));
      rows.push(first + i);
    } catch (reason) {
      if (typeof reason !== 'string') throw reason;
      rejections.push({ row: first + i, reason });
    }
  });
  const columns = descriptor.inputs.map(({ kind }, i) => writeColumn(kind, cells[i]! as never[]));
  return { batch: { rows: rows.length, columns }, rows, rejections, passedOver };
}

/** The only member of an object that stands for an integer which JSON.parse would round. */
const MARK = 'int64 of backfold';

/** The events of a text with one JSON object a line. Integers beyond 2^53 become bigints. */
export function parseLines(text: string): Json[] {
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const isMarked = (value: unknown): value is { [MARK]: string } => typeof value === 'object' && value !== null && MARK in value;
  const revive = (_: string, value: unknown) => (isMarked(value) ? BigInt(value[MARK]) : value);
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const marked = line.replace(tokens, (token) =>
        /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `{"${MARK}":"${token}"}` : token,
      );
      return JSON.parse(marked, revive) as Json;
    });
}

/** A text that tells a value of a column from all others. */
export function identify(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${byteString(value)}`;
  // A safe integer may be a number or a bigint.
  return `${typeof value === 'bigint' ? 'number' : typeof value} ${String(value)}`;
}
