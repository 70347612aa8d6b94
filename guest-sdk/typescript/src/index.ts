// What a pipeline imports: `import { pipeline, text, sum } from '@backfold/guest'`.
export type { Int64 } from './columns.js';
export { reject, Rejected } from './errors.js';
export {
  asBytes,
  bigint,
  binary,
  bool,
  date,
  float,
  int,
  int64,
  json,
  nullable,
  offset,
  partition,
  payload,
  recordHeader,
  recordKey,
  recordTime,
  sourceName,
  text,
  timestamp,
  type BinaryOptions,
  type Field,
  type Options,
  type TimestampOptions,
  type TypeOf,
} from './fields.js';
export { custom, type Custom, type State } from './monoids/custom.js';
export { all, any, max, min } from './monoids/extremes.js';
export { hll, type Distinct } from './monoids/hll.js';
export type { ColumnInserts, Inserts, Monoid, ValueOf } from './monoids/monoid.js';
export { set, topK, type Ranked, type Smallest } from './monoids/ranked.js';
export { countMin, ddSketch, floatSum, theta, type Occurrences, type Quantiles } from './monoids/sketches.js';
export { sum } from './monoids/sum.js';
export { first, last, type Timed } from './monoids/timed.js';
export {
  pipeline,
  type Declaration,
  type EventColumns,
  type EventOf,
  type KeyOf,
  type Pipeline,
  type StateColumnInserts,
  type StateInserts,
  type StateValues,
} from './pipeline.js';
export { day, dayOf, days, formatDay, parseDay, parseInstant, truncate } from './time.js';
