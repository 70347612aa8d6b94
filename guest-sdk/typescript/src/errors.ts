// Rejections, and exceptions as the host shows them: `Type: message`, then the user's frames.

/** The reason for which a record is rejected. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
}

/**
 * Rejects the record that is being folded: it goes to the quarantine with this reason, and leaves no trace in any state,
 * not even in those that `fold` has reached before.
 */
export function reject(reason: string): never {
  throw new Rejected(reason);
}

/** The places of the user's code in the bundle, which the build appends to it. */
interface Places {
  /** Paths of the user's files. */
  readonly sources: readonly string[];
  /** Line and column in the bundle, index of the source (-1 for the SDK), line there: four numbers a place, ascending. */
  readonly places: readonly number[];
}

// QuickJS writes `at fold (/bundle.js:3:7)`, SpiderMonkey `fold@bundle.js:3:7`. Generated code is in no file.
const FRAME = /^\s*(?:at )?(?:(.*?) ?[(@])?(?!<input>)(?:[^()@>]*?):(\d+):(\d+)\)?$/;
const UNNAMED = /^anonymous$|^$|[<>]/;

/** The user's frames, innermost first, as `  at pipeline.ts:27 in fold`. */
export function userFrames(stack: string): string[] {
  const known = (globalThis as { __backfoldPlaces?: Places }).__backfoldPlaces;
  if (!known) return [];
  const frames: string[] = [];
  for (const line of stack.split('\n')) {
    const [, name = '', row, column] = FRAME.exec(line) ?? [];
    if (row === undefined) continue;
    const place = placeAt(known, Number(row), Number(column));
    if (!place) continue;
    const last = name.split(/[./]/).pop()!;
    frames.push(`  at ${place}${UNNAMED.test(last) ? '' : ` in ${last}`}`);
  }
  return frames;
}

/** The last place that is not after this line and column. */
function placeAt({ sources, places }: Places, line: number, column: number): string | undefined {
  let low = 0;
  let high = places.length / 4;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = 4 * middle;
    if (places[at]! < line || (places[at] === line && places[at + 1]! <= column)) low = middle + 1;
    else high = middle;
  }
  const at = 4 * (low - 1);
  const source = places[at + 2];
  if (low === 0 || source === undefined || source < 0) return undefined;
  return `${sources[source]}:${places[at + 3]}`;
}

/** An exception as the text that a call returns to the host. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `Error: ${String(thrown)}`;
  const head = `${thrown.name}: ${thrown.message}`;
  return [head, ...userFrames(String(thrown.stack ?? ''))].join('\n');
}

/** A call's answer; an exception in it becomes the text that the host takes as the call's error. */
export function atBoundary<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw describe(thrown);
  }
}
