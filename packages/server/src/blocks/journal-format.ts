import { concatBytes, equalBytes, utf8Decode } from '@pyrgos/core/bytes';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { JOURNALED_BLOCK_SIZE } from '../limits.js';
import { isPartitionName, isStorable } from './block-paths.js';
import type { FileSystem } from './file-system.js';

/** A block in the journal. */
export interface JournalRecord {
  readonly username: string;
  readonly cid: Cid;
  readonly bytes: Uint8Array;
}

/** The beginning of every segment: the letters "PyrgJrn" and the version of the format. */
const MAGIC = Uint8Array.of(0x50, 0x79, 0x72, 0x67, 0x4a, 0x72, 0x6e, 1);
/** Random bytes behind it, which only this file knows: what users store cannot look like records. */
export const SALT_SIZE = 16;
const HEAD_SIZE = MAGIC.length + SALT_SIZE;
/** Lengths of user name, CID and content. */
const LENGTHS_SIZE = 6;
const CHECKSUM_SIZE = 8;
/** Bytes of the CID of a block that is stored: four of its form, and the hash. */
const CID_SIZE = 36;
/**
 * Bytes. What is appended at a time begins at a multiple of this, behind zeros: a disk that loses its power may spoil what is around the bytes that it
 * is writing, and what was durable before must not be there.
 */
export const PAGE = 4096;
/** Bytes read at a time. */
const READ_SIZE = 1_048_576;

/** The head of a new segment. `salt`: SALT_SIZE random bytes. */
export function segmentHead(salt: Uint8Array): Uint8Array {
  return concatBytes(MAGIC, salt);
}

function checksum(hasher: Hasher, salt: Uint8Array, head: Uint8Array): Uint8Array {
  return hasher.sha256(concatBytes(salt, head)).subarray(0, CHECKSUM_SIZE);
}

/** Bytes that a record takes. */
export function recordSize({ username, cid, bytes }: JournalRecord): number {
  return LENGTHS_SIZE + username.length + cid.bytes.length + CHECKSUM_SIZE + bytes.length;
}

/**
 * Writes a record into `target` from `offset`; returns where it ends. It is: length of the user name (1 byte), of the CID (1 byte) and of the
 * content (4 bytes, big-endian), user name, CID, the first 8 bytes of SHA-256 over the salt of the segment and all of this, content. The content is
 * verified by its CID. No record begins with a zero, so {@link padding} may follow any of them.
 */
export function writeRecord(
  hasher: Hasher,
  salt: Uint8Array,
  { username, cid, bytes }: JournalRecord,
  target: Buffer,
  offset: number,
): number {
  let at = target.writeUInt8(username.length, offset);
  at = target.writeUInt8(cid.bytes.length, at);
  at = target.writeUInt32BE(bytes.length, at);
  at += target.write(username, at, 'latin1');
  target.set(cid.bytes, at);
  at += cid.bytes.length;
  target.set(checksum(hasher, salt, target.subarray(offset, at)), at);
  at += CHECKSUM_SIZE;
  target.set(bytes, at);
  return at + bytes.length;
}

/** The zeros behind the bytes up to `position`. */
export function padding(position: number): Uint8Array {
  return new Uint8Array((PAGE - (position % PAGE)) % PAGE);
}

/** Reads a file from its beginning. */
class Reader {
  private buffer: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly fileSystem: Pick<FileSystem, 'read'>,
    private readonly descriptor: number,
  ) {}

  /** The next bytes, which stay the next ones, as a view; undefined when the file ends before. */
  async peek(length: number): Promise<Uint8Array | undefined> {
    while (this.buffer.length < length) {
      const grown = new Uint8Array(this.buffer.length + Math.max(READ_SIZE, length - this.buffer.length));
      grown.set(this.buffer);
      const read = await this.fileSystem.read(this.descriptor, grown, this.buffer.length);
      if (read <= 0) return undefined;
      this.buffer = grown.subarray(0, this.buffer.length + read);
    }
    return this.buffer.subarray(0, length);
  }

  /** Goes on behind bytes that were looked at. */
  skip(length: number): void {
    this.buffer = this.buffer.subarray(length);
  }

  /** Goes on where a record may begin, behind the next byte; false when there is no such place. */
  async seek(): Promise<boolean> {
    for (let at = 1; (await this.peek(at + LENGTHS_SIZE)) !== undefined;) {
      const end = this.buffer.length - LENGTHS_SIZE;
      while (at <= end && !mayBegin(this.buffer, at)) at++;
      this.skip(at);
      if (at <= end) return true;
      at = 0;
    }
    return false;
  }
}

/** Whether the lengths of a record may be there. */
function mayBegin(bytes: Uint8Array, at: number): boolean {
  return bytes[at] !== 0 && bytes[at + 1] === CID_SIZE && bytes[at + 2] === 0 && (bytes[at + 3] ?? 0) <= JOURNALED_BLOCK_SIZE >> 16;
}

/** What a record is about, or undefined when the bytes are none. */
function readNames(name: Uint8Array, cid: Uint8Array): Pick<JournalRecord, 'username' | 'cid'> | undefined {
  const username = utf8Decode(name);
  if (username === undefined || !isPartitionName(username)) return undefined;
  try {
    const decoded = decodeCid(cid);
    return isStorable(decoded) ? { username, cid: decoded } : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/**
 * Whether a file that has the name of a segment is none: whatever a power failure leaves of one begins as one, or with zeros. PyrgosError
 * `storage` for a segment of a newer version: passing over it would lose blocks. Errors are those of the file system.
 */
export async function isForeign(fileSystem: Pick<FileSystem, 'open' | 'read' | 'close'>, path: string): Promise<boolean> {
  const start = new Uint8Array(MAGIC.length);
  const descriptor = await fileSystem.open(path, 'r');
  try {
    for (let filled = 0, read = -1; filled < start.length && read !== 0; filled += read) {
      read = await fileSystem.read(descriptor, start, filled);
    }
  } finally {
    await fileSystem.close(descriptor);
  }
  const whole = start.findIndex((byte, i) => byte !== MAGIC[i]);
  if (whole === -1 || start.subarray(whole).every((byte) => byte === 0)) return false;
  if (whole < MAGIC.length - 1) return true;
  throw new PyrgosError('storage', 'The journal of the blocks was written by a newer Pyrgos. Start that one.', {
    data: { version: start[whole] ?? 0 },
  });
}

/**
 * The whole records of a segment, in order and in bounded memory; `bytes` are views that are valid until the next one is asked for. What is
 * none is passed over: the end that a power failure leaves, and what a disk has spoilt since. A record whose content alone is not what its CID
 * says is left out. Nothing of a file that is no segment. Errors are those of the file system.
 */
export async function* readSegment(
  fileSystem: Pick<FileSystem, 'open' | 'read' | 'close'>,
  hasher: Hasher,
  path: string,
): AsyncIterable<JournalRecord> {
  const descriptor = await fileSystem.open(path, 'r');
  try {
    const reader = new Reader(fileSystem, descriptor);
    const start = await reader.peek(HEAD_SIZE);
    if (start === undefined || !equalBytes(start.subarray(0, MAGIC.length), MAGIC)) return;
    const salt = start.slice(MAGIC.length);
    reader.skip(HEAD_SIZE);
    for (let isOver = false; !isOver;) {
      const record = await readRecord(reader, hasher, salt);
      if (record === undefined) {
        // Padding, or no record any more: the checksum of one that follows tells where it begins, because nobody can have made it but this server.
        isOver = !(await reader.seek());
      } else {
        reader.skip(recordSize(record));
        if (equalBytes(hasher.sha256(record.bytes), record.cid.multihash.digest)) yield record;
      }
    }
  } finally {
    await fileSystem.close(descriptor);
  }
}

/** The record that comes next, of whatever content; undefined when there is none. */
async function readRecord(reader: Reader, hasher: Hasher, salt: Uint8Array): Promise<JournalRecord | undefined> {
  const lengths = await reader.peek(LENGTHS_SIZE);
  const [nameLength = 0, cidLength = 0] = lengths ?? [];
  if (lengths === undefined || nameLength === 0) return undefined;
  const size = new DataView(lengths.buffer, lengths.byteOffset).getUint32(2);
  const namesEnd = LENGTHS_SIZE + nameLength + cidLength;
  const head = await reader.peek(namesEnd + CHECKSUM_SIZE);
  if (head === undefined || size > JOURNALED_BLOCK_SIZE) return undefined;
  // Before its checksum is computed: users could make many places that need it.
  const names = readNames(head.subarray(LENGTHS_SIZE, LENGTHS_SIZE + nameLength), head.subarray(LENGTHS_SIZE + nameLength, namesEnd));
  if (names === undefined || !equalBytes(head.subarray(namesEnd), checksum(hasher, salt, head.subarray(0, namesEnd)))) return undefined;
  const record = await reader.peek(head.length + size);
  return record === undefined ? undefined : { ...names, bytes: record.subarray(head.length) };
}
