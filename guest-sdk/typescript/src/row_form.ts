// The row form: a loop over the events of a batch that calls `fold` for each.
import { Rejected } from './errors.js';
import type { Events } from './events.js';
import type { Rejection } from './schema.js';
import type { Cursor, Pending, Store } from './monoids/monoid.js';
import type { Table } from './table.js';

/** Folds the events, and tells which rows were rejected. */
export type FoldRows = (events: Events) => Rejection[];

type Fold = (event: object, at: (key: never) => unknown, params: unknown) => unknown;

/** Throws a TypeError if `fold` answered with a promise. */
export function checkAnswer(answer: unknown): void {
  if (typeof (answer as { then?: unknown } | null)?.then === 'function') {
    throw new TypeError('fold returned a promise: a pipeline cannot wait for anything, so fold is no async function');
  }
}

/**
 * The loop, as code for these properties and stores: an interpreter runs constant names several times as fast as computed
 * ones. What a row's states held before is kept until its end; where it is rejected, that is put back, insertions that wait are
 * cut off, and keys that it has added are forgotten.
 */
export function rowForm(fold: Fold, table: Table, names: string[], stores: Record<string, Store>, params: unknown): FoldRows {
  const pending: Pending = [];
  const all = Object.values(stores);
  const plain = all.flatMap(({ held }) => (held ? [held] : []));
  const lists = all.flatMap((store) => (store.lists ? [store.lists] : []));
  const newState = (cursor: Cursor): object =>
    Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, store.inserts(cursor, pending)]));
  const quoted = names.map((name) => JSON.stringify(name));
  const each = <T>(list: T[], code: (item: T, i: number) => string): string => list.map(code).join('\n');
  const code = `
    const cursors = [];
    let used = 0;
    ${each(plain, (_, i) => `const h${i} = plain[${i}];`)}
    ${each(lists, (_, i) => `const l${i} = lists[${i}];`)}
    function newCursor() {
      const cursor = {
        slot: 0, state: undefined,
        ${each(plain, (_, i) => `h${i}: undefined,`)}
        ${each(lists, (_, i) => `l${i}: 0,`)}
      };
      cursor.state = newState(cursor);
      cursors.push(cursor);
      return cursor;
    }
    function at(key) {
      const slot = find(key);
      const cursor = cursors[used] ?? newCursor();
      used++;
      cursor.slot = slot;
      ${each(plain, (_, i) => `cursor.h${i} = h${i}[slot];`)}
      ${each(lists, (_, i) => `cursor.l${i} = l${i}[slot] === null ? 0 : l${i}[slot].length;`)}
      return cursor.state;
    }
    function undo(size, waiting) {
      pending.length = waiting;
      while (used > 0) {
        const cursor = cursors[--used];
        const slot = cursor.slot;
        ${each(plain, (_, i) => `h${i}[slot] = cursor.h${i};`)}
        ${each(lists, (_, i) => `if (l${i}[slot] !== null) l${i}[slot].length = cursor.l${i};`)}
      }
      if (table.size > size) table.truncate(size);
    }
    const event = { ${quoted.map((name) => `${name}: undefined`).join(', ')} };
    return function (rows, columns, refused, rejections) {
      ${each(quoted, (name, i) => `const c${i} = columns[${name}];`)}
      const mayRefuse = refused.size > 0;
      for (let row = 0; row < rows; row++) {
        if (mayRefuse && refused.has(row)) {
          rejections.push({ row, reason: refused.get(row) });
          continue;
        }
        ${each(quoted, (name, i) => `event[${name}] = c${i}[row];`)}
        used = 0;
        const size = table.size;
        const waiting = pending.length;
        try {
          const answer = fold(event, at, params);
          if (answer !== undefined) checkAnswer(answer);
        } catch (thrown) {
          if (!(thrown instanceof Rejected)) throw thrown;
          undo(size, waiting);
          rejections.push({ row, reason: thrown.message });
        }
      }
    };`;
  const scope = { fold, find: table.find, newState, plain, lists, pending, table, params, checkAnswer, Rejected };
  const loop = new Function(...Object.keys(scope), code)(...Object.values(scope));
  return ({ rows, columns, refused }) => {
    const rejections: Rejection[] = [];
    loop(rows, columns, refused, rejections);
    for (let i = 0; i < pending.length; i += 4) {
      (pending[i] as Store).insertOne(pending[i + 1] as number, pending[i + 2], pending[i + 3]);
    }
    pending.length = 0;
    for (const store of all) store.settle();
    return rejections;
  };
}
