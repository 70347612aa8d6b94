// The laws that a rebuild rests on, tried on random events.
import { hex } from '../codec.js';
import { combine, identity } from '../instance.js';
import type { AnyPipeline } from '../pipeline.js';
import type { Batch } from '../schema.js';
import { drain, type Drained, type Params } from './index.js';
import type { Json } from './json.js';
import { stringify } from './json.js';

/** Random choices that are the same for the same seed. */
export interface Random {
  /** An integer from `least` to `most`, both included. */
  int(least: number, most: number): number;
  /** One of these. */
  pick<T>(choices: readonly T[]): T;
}

/** How laws are tried. */
export interface LawOptions {
  /** The job's parameters. */
  params?: Params;
  /** The number of histories that are tried; 100 unless it is said. */
  rounds?: number;
  /** The seed of the first history; 1 unless it is said. A failure tells the seed of its history. */
  seed?: number;
}

function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return { int, pick: (choices) => choices[int(0, choices.length - 1)]! };
}

/** The buffers of a batch as text. */
function textOf(batch: Batch): string {
  return batch.columns
    .map(({ values, validity }) => (validity && (validity[0]! & 1) === 0 ? 'null' : hex(values)))
    .join(' ');
}

/** The states of all keys as text, in the order of keys. */
function tableOf({ states }: Drained): string {
  return [...states].map(([key, batch]) => `${key}: ${textOf(batch)}`).sort().join('\n');
}

/**
 * Checks that the states do not depend on how a history is cut into batches, drains and parts, that identity and
 * associativity hold, and commutativity where it is claimed. `event` makes one event of a random history of up to 48.
 *
 * Throws an Error with the seed and the events of the first history for which a law does not hold. Keep integers small: sums
 * that do not fit into 64 bits obey no law.
 */
export function laws(pipeline: AnyPipeline, event: (random: Random) => Json, options: LawOptions = {}): void {
  const { params = {}, rounds = 100, seed = 1 } = options;
  for (let round = seed; round < seed + rounds; round++) {
    const random = randomOf(round);
    const events = Array.from({ length: random.int(0, 48) }, () => event(random));
    try {
      checkHistory(pipeline, events, params, random);
    } catch (thrown) {
      const history = events.map(stringify).join('\n');
      throw new Error(`${(thrown as Error).message}\nfor the history of seed ${round}:\n${history}`, { cause: thrown });
    }
  }
}

function same(left: unknown, right: unknown, what: string): void {
  if (left !== right) throw new Error(`${what}, differ:\n${left}\nand\n${right}`);
}

function checkHistory(pipeline: AnyPipeline, events: Json[], params: Params, random: Random): void {
  const [batchRows, drainRows] = [random.int(1, 8), random.int(1, 4)];
  const fold = (part: Json[]) => drain(pipeline, part, params, batchRows, drainRows);
  const whole = drain(pipeline, events, params);
  const inBatches = fold(events);
  same(tableOf(whole), tableOf(inBatches), 'states, folded in smaller batches');
  const rejections = JSON.stringify(whole.rejections);
  same(rejections, JSON.stringify(inBatches.rejections), 'rejections, folded in smaller batches');

  const cuts = [random.int(0, events.length), random.int(0, events.length)].sort((a, b) => a - b);
  const ranges = [[0, cuts[0]!], [cuts[0]!, cuts[1]!], [cuts[1]!, events.length]] as const;
  const parts = ranges.map(([from, to]) => fold(events.slice(from, to)));
  const shifted = parts.flatMap((part, i) => part.rejections.map(({ row, reason }) => ({ row: row + ranges[i]![0], reason })));
  same(rejections, JSON.stringify(shifted), 'rejections, folded in parts');
  const keys = new Set(parts.flatMap((part) => [...part.states.keys()]));
  same([...whole.states.keys()].sort().join('\n'), [...keys].sort().join('\n'), 'keys, folded in parts');
  const count = whole.descriptor.keys.length;
  const stateOf = (of: Drained, key: string): Batch => {
    const found = of.states.get(key);
    return found ? { rows: 1, columns: found.columns.slice(count) } : identity(pipeline);
  };
  for (const key of keys) {
    const [a, b, c] = parts.map((part) => stateOf(part, key)) as [Batch, Batch, Batch];
    same(textOf(stateOf(whole, key)), textOf(checkStates(pipeline, a, b, c)), 'state, folded in parts and combined');
  }
  if (pipeline.descriptor.commutative) {
    same(tableOf(whole), tableOf(fold([...events].reverse())), 'states, folded in reverse');
  }
}

/** Checks the laws for three states, and returns all three combined. */
function checkStates(pipeline: AnyPipeline, a: Batch, b: Batch, c: Batch): Batch {
  const join = (left: Batch, right: Batch) => combine(pipeline, left, right);
  for (const state of [a, b, c]) {
    same(textOf(state), textOf(join(identity(pipeline), state)), 'a state, and combine(identity, state)');
    same(textOf(state), textOf(join(state, identity(pipeline))), 'a state, and combine(state, identity)');
  }
  const left = join(join(a, b), c);
  same(textOf(left), textOf(join(a, join(b, c))), 'combine(combine(a, b), c) and combine(a, combine(b, c))');
  if (pipeline.descriptor.commutative) same(textOf(join(a, b)), textOf(join(b, a)), 'combine(a, b) and combine(b, a)');
  return left;
}
