// Instants in microseconds and days, both since 1970-01-01.

const MICROSECONDS_PER_DAY = 86_400_000_000;

/** The day of an instant in UTC, in days since 1970-01-01. */
export function day(microseconds: number): number {
  return Math.floor(microseconds / MICROSECONDS_PER_DAY);
}

/** The days of some instants: `day` for a whole column. */
export function days(instants: ArrayLike<number>): number[] {
  const cut = new Array<number>(instants.length);
  // Most instants are of the day of the one before.
  let from = 0;
  let to = 0;
  let last = 0;
  for (let i = 0; i < cut.length; i++) {
    const instant = instants[i]!;
    if (instant < from || instant >= to) {
      last = day(instant);
      from = last * MICROSECONDS_PER_DAY;
      to = from + MICROSECONDS_PER_DAY;
    }
    cut[i] = last;
  }
  return cut;
}

/** The start of an instant's period of so many seconds, counted from 1970-01-01T00:00:00Z: `truncate(at, 3600)` is the hour. */
export function truncate(microseconds: number, seconds: number): number {
  return Math.floor(microseconds / (seconds * 1e6)) * (seconds * 1e6);
}

/** The day since 1970-01-01 of a date of the calendar; months and days count from 1. Throws a RangeError if there is none. */
export function dayOf(year: number, month: number, dayOfMonth: number): number {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, dayOfMonth);
  if (at.getUTCFullYear() !== year || at.getUTCMonth() !== month - 1 || at.getUTCDate() !== dayOfMonth) {
    throw new RangeError(`there is no day ${year}-${month}-${dayOfMonth}`);
  }
  return at.getTime() / 86_400_000;
}

/** A day as `2026-01-03`. */
export function formatDay(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/** The microseconds of a text in RFC 3339; undefined if it is none. */
export function parseInstant(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  if (!parts) return undefined;
  const [, date, clock, fraction = '', zone = 'Z'] = parts;
  const milliseconds = Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
  const isRight = !Number.isNaN(milliseconds) && parseDay(date!) !== undefined && !clock!.startsWith('24');
  return isRight ? milliseconds * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)) : undefined;
}

/** The day of a text `2026-01-03`; undefined if it is none. */
export function parseDay(text: string): number | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!parts) return undefined;
  try {
    return dayOf(Number(parts[1]), Number(parts[2]), Number(parts[3]));
  } catch {
    return undefined;
  }
}
