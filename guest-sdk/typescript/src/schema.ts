// The types of `pipeline.wit`, as both engines give and take them.

/** The type of a column's values. */
export type Kind = 'boolean' | 'int64' | 'float64' | 'timestamp' | 'date' | 'utf8' | 'binary' | 'json';

/** The form of a value in a text format; `standard` is RFC 3339, base64 and plain JSON. */
export type Encoding =
  | 'standard'
  | 'epoch-seconds'
  | 'epoch-milliseconds'
  | 'epoch-microseconds'
  | 'epoch-nanoseconds'
  | 'hex';

/** The place from which the host takes an input's value. */
export type Origin =
  | { readonly tag: 'path'; readonly val: string }
  | { readonly tag: 'payload' }
  | { readonly tag: 'record-key' }
  | { readonly tag: 'record-header'; readonly val: string }
  | { readonly tag: 'record-time' }
  | { readonly tag: 'source-name' }
  | { readonly tag: 'partition' }
  | { readonly tag: 'offset' };

/** A column that the pipeline reads. */
export interface Input {
  readonly name: string;
  readonly origin: Origin;
  readonly kind: Kind;
  readonly encoding: Encoding;
  readonly nullable: boolean;
}

/** A column of the table. */
export interface Output {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
}

/** A condition on a record: the scalar at `path`, as text, is one of `anyOf`. */
export interface Condition {
  readonly path: string;
  readonly anyOf: string[];
}

/** The description of a component. */
export interface Descriptor {
  readonly name: string;
  readonly version: string;
  readonly inputs: Input[];
  readonly only: Condition[];
  readonly eventTime: string | undefined;
  readonly keys: Output[];
  readonly states: Output[];
  readonly views: Output[];
  readonly commutative: boolean;
}

/** The buffers of a column, in the layout of Apache Arrow. QuickJS passes null for none, StarlingMonkey undefined. */
export interface Column {
  readonly values: Uint8Array;
  readonly offsets?: Uint8Array | null | undefined;
  readonly validity?: Uint8Array | null | undefined;
}

/** Columns with the same number of rows. */
export interface Batch {
  readonly rows: number;
  readonly columns: Column[];
}

/** A record that the pipeline rejects; `row` counts from 0 within the batch. */
export interface Rejection {
  readonly row: number;
  readonly reason: string;
}
