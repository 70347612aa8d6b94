// Declarations of single values: columns of events, keys and views, and parameters.
import type { Int64 } from './columns.js';
import type { Encoding, Kind, Origin } from './schema.js';

declare const typeOf: unique symbol;

/** How a column of 64-bit integers reaches the pipeline. */
export type Integers = 'safe' | 'exact' | 'bigint' | 'day';

/** A declared value of type `T`. */
export interface Field<T> {
  /** The type of the value; only for the compiler. */
  readonly [typeOf]?: T;
  readonly kind: Kind;
  readonly integers: Integers;
  readonly nullable: boolean;
  readonly origin: Origin | undefined;
  readonly encoding: Encoding;
  readonly isEventTime: boolean;
  readonly fallback: T | undefined;
}

/** The type of a declared value. */
export type TypeOf<F> = F extends Field<infer T> ? T : never;

/** What any field can say. */
export interface Options<T> {
  /** For a parameter: the value where the job gives none. */
  default?: T;
}

/** What a timestamp can say. */
export interface TimestampOptions extends Options<number> {
  /** The form in text formats: RFC 3339 (`standard`), or a number since 1970-01-01T00:00:00Z. */
  encoding?: Exclude<Encoding, 'hex'>;
  /** Whether this is the time at which the event happened: ranges in time are ranges of it. */
  eventTime?: boolean;
  /** `day`: the value is the day in UTC, in days since 1970-01-01; cheaper than to cut it off. */
  as?: 'day';
}

/** What bytes can say. */
export interface BinaryOptions {
  /** The form in text formats: base64 (`standard`) or hexadecimal. */
  encoding?: 'standard' | 'hex';
}

interface Parts {
  integers?: Integers;
  encoding?: Encoding | undefined;
  isEventTime?: boolean | undefined;
  origin?: Origin;
  nullable?: boolean;
}

function field<T>(kind: Kind, path: string | Options<T> | undefined, options: Options<T> = {}, parts: Parts = {}): Field<T> {
  const given = typeof path === 'string' ? options : (path ?? options);
  return {
    kind,
    integers: parts.integers ?? 'safe',
    nullable: parts.nullable ?? false,
    origin: typeof path === 'string' ? { tag: 'path', val: path } : parts.origin,
    encoding: parts.encoding ?? 'standard',
    isEventTime: parts.isEventTime ?? false,
    fallback: given.default,
  };
}

/** Text. In an event, from `path`, or from the path that is the field's own name. */
export function text(path?: string | Options<string>, options?: Options<string>): Field<string> {
  return field('utf8', path, options);
}

/** An integer as a number. A record whose integer is beyond 2^53 in size is rejected. */
export function int(path?: string | Options<number>, options?: Options<number>): Field<number> {
  return field('int64', path, options);
}

/** An integer of 64 bits, exact: a number as long as it is below 2^53 in size, otherwise a bigint. */
export function int64(path?: string | Options<Int64>, options?: Options<Int64>): Field<Int64> {
  return field('int64', path, options, { integers: 'exact' });
}

/** An integer of 64 bits as a bigint, always. */
export function bigint(path?: string | Options<bigint>, options?: Options<bigint>): Field<bigint> {
  return field('int64', path, options, { integers: 'bigint' });
}

/** A floating-point number. */
export function float(path?: string | Options<number>, options?: Options<number>): Field<number> {
  return field('float64', path, options);
}

/** A truth value. */
export function bool(path?: string | Options<boolean>, options?: Options<boolean>): Field<boolean> {
  return field('boolean', path, options);
}

/** An instant, in microseconds since 1970-01-01T00:00:00Z; `day` and `truncate` cut it. */
export function timestamp(path?: string | TimestampOptions, options?: TimestampOptions): Field<number> {
  const given = typeof path === 'string' ? options : (path ?? options);
  const integers = given?.as ?? 'safe';
  return field<number>('timestamp', path, options, { integers, encoding: given?.encoding, isEventTime: given?.eventTime });
}

/** A day of the calendar, in days since 1970-01-01. */
export function date(path?: string | Options<number>, options?: Options<number>): Field<number> {
  return field('date', path, options);
}

/** Bytes. */
export function binary(path?: string | BinaryOptions, options?: BinaryOptions): Field<Uint8Array> {
  const given = typeof path === 'string' ? options : (path ?? options);
  return field<Uint8Array>('binary', typeof path === 'string' ? path : {}, {}, { encoding: given?.encoding });
}

/** The text of one JSON value of any type, as it stood in the record. */
export function json(path?: string): Field<string> {
  return field<string>('json', path);
}

/** The record's bytes as the source delivered them. */
export function payload(): Field<Uint8Array> {
  return field<Uint8Array>('binary', undefined, {}, { origin: { tag: 'payload' } });
}

/** The Kafka record's key as text; null where there is none. */
export function recordKey(): Field<string | null> {
  return field<string | null>('utf8', undefined, {}, { origin: { tag: 'record-key' }, nullable: true });
}

/** The Kafka record's header of that name as text; null where there is none. */
export function recordHeader(name: string): Field<string | null> {
  return field<string | null>('utf8', undefined, {}, { origin: { tag: 'record-header', val: name }, nullable: true });
}

/** The Kafka record's time, or when the archived object was written, in microseconds. */
export function recordTime(options: { eventTime?: boolean } = {}): Field<number> {
  return field<number>('timestamp', undefined, {}, { origin: { tag: 'record-time' }, isEventTime: options.eventTime });
}

/** The topic, or the archived object's key. */
export function sourceName(): Field<string> {
  return field<string>('utf8', undefined, {}, { origin: { tag: 'source-name' } });
}

/** The Kafka partition; null where there is none. */
export function partition(): Field<number | null> {
  return field<number | null>('int64', undefined, {}, { origin: { tag: 'partition' }, nullable: true });
}

/** The Kafka offset, or the record's ordinal within its object. `nullable` where an archive may not tell it. */
export function offset(): Field<number> {
  return field<number>('int64', undefined, {}, { origin: { tag: 'offset' } });
}

/** The same value, or null where a record lacks it. */
export function nullable<T>(field: Field<T>): Field<T | null> {
  return { ...field, nullable: true } as Field<T | null>;
}

/** The same key or header, as bytes: `asBytes(recordKey())`. */
export function asBytes(field: Field<string | null>): Field<Uint8Array | null> {
  return { ...(field as Field<unknown>), kind: 'binary' } as Field<Uint8Array | null>;
}

/** A value of a column as the field declares it: integers as safe numbers, exact ones or bigints. */
export function asDeclared(field: Pick<Field<unknown>, 'kind' | 'integers'>, value: unknown): unknown {
  if (field.kind !== 'int64' && field.kind !== 'timestamp') return value;
  if (field.integers === 'bigint') return value === null ? null : BigInt(value as Int64);
  if (field.integers === 'exact' || typeof value !== 'bigint') return value;
  if (!Number.isSafeInteger(Number(value))) {
    throw new RangeError(`${value} is beyond 2^53${field.kind === 'int64' ? ': declare it with int64() or bigint()' : ''}`);
  }
  return Number(value);
}

/** The name of a column: `totalMs` is `total_ms`. */
export function columnName(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

/** The path of a field that has none: its name, with dots escaped. */
export function pathOf(name: string): string {
  return name.replace(/[\\.]/g, '\\$&');
}
