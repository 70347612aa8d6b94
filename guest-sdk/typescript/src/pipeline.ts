// The declaration of a pipeline, from which all types and the component's descriptor follow.
import { columnName, pathOf, type Field, type TypeOf } from './fields.js';
import type { ColumnInserts, Inserts, Monoid, ValueOf } from './monoids/monoid.js';
import type { Condition, Descriptor, Input, Output } from './schema.js';
import type { KeyPart } from './table.js';

/** Declared values by name. */
export type Fields = Readonly<Record<string, Field<never> | Field<unknown>>>;
/** Declared parts of a state by name. */
export type Monoids = Readonly<Record<string, Monoid<never, never, unknown> | Monoid<unknown, unknown, unknown>>>;

/** An event. It is one object for all rows: take values out of it, do not keep it. */
export type EventOf<E> = { readonly [F in keyof E]: TypeOf<E[F]> };
/** A key. */
export type KeyOf<K> = { readonly [F in keyof K]: TypeOf<K[F]> };
/** The parts of a state, to be inserted into. It is valid until `fold` returns. */
export type StateInserts<S> = { readonly [F in keyof S]: Inserts<S[F]> };
/** The parts of a state, to be read. */
export type StateValues<S> = { readonly [F in keyof S]: ValueOf<S[F]> };
/** The columns of a batch of events; null where a nullable value is absent. */
export type EventColumns<E> = { readonly [F in keyof E]: readonly TypeOf<E[F]>[] } & { readonly rows: number };
/** The columns of keys, one key a row. */
export type KeyColumns<K> = { readonly [F in keyof K]: ArrayLike<TypeOf<K[F]>> };
/** The parts of the states of all rows, to be inserted into. */
export type StateColumnInserts<S> = { readonly [F in keyof S]: ColumnInserts<S[F]> };

/** A pipeline, as `pipeline` takes it. It has either `fold` or `foldColumns`. */
export interface Declaration<E extends Fields, K extends Fields, S extends Monoids, P extends Fields, V extends Fields> {
  /** The name; it goes into the manifest of every build. */
  name: string;
  /** A semantic version. */
  version: string;
  /** Conditions by path: a record is passed over unless the scalar at each path is one of these texts. */
  only?: Readonly<Record<string, readonly string[]>>;
  /** The values that are read from a record. */
  event: E;
  /** The columns of the key: text, integers, truth values, timestamps, dates or bytes. */
  key: K;
  /** The parts of a state. */
  state: S;
  /** The job's parameters. */
  params?: P;
  /** The columns that `show` derives from a state for readers of the table. */
  shown?: V;
  /**
   * Folds one event into the states that it concerns: `at` gives the state of a key. `reject` leaves no trace of the event
   * in any state. The state of an event must not depend on events before it: keep nothing outside.
   */
  fold?(event: EventOf<E>, at: (key: KeyOf<K>) => StateInserts<S>, params: EventOf<P>): void;
  /**
   * Folds a batch of events by columns: faster than `fold`. `at` gives the states of a key a row. The insertions are made
   * after the function returns, without those of the rows that were rejected.
   */
  foldColumns?(
    events: EventColumns<E>,
    at: (key: KeyColumns<K>) => StateColumnInserts<S>,
    reject: (row: number, reason: string) => void,
    params: EventOf<P>,
  ): void;
  /** Derives the shown columns from a state. */
  show?(state: StateValues<S>, params: EventOf<P>): EventOf<V>;
}

/** A pipeline: what the component exports, and what the tests fold with. */
export interface Pipeline<E extends Fields, K extends Fields, S extends Monoids, P extends Fields, V extends Fields> {
  readonly declaration: Declaration<E, K, S, P, V>;
  readonly descriptor: Descriptor;
}

/** A pipeline of any types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyPipeline = Pipeline<any, any, any, any, any>;

/**
 * A pipeline: events, the key and the state of a key, and how an event is folded into states. Export it as the module's
 * default. Throws a TypeError if the declaration makes no sense.
 */
export function pipeline<
  const E extends Fields,
  const K extends Fields,
  const S extends Monoids,
  const P extends Fields = Record<never, never>,
  const V extends Fields = Record<never, never>,
>(declaration: Declaration<E, K, S, P, V>): Pipeline<E, K, S, P, V> {
  return { declaration, descriptor: describePipeline(declaration as never) };
}

type Any = Declaration<Fields, Fields, Monoids, Fields, Fields>;

function describePipeline(declared: Any): Descriptor {
  const fail = (why: string): never => {
    throw new TypeError(`the pipeline ${declared.name}: ${why}`);
  };
  const inputs = Object.entries(declared.event).map(([property, field]) => {
    const why = misplaced(field);
    return why ? fail(`the event's ${property} ${why}`) : inputOf(property, field);
  });
  const times = Object.entries(declared.event).filter(([, field]) => field.isEventTime);
  if (times.length > 1) fail('an event has one event time');
  const keys = keyParts(declared.key);
  if (keys.length === 0) fail('a key has at least one column');
  for (const { name, kind } of keys) {
    if (kind === 'float64' || kind === 'json') fail(`the key's ${name} is of kind ${kind}, which names nothing`);
  }
  const states = Object.entries(declared.state).flatMap(([name, monoid]) => monoid.columns(columnName(name)));
  const views = outputs(declared.shown ?? {});
  const names = [...keys, ...states, ...views].map(({ name }) => name);
  const doubled = names.find((name, i) => names.indexOf(name) !== i);
  if (doubled !== undefined) fail(`two columns of the table are named ${doubled}`);
  if ((declared.fold === undefined) === (declared.foldColumns === undefined)) fail('it has either fold or foldColumns');
  if (views.length > 0 && !declared.show) fail('show has to derive the shown columns');
  return {
    name: declared.name,
    version: declared.version,
    inputs,
    only: Object.entries(declared.only ?? {}).map(([path, anyOf]): Condition => ({ path, anyOf: [...anyOf] })),
    eventTime: times[0] && columnName(times[0][0]),
    keys: keys.map(({ name, kind, nullable }) => ({ name, kind, nullable })),
    states,
    views,
    commutative: Object.values(declared.state).every((monoid) => monoid.commutative),
  };
}

function inputOf(property: string, field: Field<unknown>): Input {
  return {
    name: columnName(property),
    origin: field.origin ?? { tag: 'path', val: pathOf(property) },
    kind: field.kind,
    encoding: field.encoding,
    nullable: field.nullable,
  };
}

/** The rule that a field's origin breaks, if there is one. */
function misplaced({ origin, nullable, kind, isEventTime }: Field<unknown>): string | undefined {
  if (isEventTime && nullable) return 'is the event time, which no record may lack';
  if (origin && origin.tag !== 'path' && kind === 'json') return 'is JSON, which has a path';
  return undefined;
}

/** The columns of a declaration. */
export function outputs(fields: Fields): Output[] {
  return Object.entries(fields).map(([name, { kind, nullable }]) => ({ name: columnName(name), kind, nullable }));
}

/** The columns of the key, with their properties. */
export function keyParts(fields: Fields): KeyPart[] {
  return Object.entries(fields).map(([property, { kind, nullable }]) => ({
    property,
    name: columnName(property),
    kind,
    nullable,
  }));
}
