// Text and bytes. QuickJS has neither TextEncoder nor TextDecoder, but native base64, which carries bytes to a string of
// one character a byte (a byte string) and back at the speed of memory.

type Native = typeof Uint8Array & { fromBase64?(text: string): Uint8Array };
type Checked = string & { isWellFormed?(): boolean };
type NativeBytes = Uint8Array & { toBase64?(): string };
declare const escape: (text: string) => string;
declare const unescape: (text: string) => string;
declare const atob: (text: string) => string;
declare const btoa: (text: string) => string;

const hasBase64 = typeof (Uint8Array as Native).fromBase64 === 'function' && typeof atob === 'function';
const NOT_ASCII = /[^\x00-\x7f]/;
const CHUNK = 8192;

/** A string with one character, 0 to 255, for each byte. */
export function byteString(bytes: Uint8Array): string {
  if (hasBase64) return atob((bytes as NativeBytes).toBase64!());
  let text = '';
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + CHUNK) as unknown as number[]);
  }
  return text;
}

/** The bytes of a string whose characters are all below 256. */
export function bytesOf(text: string): Uint8Array {
  if (hasBase64) return (Uint8Array as Native).fromBase64!(btoa(text));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Whether each byte is below 128, so that the bytes are text as they are. */
export function areAscii(bytes: Uint8Array): boolean {
  const words = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const whole = new Int32Array(words.buffer, words.byteOffset, words.length >> 5 << 3);
  let seen = 0;
  // Eight words at a time: an interpreter spends most of its time on the loop itself.
  for (let i = 0, end = whole.length; i < end; i += 8) {
    seen |= whole[i]! | whole[i + 1]! | whole[i + 2]! | whole[i + 3]!;
    seen |= whole[i + 4]! | whole[i + 5]! | whole[i + 6]! | whole[i + 7]!;
  }
  for (let i = 4 * whole.length; i < bytes.length; i++) seen |= bytes[i]!;
  return (seen & 0x80808080) === 0;
}

/** Whether each character is below 128, so that the text is its own byte string. */
export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** The byte string of a text's UTF-8. A lone surrogate becomes U+FFFD. */
export function encodeText(text: string): string {
  if (isAscii(text)) return text;
  return unescape(encodeURIComponent(wellFormed(text)));
}

/** The text whose UTF-8 is this byte string; throws a URIError if it is no UTF-8. */
export function decodeText(bytes: string): string {
  return isAscii(bytes) ? bytes : decodeURIComponent(escape(bytes));
}

/** The text with U+FFFD in place of each lone surrogate. */
export function wellFormed(text: string): string {
  if ((text as Checked).isWellFormed?.()) return text;
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** The order of two texts by their UTF-8, which differs from that of `<` where one has surrogate pairs. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters above U+FFFF. */
function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** The order of two byte arrays. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
