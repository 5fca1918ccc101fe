const CONTINUATION = 0x80;

/** Length, smallest and largest value of the characters with a lead byte; undefined for a byte that leads none. */
function shapeOf(lead: number): { readonly length: number; readonly bits: number; readonly smallest: number } | undefined {
  if (lead < 0x80) return { length: 1, bits: lead, smallest: 0 };
  if ((lead & 0xe0) === 0xc0) return { length: 2, bits: lead & 0x1f, smallest: 0x80 };
  if ((lead & 0xf0) === 0xe0) return { length: 3, bits: lead & 0x0f, smallest: 0x800 };
  if ((lead & 0xf8) === 0xf0) return { length: 4, bits: lead & 0x07, smallest: 0x1_0000 };
  return undefined;
}

/**
 * Whether bytes are UTF-8 in the sense of chapter 04 section 18.1: the last character may be cut off, and then only its bytes are looked
 * at, not its value; the first surrogate, U+D800, passes. TextDecoder is stricter in both.
 */
export function isUtf8Start(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length;) {
    const shape = shapeOf(bytes[i] as number);
    if (shape === undefined) return false;
    const rest = bytes.subarray(i + 1, i + shape.length);
    if (!rest.every((byte) => (byte & 0xc0) === CONTINUATION)) return false;
    if (rest.length < shape.length - 1) return true;
    const value = rest.reduce((sum, byte) => (sum << 6) | (byte & 0x3f), shape.bits);
    if (value < shape.smallest || value > 0x10_ffff || (value > 0xd800 && value <= 0xdfff)) return false;
    i += shape.length;
  }
  return true;
}
