/** Bytes of the header of an ID3v2 tag. */
export const ID3_HEADER_SIZE = 10;

/** A picture inside a tag: a view into the tag. */
export interface CoverPicture {
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}

/** Four bytes of which seven bits count. */
function syncSafe(bytes: Uint8Array, offset: number): number {
  return [0, 1, 2, 3].reduce((value, i) => value * 128 + ((bytes[offset + i] ?? 0) & 127), 0);
}

function bigEndian(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + (bytes[offset + i] ?? 0);
  return value;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Bytes of the whole ID3v2 tag that starts with `header`; 0 when there is none. */
export function id3TagSize(header: Uint8Array): number {
  if (header.length < ID3_HEADER_SIZE || ascii(header.subarray(0, 3)) !== 'ID3') return 0;
  return ID3_HEADER_SIZE + syncSafe(header, 6);
}

/** Where the text that starts at `offset` ends, terminator included; undefined when it does not end. */
function endOfText(bytes: Uint8Array, offset: number, isWide: boolean): number | undefined {
  const step = isWide ? 2 : 1;
  for (let i = offset; i + step <= bytes.length; i += step) {
    if (bytes[i] === 0 && (!isWide || bytes[i + 1] === 0)) return i + step;
  }
  return undefined;
}

/** An APIC frame: encoding, mime type, kind of picture, description, picture. */
function pictureOf(frame: Uint8Array): CoverPicture | undefined {
  const endOfType = endOfText(frame, 1, false);
  if (endOfType === undefined) return undefined;
  const isWide = frame[0] === 1 || frame[0] === 2;
  const start = endOfText(frame, endOfType + 1, isWide);
  if (start === undefined || start >= frame.length) return undefined;
  const mimeType = ascii(frame.subarray(1, endOfType - 1)).toLowerCase();
  // A link instead of a picture would make the uploader load it.
  return mimeType.startsWith('image/') ? { mimeType, bytes: frame.subarray(start) } : undefined;
}

/**
 * The first picture in an ID3v2.3 or 2.4 tag at the start of `bytes`, as MP3 files carry their cover; undefined when there is none or the
 * tag is damaged, encrypted, compressed or unsynchronised.
 */
export function coverPicture(bytes: Uint8Array): CoverPicture | undefined {
  const version = bytes[3] ?? 0;
  const flags = bytes[5] ?? 0;
  const end = Math.min(id3TagSize(bytes), bytes.length);
  if (end === 0 || (version !== 3 && version !== 4) || (flags & 0x80) !== 0) return undefined;
  const sizeAt = (offset: number): number => (version === 4 ? syncSafe(bytes, offset) : bigEndian(bytes, offset, 4));
  let offset = ID3_HEADER_SIZE;
  // An extended header counts itself in version 4 only.
  if ((flags & 0x40) !== 0) offset += sizeAt(offset) + (version === 4 ? 0 : 4);
  while (offset + 10 <= end) {
    const size = sizeAt(offset + 4);
    const start = offset + 10;
    if (size === 0 || start + size > end) return undefined;
    const isPlain = (bytes[offset + 9] ?? 0) === 0;
    if (ascii(bytes.subarray(offset, offset + 4)) === 'APIC' && isPlain) return pictureOf(bytes.subarray(start, start + size));
    offset = start + size;
  }
  return undefined;
}
