// What QuickJS lacks: a console that writes to WASI's standard output, and the text codecs.
import stderr from 'wasi:cli/stderr@0.2.6';
import stdout from 'wasi:cli/stdout@0.2.6';
import { byteString, bytesOf, decodeText, encodeText } from '../codec.js';

type Output = { blockingWriteAndFlush(bytes: Uint8Array): void };
const MOST_WRITTEN = 4096;

/** A value as a log shows it. */
function inspect(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Map || value instanceof Set) return `${value.constructor.name} ${inspect([...value])}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${inspect(Array.from(value as Uint8Array))}`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner));
  } catch {
    return String(value);
  }
}

function writer(output: () => Output): (...values: unknown[]) => void {
  return (...values) => {
    const bytes = bytesOf(`${encodeText(values.map(inspect).join(' '))}\n`);
    for (let from = 0; from < bytes.length; from += MOST_WRITTEN) {
      output().blockingWriteAndFlush(bytes.slice(from, from + MOST_WRITTEN));
    }
  };
}

const out = writer(() => stdout.getStdout());
const err = writer(() => stderr.getStderr());

/** UTF-8 alone, as in the standard. */
class TextEncoder {
  readonly encoding = 'utf-8';
  encode(text = ''): Uint8Array {
    return bytesOf(encodeText(String(text)));
  }
}

class TextDecoder {
  readonly encoding = 'utf-8';
  constructor(label = 'utf-8') {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`TextDecoder decodes UTF-8, not ${label}`);
  }
  /** Throws a TypeError for bytes that are no UTF-8. */
  decode(bytes: ArrayBuffer | ArrayBufferView = new Uint8Array(0)): string {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    try {
      return decodeText(byteString(view));
    } catch {
      throw new TypeError('the bytes are not UTF-8');
    }
  }
}

Object.assign(globalThis, {
  console: { log: out, info: out, debug: out, trace: out, warn: err, error: err },
  TextEncoder,
  TextDecoder,
});
