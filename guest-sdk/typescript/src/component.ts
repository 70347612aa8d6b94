// The functions that a component exports, by the names of `pipeline.wit`.
import { atBoundary } from './errors.js';
import { combine, identity, Instance } from './instance.js';
import type { AnyPipeline } from './pipeline.js';
import type { Batch, Descriptor, Rejection } from './schema.js';

/** What the component's module exports. */
export interface Exports {
  readonly pipeline: {
    open(params: [string, string][]): Descriptor;
    fold(events: Batch): Rejection[];
    drain(maxRows: number): Batch;
  };
  readonly monoid: {
    identity(): Batch;
    combine(left: Batch, right: Batch): Batch;
    present(states: Batch): Batch;
  };
}

/** The exports of a pipeline's component. An exception in a call becomes the error that the call returns. */
export function component(pipeline: AnyPipeline): Exports {
  if (typeof pipeline?.descriptor !== 'object') {
    throw new TypeError('the entry module has no pipeline as its default export: `export default pipeline({ … })`');
  }
  let opened: Instance | undefined;
  const instance = (): Instance => {
    if (!opened) throw new Error('the pipeline is not opened');
    return opened;
  };
  return {
    pipeline: {
      open: (params) =>
        atBoundary(() => {
          opened = new Instance(pipeline, params);
          return opened.descriptor;
        }),
      fold: (events) => atBoundary(() => instance().fold(events)),
      drain: (maxRows) => atBoundary(() => instance().drain(maxRows)),
    },
    monoid: {
      identity: () => identity(pipeline),
      combine: (left, right) => atBoundary(() => combine(pipeline, left, right)),
      present: (states) => atBoundary(() => instance().present(states)),
    },
  };
}
