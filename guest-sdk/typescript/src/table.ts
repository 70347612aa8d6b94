// The accumulator's keys: from a key to the slot of its state.
import { byteString, wellFormed } from './codec.js';
import { writeColumn } from './columns.js';
import { show } from './monoids/monoid.js';
import { isInt64 } from './monoids/sum.js';
import type { Column, Output } from './schema.js';

/** A column of the key, and the property that holds it. */
export interface KeyPart extends Output {
  readonly property: string;
}

type Key = Record<string, unknown>;
type Node = Map<unknown, unknown>;

/** Code that finds the slot of a key; `read` is where the code takes a part from. */
function findCode(parts: readonly KeyPart[], read: (part: number) => string): string {
  const last = parts.length - 1;
  let code = '';
  parts.forEach((part, i) => {
    code += `let k${i} = ${read(i)};\n`;
    const isWide = part.kind === 'int64' || part.kind === 'timestamp';
    if (isWide) code += `if (typeof k${i} !== 'number' || k${i} !== (k${i} | 0)) k${i} = wide(k${i});\n`;
    if (part.kind === 'binary') code += `k${i} = bytes(k${i});\n`;
    if (i === last) return;
    const from = i === 0 ? 'root' : `m${i - 1}`;
    const deeper = i + 1 < last ? `l${i + 1} = none; ` : '';
    code += `if (k${i} !== l${i}) { m${i} = next(${from}, k${i}); l${i} = k${i}; ${deeper}}\n`;
  });
  const node = last === 0 ? 'root' : `m${last - 1}`;
  return `${code}let slot = ${node}.get(k${last});\n`;
}

/**
 * Maps within maps, one level for each part of the key. The level that most keys differ in is the innermost, and the maps of
 * the outer levels are kept from one row to the next.
 */
export class Table {
  /** The number of keys. */
  size = 0;
  /** The slot of a key, which is added if it is new. */
  readonly find: (key: Key) => number;
  /** The slots of the keys of all rows; where `skip` has the row, -1. */
  readonly findAll: (key: Record<string, ArrayLike<unknown>>, rows: number, skip: ReadonlyMap<number, unknown>) => number[];
  /** The properties of a key. */
  readonly properties: readonly string[];
  readonly #parts: readonly KeyPart[];
  readonly #values: unknown[][];
  readonly #root: Node = new Map();
  readonly #nodes: [Node, unknown][] = [];
  readonly #forgetLast: () => void;
  readonly #grow: (size: number) => void;

  /** A table that calls `grow` with the number of keys when it changes. */
  constructor(parts: readonly KeyPart[], grow: (size: number) => void) {
    this.#parts = parts;
    this.properties = parts.map(({ property }) => property);
    this.#values = parts.map(() => []);
    this.#grow = grow;
    // The first text is what most keys differ in.
    const inner = Math.max(parts.findIndex(({ kind }) => kind === 'utf8' || kind === 'binary'), 0);
    const order = parts.map((_, i) => i).filter((i) => i !== inner).concat(inner);
    const ordered = order.map((i) => parts[i]!);
    const [last, names] = [parts.length - 1, ordered.map(({ property }) => JSON.stringify(property))];
    const levels = ordered.slice(1).map((_, i) => `let l${i} = none, m${i};`).join('\n');
    const code = `
      ${levels}
      return {
        find(key) {
          ${findCode(ordered, (i) => `key[${names[i]}]`)}
          return slot === undefined ? add(${last === 0 ? 'root' : `m${last - 1}`}, k${last}, key) : slot;
        },
        findAll(columns, rows, skip) {
          ${names.map((name, i) => `const c${i} = columns[${name}];`).join('\n')}
          const slots = new Array(rows);
          for (let row = 0; row < rows; row++) {
            if (skip.size > 0 && skip.has(row)) { slots[row] = -1; continue; }
            ${findCode(ordered, (i) => `c${i}[row]`)}
            if (slot === undefined) {
              const key = {};
              ${names.map((name, i) => `key[${name}] = c${i}[row];`).join('\n')}
              slot = add(${last === 0 ? 'root' : `m${last - 1}`}, k${last}, key);
            }
            slots[row] = slot;
          }
          return slots;
        },
        forget() { ${ordered.slice(1).map((_, i) => `l${i} = none;`).join(' ')} },
      };`;
    const make = new Function('root', 'none', 'next', 'add', 'wide', 'bytes', code);
    const made = make(this.#root, {}, next, this.#add.bind(this), mapKeyOfInteger, mapKeyOfBytes);
    this.find = made.find;
    this.findAll = made.findAll;
    this.#forgetLast = made.forget;
  }

  /** Adds a key whose place in the innermost map is known. */
  #add(node: Node, mapKey: unknown, key: Key): number {
    if (typeof key !== 'object' || key === null) throw new TypeError(`at takes an object with the key, not ${show(key)}`);
    const parts = this.#parts;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const value = key[part.property];
      checkPart(part, value);
      const clean = typeof value === 'string' ? wellFormed(value) : value;
      if (clean !== value) return this.find({ ...key, [part.property]: clean });
    }
    for (let i = 0; i < parts.length; i++) this.#values[i]!.push(key[parts[i]!.property]);
    const slot = this.size++;
    node.set(mapKey, slot);
    this.#nodes.push([node, mapKey]);
    this.#grow(this.size);
    return slot;
  }

  /** Forgets the keys from `size` on. */
  truncate(size: number): void {
    for (const [node, mapKey] of this.#nodes.splice(size)) node.delete(mapKey);
    for (const values of this.#values) values.length = size;
    this.size = size;
    this.#grow(size);
  }

  /** Forgets all keys. */
  clear(): void {
    this.#root.clear();
    this.#nodes.length = 0;
    this.#forgetLast();
    for (const values of this.#values) values.length = 0;
    this.size = 0;
    this.#grow(0);
  }

  /** The key columns of the slots `from` to `to`. */
  save(from: number, to: number): Column[] {
    return this.#parts.map(({ kind }, i) => writeColumn(kind, this.#values[i]!.slice(from, to) as never[]));
  }

  /** A key as `page = "home", day = 20456`, for a message. */
  show(slot: number): string {
    return this.#parts.map(({ name }, i) => `${name} = ${show(this.#values[i]![slot])}`).join(', ');
  }
}

function next(node: Node, mapKey: unknown): Node {
  let found = node.get(mapKey) as Node | undefined;
  if (found === undefined) node.set(mapKey, (found = new Map()));
  return found;
}

/** QuickJS finds floats in a map slowly, so that integers beyond 32 bits are texts there. */
function mapKeyOfInteger(value: unknown): unknown {
  if (typeof value === 'bigint' && value === BigInt.asIntN(32, value)) return Number(value);
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
}

function mapKeyOfBytes(value: unknown): unknown {
  return value instanceof Uint8Array ? byteString(value) : value;
}

function checkPart({ name, kind, nullable }: KeyPart, value: unknown): void {
  if (value === null && nullable) return;
  const isRight =
    kind === 'boolean' ? typeof value === 'boolean'
    : kind === 'utf8' ? typeof value === 'string'
    : kind === 'binary' ? value instanceof Uint8Array
    : kind === 'date' ? typeof value === 'number' && value === (value | 0)
    : isInt64(value);
  if (!isRight) throw new TypeError(`the key's ${name} is of kind ${kind}${nullable ? ' or null' : ''}, not ${show(value)}`);
}
