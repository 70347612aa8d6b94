// Unit tests of a pipeline, without Wasm: fold JSON events, look at states and views, check the laws.
import { readColumn } from '../columns.js';
import { asDeclared, columnName } from '../fields.js';
import { Instance } from '../instance.js';
import type { EventOf, Fields, KeyOf, Monoids, Pipeline, StateValues } from '../pipeline.js';
import type { Batch, Column, Descriptor, Output, Rejection } from '../schema.js';
import { loadStates, readState } from '../states.js';
import { decode, identify, type Json } from './json.js';

export { parseLines, type Json } from './json.js';
export { laws, type LawOptions, type Random } from './laws.js';

/** The parameters of a job by their names in the job file. */
export type Params = Readonly<Record<string, string>>;

/** One row of the table. */
export interface Row<K extends Fields, S extends Monoids, V extends Fields> {
  readonly key: KeyOf<K>;
  readonly state: StateValues<S>;
  readonly shown: EventOf<V>;
}

/** The table after folding some events, and the events that were not folded. */
export interface Folded<K extends Fields, S extends Monoids, V extends Fields> {
  readonly rows: readonly Row<K, S, V>[];
  /** The row of a key; undefined if no event was folded into it. */
  row(key: KeyOf<K>): Row<K, S, V> | undefined;
  /** The rejected events by their index: those that do not decode, and those that the pipeline rejects. */
  readonly rejections: readonly Rejection[];
  /** The number of events that did not meet the conditions. */
  readonly passedOver: number;
}

/** Drained states, and the events that were not folded. */
export interface Drained {
  readonly instance: Instance;
  readonly descriptor: Descriptor;
  /** One batch of one row a key: the key columns, then the state columns. */
  readonly states: ReadonlyMap<string, Batch>;
  readonly rejections: Rejection[];
  readonly passedOver: number;
}

function readRow(outputs: readonly Output[], columns: readonly Column[], row: number, rows: number): unknown[] {
  return outputs.map(({ kind }, i) => readColumn(kind, columns[i]!, rows)[row]);
}

/** Folds events in batches of so many rows, and drains so many at a time. */
export function drain(
  pipeline: Pipeline<Fields, Fields, Monoids, Fields, Fields>,
  events: readonly Json[],
  params: Params,
  batchRows = Math.max(events.length, 1),
  drainRows = 0xffffffff,
): Drained {
  const instance = new Instance(pipeline as never, Object.entries(params));
  const { descriptor } = instance;
  const rejections: Rejection[] = [];
  let passedOver = 0;
  for (let first = 0; first === 0 || first < events.length; first += batchRows) {
    const decoded = decode(descriptor, events.slice(first, first + batchRows), first);
    rejections.push(...decoded.rejections);
    for (const { row, reason } of instance.fold(decoded.batch)) rejections.push({ row: decoded.rows[row]!, reason });
    passedOver += decoded.passedOver;
  }
  rejections.sort((a, b) => a.row - b.row);
  const states = new Map<string, Batch>();
  for (;;) {
    const batch = instance.drain(drainRows);
    for (let row = 0; row < batch.rows; row++) {
      const single = { rows: 1, columns: batch.columns.map((column, i) => cut(column, row, batch.rows, kindOf(descriptor, i))) };
      const key = readRow(descriptor.keys, batch.columns, row, batch.rows).map(identify).join('\n');
      if (states.has(key)) throw new Error(`a key was drained twice: ${key}`);
      states.set(key, single);
    }
    if (batch.rows < drainRows) return { instance, descriptor, states, rejections, passedOver };
  }
}

function kindOf({ keys, states }: Descriptor, index: number): Output['kind'] {
  return (keys[index] ?? states[index - keys.length]!).kind;
}

/** One row of a column, as a column. */
function cut(column: Column, row: number, rows: number, kind: Output['kind']): Column {
  const bits = (bytes: Uint8Array) => new Uint8Array([(bytes[row >> 3]! >> (row & 7)) & 1]);
  const validity = column.validity ? bits(column.validity) : undefined;
  if (kind === 'boolean') return { values: bits(column.values), validity };
  if (column.offsets) {
    const offsets = new Uint32Array(column.offsets.slice().buffer);
    const values = column.values.slice(offsets[row], offsets[row + 1]);
    return { values, offsets: new Uint8Array(new Uint32Array([0, values.length]).buffer), validity };
  }
  const width = column.values.length / rows;
  return { values: column.values.slice(row * width, (row + 1) * width), validity };
}

/**
 * Folds events with these parameters of the job. Throws a ParamError for parameters that the pipeline does not take, and
 * whatever the pipeline throws.
 */
export function foldJson<E extends Fields, K extends Fields, S extends Monoids, P extends Fields, V extends Fields>(
  pipeline: Pipeline<E, K, S, P, V>,
  events: readonly Json[],
  params: Params = {},
): Folded<K, S, V> {
  const drained = drain(pipeline as never, events, params);
  const { declaration } = pipeline;
  const { descriptor, instance } = drained;
  const found = new Map<string, Row<K, S, V>>();
  for (const [id, { columns }] of drained.states) {
    const states = { rows: 1, columns: columns.slice(descriptor.keys.length) };
    const key = readRow(descriptor.keys, columns, 0, 1);
    const shown = readRow(descriptor.views, instance.present(states).columns, 0, 1);
    found.set(id, {
      key: named(declaration.key, key) as KeyOf<K>,
      state: readState(loadStates(declaration.state, states), 0) as StateValues<S>,
      shown: named(declaration.shown ?? {}, shown) as EventOf<V>,
    });
  }
  const names = Object.keys(declaration.key);
  return {
    rows: [...found.values()],
    row(key) {
      const unknown = Object.keys(key).find((name) => !names.includes(name));
      if (unknown !== undefined) throw new TypeError(`the key has no column ${columnName(unknown)}`);
      return found.get(names.map((name) => identify((key as Record<string, unknown>)[name])).join('\n'));
    },
    rejections: drained.rejections,
    passedOver: drained.passedOver,
  };
}

function named(fields: Fields, values: unknown[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field], i) => [name, asDeclared(field, values[i])]));
}
