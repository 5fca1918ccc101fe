/** Codes that one call of String.fromCharCode takes safely. */
const CODES_PER_CALL = 4096;

/**
 * The text of ASCII codes, as one flat string. Text that grows character by character is a chain of small objects in V8, some 30 times as
 * large, as long as nobody looks at it.
 */
export function asciiText(codes: Uint8Array): string {
  if (codes.length <= CODES_PER_CALL) return fromCodes(codes);
  const parts: string[] = [];
  for (let at = 0; at < codes.length; at += CODES_PER_CALL) parts.push(fromCodes(codes.subarray(at, at + CODES_PER_CALL)));
  return parts.join('');
}

function fromCodes(codes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, codes as unknown as number[]);
}
