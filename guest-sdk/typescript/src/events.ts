// The columns of a batch of events, as the pipeline declares them.
import { hasBigints, readColumn, readDays, type Int64 } from './columns.js';
import { columnName, type Field } from './fields.js';
import type { Fields } from './pipeline.js';
import type { Batch } from './schema.js';

/** The values of a batch, and the rows that cannot be told to the pipeline. */
export interface Events {
  readonly rows: number;
  /** The values by the properties of the declaration. */
  readonly columns: Readonly<Record<string, unknown[]>>;
  /** The reasons for which rows are rejected before the pipeline sees them. */
  readonly refused: Map<number, string>;
}

/** Reads the columns of a batch. Throws a RangeError if they are not those of the declaration. */
export function readEvents(declared: Fields, batch: Batch): Events {
  const fields = Object.entries(declared);
  if (fields.length !== batch.columns.length) {
    throw new RangeError(`${batch.columns.length} columns are not the ${fields.length} inputs`);
  }
  const refused = new Map<number, string>();
  const columns: Record<string, unknown[]> = {};
  fields.forEach(([property, field], i) => {
    const column = batch.columns[i]!;
    const isDay = field.kind === 'timestamp' && field.integers === 'day';
    const values = isDay ? readDays(column, batch.rows) : readColumn(field.kind, column, batch.rows);
    columns[property] = values;
    if (!isDay && (field.kind === 'int64' || field.kind === 'timestamp')) {
      narrow(property, field, values as (Int64 | null)[], refused);
    }
  });
  return { rows: batch.rows, columns, refused };
}

/** Turns exact integers to what the declaration says: bigints, or safe numbers alone. */
function narrow(property: string, field: Field<unknown>, values: (Int64 | null)[], refused: Map<number, string>): void {
  if (field.kind === 'int64' && field.integers === 'exact') return;
  if (field.integers !== 'bigint' && !hasBigints(values)) return;
  const asBigints = field.kind === 'int64' && field.integers === 'bigint';
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (asBigints) {
      if (value !== null) values[row] = BigInt(value);
    } else if (typeof value === 'bigint') {
      const remedy = field.kind === 'int64' ? ': declare it with int64() or bigint()' : '';
      refused.set(row, `${columnName(property)}: ${value} is beyond 2^53${remedy}`);
      values[row] = 0;
    }
  }
}
