// The number of distinct values: HyperLogLog in the serialized form of Apache DataSketches.
import { readColumn, writeColumn } from '../columns.js';
import type { Column } from '../schema.js';
import { checkItem, hash, type Item } from '../sketch/hash.js';
import { estimateOfCoupons, estimateOfRegisters } from '../sketch/hll_estimate.js';
import type { InsertsColumn, InsertsOne } from './extremes.js';
import { show, spread, Store, type Cursor, type Monoid, type Pending, type Target } from './monoid.js';

/** What `show` reads of a sketch of distinct values. */
export interface Distinct {
  /** The estimated number of distinct values. */
  estimate(): number;
}

const [SERIAL_VERSION, FAMILY] = [1, 7];
const [EMPTY, COMPACT, OUT_OF_ORDER] = [4, 8, 16];
/** The length of the preamble in words, and the mode byte: coupon list, coupon set, registers. */
const [LIST, SET, REGISTERS] = [[2, 8], [3, 9], [10, 10]] as const;
const LG_LIST = 3;
const LG_LEAST_SET = 5;
const ADDRESS_MASK = (1 << 26) - 1;

/** Coupons by item: a hash costs far more than a look into a map. */
const coupons = new Map<Item, number>();
const MOST_COUPONS = 1 << 16;
const UNCOUNTED = 0;

/** Six bits of register value, 26 bits of address; zero for an item that is not counted. */
function couponOf(item: Item): number {
  const hashed = hash(item);
  if (!hashed) return UNCOUNTED;
  const zeros = hashed[2] === 0 ? 32 + Math.clz32(hashed[3]) : Math.clz32(hashed[2]);
  return ((Math.min(zeros + 1, 63) << 26) | (hashed[1] & ADDRESS_MASK)) >>> 0;
}

/** The coupon of an item that is not in the map. Throws a TypeError if it is no item. */
function newCoupon(item: Item): number {
  if (typeof item !== 'string') checkItem(item);
  const coupon = couponOf(item);
  if (coupons.size >= MOST_COUPONS) coupons.clear();
  if (!(item instanceof Uint8Array)) coupons.set(item, coupon);
  return coupon;
}

function overfull(count: number, lgTable: number): boolean {
  return 4 * count > 3 * 2 ** lgTable;
}

class HllStore extends Store {
  /** The coupons of each slot, of which some may be doubled; null where the slot has registers. */
  override readonly lists: (number[] | null)[] = [];
  readonly #registers: (Uint8Array | undefined)[] = [];
  /** The slots whose lists have grown beyond the limit. */
  readonly #overfull = new Set<number>();
  readonly #lgK: number;
  readonly #limit: number;

  constructor(lgK: number) {
    super();
    this.#lgK = lgK;
    this.#limit = Math.max(2 ** (lgK - 2), 64);
  }

  resize(size: number): void {
    const { lists } = this;
    if (size < lists.length) {
      for (const slot of this.#overfull) if (slot >= size) this.#overfull.delete(slot);
      lists.length = size;
      this.#registers.length = size;
    }
    while (lists.length < size) lists.push([]);
  }

  insertOne(slot: number, coupon: number): void {
    const list = this.lists[slot]!;
    if (list === null) raise(this.#registers[slot]!, coupon);
    else if (list.push(coupon) > this.#limit) this.#overfull.add(slot);
  }

  insertAll(slots: ArrayLike<number>, found: ArrayLike<number>): void {
    for (let row = 0; row < slots.length; row++) {
      if (slots[row]! >= 0 && found[row] !== UNCOUNTED) this.insertOne(slots[row]!, found[row]!);
    }
  }

  override settle(): void {
    for (const slot of this.#overfull) this.#sorted(slot);
    this.#overfull.clear();
  }

  /** The coupons of a slot, sorted and without doubled ones; null if it has registers, to which it turns if it is due. */
  #sorted(slot: number): Uint32Array | null {
    const list = this.lists[slot]!;
    if (list === null) return null;
    const sorted = new Uint32Array(list.length);
    for (let i = 0; i < list.length; i++) sorted[i] = list[i]!;
    sorted.sort();
    let distinct = 0;
    for (let i = 0; i < sorted.length; i++) {
      const coupon = sorted[i]!;
      if (i === 0 || coupon !== sorted[distinct - 1]) sorted[distinct++] = coupon;
    }
    const coupons = sorted.subarray(0, distinct);
    const isDense = this.#lgK < 8 ? distinct >= 1 << LG_LIST : overfull(distinct, this.#lgK - 3);
    if (isDense) {
      const registers = (this.#registers[slot] = new Uint8Array(2 ** this.#lgK));
      for (const coupon of coupons) raise(registers, coupon);
      this.lists[slot] = null;
      return null;
    }
    if (distinct < list.length) this.lists[slot] = Array.from(coupons);
    return coupons;
  }

  save(from: number, to: number): Column[] {
    const saved: Uint8Array[] = [];
    for (let slot = from; slot < to; slot++) {
      const coupons = this.#sorted(slot);
      saved.push(coupons ? this.#encodeCoupons(coupons) : this.#encodeRegisters(this.#registers[slot]!));
    }
    return [writeColumn('binary', saved)];
  }

  #encodeCoupons(coupons: Uint32Array): Uint8Array {
    const count = coupons.length;
    const isList = count < 1 << LG_LIST;
    const start = isList ? 8 : 12;
    const out = new Uint8Array(start + 4 * count);
    if (isList) {
      const flags = COMPACT | (count === 0 ? EMPTY : 0);
      out.set([LIST[0], SERIAL_VERSION, FAMILY, this.#lgK, LG_LIST, flags, count, LIST[1]]);
    } else {
      let lgTable = LG_LEAST_SET;
      while (overfull(count, lgTable)) lgTable++;
      out.set([SET[0], SERIAL_VERSION, FAMILY, this.#lgK, lgTable, COMPACT, 0, SET[1]]);
      out.set([count & 0xff, (count >> 8) & 0xff, (count >> 16) & 0xff, count >>> 24], 8);
    }
    out.set(new Uint8Array(coupons.buffer, coupons.byteOffset, 4 * count), start);
    return out;
  }

  #encodeRegisters(registers: Uint8Array): Uint8Array {
    const counts = new Array<number>(64).fill(0);
    for (const register of registers) counts[register]!++;
    const sum = (first: number, end: number) => {
      let total = 0;
      for (let value = first; value < end; value++) total += counts[value]! / 2 ** value;
      return total;
    };
    const out = new Uint8Array(40 + registers.length);
    out.set([REGISTERS[0], SERIAL_VERSION, FAMILY, this.#lgK, 0, OUT_OF_ORDER, 0, REGISTERS[1]]);
    const view = new DataView(out.buffer);
    view.setFloat64(16, sum(0, 32), true);
    view.setFloat64(24, sum(32, 64), true);
    view.setUint32(32, counts[0]!, true);
    out.set(registers, 40);
    return out;
  }

  merge(columns: Column[], rows: number): void {
    readColumn('binary', columns[0]!, rows).forEach((bytes, slot) => this.#unite(slot, bytes!));
  }

  /** Unites a slot with the state that these bytes hold. */
  #unite(slot: number, bytes: Uint8Array): void {
    const { length } = bytes;
    const [family, lgK, count, mode] = [bytes[2], bytes[3], bytes[6], bytes[7]];
    const start = mode === REGISTERS[1] ? 40 : mode === SET[1] ? 12 : 8;
    const held = mode === REGISTERS[1] ? 2 ** this.#lgK : 4 * (mode === SET[1] ? uint32(bytes, 8) : count!);
    if (family !== FAMILY || lgK !== this.#lgK || (mode !== LIST[1] && start === 8) || length !== start + held) {
      throw new RangeError(`${this.name}: not an HLL sketch of lgK ${this.#lgK}`);
    }
    const body = bytes.slice(start, length);
    const list = this.lists[slot]!;
    if (mode !== REGISTERS[1]) {
      const coupons = new Uint32Array(body.buffer, 0, held / 4);
      for (let i = 0; i < coupons.length; i++) {
        if (list !== null) list.push(coupons[i]!);
        else raise(this.#registers[slot]!, coupons[i]!);
      }
      return;
    }
    if (list !== null) {
      for (const coupon of list) raise(body, coupon);
      this.lists[slot] = null;
    } else {
      const registers = this.#registers[slot]!;
      for (let i = 0; i < body.length; i++) if (registers[i]! > body[i]!) body[i] = registers[i]!;
    }
    this.#registers[slot] = body;
  }

  value(slot: number): Distinct {
    const coupons = this.#sorted(slot);
    return {
      estimate: () =>
        coupons ? estimateOfCoupons(coupons.length) : estimateOfRegisters(this.#lgK, this.#registers[slot]!),
    };
  }

  inserts(cursor: Cursor, pending: Pending): InsertsOne<Item> {
    const { lists } = this;
    const limit = this.#limit;
    return {
      insert: (item) => {
        const coupon = coupons.get(item) ?? newCoupon(item);
        if (coupon === UNCOUNTED) return;
        const list = lists[cursor.slot]!;
        if (list === null) pending.push(this, cursor.slot, coupon, undefined);
        else if (list.push(coupon) > limit) this.#overfull.add(cursor.slot);
      },
    };
  }

  columnInserts(target: Target): InsertsColumn<Item> {
    return {
      insert: (given) => {
        const items = spread(given as ArrayLike<Item | null> | Item, target.rows);
        const found: number[] = [];
        for (let row = 0; row < items.length; row++) {
          const item = items[row]!;
          found[row] = item === null ? UNCOUNTED : (coupons.get(item) ?? newCoupon(item));
        }
        target.insert(this, found);
      },
    };
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function raise(registers: Uint8Array, coupon: number): void {
  const slot = coupon & ADDRESS_MASK & (registers.length - 1);
  const value = coupon >>> 26;
  if (value > registers[slot]!) registers[slot] = value;
}

/**
 * The number of distinct values, estimated with a standard error of 1.04/√2^lgK: 1.6 % for lgK 12. The bytes are those of
 * Apache DataSketches. Empty text is not counted.
 *
 * A number is counted as the integer that it is; a sketch of floats is not offered, since 1.0 and 1 are one number here.
 */
export function hll(lgK = 12): Monoid<InsertsOne<Item>, InsertsColumn<Item>, Distinct> {
  if (!(Number.isInteger(lgK) && lgK >= 4 && lgK <= 21)) throw new RangeError(`lgK must be in 4..=21, not ${show(lgK)}`);
  return {
    commutative: true,
    columns: (name) => [{ name, kind: 'binary', nullable: false }],
    store: () => new HllStore(lgK),
  };
}
