// One opened pipeline and its accumulator: the functions of `pipeline.wit`.
import { writeColumn } from './columns.js';
import { columnForm } from './column_form.js';
import { readEvents } from './events.js';
import { columnName } from './fields.js';
import { show as quote } from './monoids/monoid.js';
import { isInt64 } from './monoids/sum.js';
import { keyParts, type AnyPipeline, type Fields, type Monoids } from './pipeline.js';
import { readParams } from './params.js';
import { rowForm, type FoldRows } from './row_form.js';
import type { Batch, Descriptor, Kind, Rejection } from './schema.js';
import { loadStates, mergeStates, readState, saveStates, storesOf, type Stores } from './states.js';
import { Table } from './table.js';

/** One opened pipeline and its accumulator. */
export class Instance {
  readonly descriptor: Descriptor;
  readonly #declared: AnyPipeline['declaration'];
  readonly #params: Record<string, unknown>;
  readonly #table: Table;
  readonly #stores: Stores;
  readonly #fold: FoldRows;
  #drained = 0;

  /** Opens the pipeline. Throws a ParamError if it does not take these parameters. */
  constructor(pipeline: AnyPipeline, params: readonly (readonly [string, string])[]) {
    const declared = (this.#declared = pipeline.declaration);
    this.descriptor = pipeline.descriptor;
    this.#params = readParams(declared.params ?? {}, params);
    this.#stores = storesOf(declared.state as Monoids);
    const all = Object.values(this.#stores);
    this.#table = new Table(keyParts(declared.key as Fields), (size) => all.forEach((store) => store.resize(size)));
    const { fold, foldColumns } = declared;
    this.#fold = foldColumns
      ? columnForm(foldColumns as never, this.#table, this.#stores, this.#params)
      : rowForm(fold as never, this.#table, Object.keys(declared.event), this.#stores, this.#params);
  }

  /** Folds events into the accumulator, and returns the rejected rows. */
  fold(batch: Batch): Rejection[] {
    // A key that had been drained would have to be drained a second time.
    if (this.#drained > 0) throw new Error('events cannot be folded before the accumulator is drained');
    return this.#fold(readEvents(this.#declared.event as Fields, batch));
  }

  /** Takes up to `maxRows` states out of the accumulator. Throws a RangeError where a column cannot hold a state. */
  drain(maxRows: number): Batch {
    const from = this.#drained;
    const to = Math.min(this.#table.size, from + maxRows);
    const states = saveStates(this.#stores, from, to, (slot) => `the state of ${this.#table.show(slot)}`);
    const columns = [...this.#table.save(from, to), ...states];
    this.#drained = to;
    if (to === this.#table.size) {
      this.#table.clear();
      this.#drained = 0;
    }
    return { rows: to - from, columns };
  }

  /** For each row, the shown columns of the state. */
  present(states: Batch): Batch {
    const { show, shown, state } = this.#declared;
    const stores = loadStates(state as Monoids, states);
    const fields = Object.entries((shown ?? {}) as Fields).map(([property, { kind, nullable }]) => {
      return { property, name: columnName(property), kind, nullable };
    });
    const values: unknown[][] = fields.map(() => []);
    for (let row = 0; row < states.rows && show; row++) {
      const derived = show(readState(stores, row), this.#params) as Record<string, unknown>;
      fields.forEach((field, i) => values[i]!.push(checkShown(field, derived[field.property])));
    }
    return { rows: states.rows, columns: fields.map(({ kind }, i) => writeColumn(kind, values[i]! as never[])) };
  }
}

const rowOf = (row: number) => `row ${row}`;

/** The identity: one row of the state columns. */
export function identity({ declaration }: AnyPipeline): Batch {
  const stores = storesOf(declaration.state as Monoids);
  for (const property in stores) stores[property]!.resize(1);
  return { rows: 1, columns: saveStates(stores, 0, 1, rowOf) };
}

/** For each row, the state of `left` followed by that of `right`. */
export function combine({ declaration }: AnyPipeline, left: Batch, right: Batch): Batch {
  if (left.rows !== right.rows) throw new RangeError(`${left.rows} states cannot be combined with ${right.rows}`);
  const state = declaration.state as Monoids;
  const stores = loadStates(state, left);
  mergeStates(state, stores, right);
  return { rows: left.rows, columns: saveStates(stores, 0, left.rows, rowOf) };
}

/** Throws a TypeError for a value that the shown column cannot hold. */
function checkShown({ name, kind, nullable }: { name: string; kind: Kind; nullable: boolean }, value: unknown): unknown {
  if (value === null && nullable) return value;
  const isRight =
    kind === 'int64' || kind === 'timestamp' ? isInt64(value)
    : kind === 'date' ? Number.isInteger(value)
    : kind === 'float64' ? typeof value === 'number'
    : kind === 'boolean' ? typeof value === 'boolean'
    : kind === 'binary' ? value instanceof Uint8Array
    : typeof value === 'string';
  if (isRight) return value;
  throw new TypeError(`show has to give ${name} a value of kind ${kind}${nullable ? ' or null' : ''}, not ${quote(value)}`);
}
