import { assertInstances, assertMethods, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes, equalBytes } from '../bytes.js';
import { ArgumentError, FormatError, LimitError, PyrgosError, throwIfAborted } from '../errors.js';
import { MAX_BLOCK_SIZE, MAX_CAR_HEADER_SIZE, MAX_IDENTITY_DIGEST_READ } from '../limits.js';
import { ByteQueue } from './byte-queue.js';
import { decodeCbor } from './cbor-decode.js';
import { encodeCbor } from './cbor-encode.js';
import { CborFields } from './cbor-fields.js';
import { cborMap } from './cbor-value.js';
import { Cid, CidCodec, decodeCid } from './cid.js';
import { decodeMultihashPrefix, MultihashCode } from './multihash.js';
import { decodeSmallVarint, encodeVarint } from './varint.js';

/** Longest binary CID: version, codec, and an identity multihash with its two varints. */
const MAX_CID_SIZE = MAX_IDENTITY_DIGEST_READ + 5;
/** For the message of an AbortedError. */
const READING = 'reading a CAR file';
/** Bytes of the longest varint (chapter 01 section 3). */
const MAX_VARINT_SIZE = 10;

/** One block of a CAR file. */
export interface CarBlock {
  readonly cid: Cid;
  /** A fresh array. */
  readonly bytes: Uint8Array;
}

/** What verifying blocks needs; a CryptoProvider is one. */
export interface CarHasher {
  /** SHA-256, 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
}

/** Options of {@link readCar}. */
export interface ReadCarOptions {
  /** Verifies every block against its CID: sha2-256, and identity CIDs by comparison. Without it blocks are not verified. */
  readonly hasher?: CarHasher | undefined;
  /** Largest block, in bytes; default and maximum MAX_BLOCK_SIZE. */
  readonly maxBlockSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

function fail(where: string, problem: string, cause?: unknown): never {
  throw new FormatError('format.car', where, problem, cause === undefined ? {} : { cause });
}

/** Turns errors of the inner formats into those of this one; LimitErrors stay. */
function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PyrgosError && error.code.startsWith('format.')) return fail(where, error.message, error);
    throw error;
  }
}

/**
 * A CAR version 1 stream being read: iterate over it once to get the blocks in file order. It holds one block at a time, never the
 * file. Errors: FormatError `format.car` for malformed or truncated input and for blocks that do not match their CID, LimitError for
 * a header or block that is too large, AbortedError at once when the signal fires, even while the source is silent. The source is closed when the iteration ends for whatever reason.
 */
export class CarReader implements AsyncIterable<CarBlock> {
  private readonly queue: ByteQueue;
  private readonly options: ReadCarOptions;
  private header: Promise<readonly Cid[]> | undefined;
  private started = false;

  /** See {@link readCar}. */
  constructor(source: AsyncIterable<Uint8Array>, options: ReadCarOptions = {}) {
    if (typeof source !== 'object' || source === null || typeof source[Symbol.asyncIterator] !== 'function') {
      throw new ArgumentError('source', 'must be an async iterable of byte arrays');
    }
    assertObject('options', options);
    if (options.maxBlockSize !== undefined) assertInteger('maxBlockSize', options.maxBlockSize, 0, MAX_BLOCK_SIZE);
    if (options.hasher !== undefined) assertMethods('hasher', options.hasher, 'sha256');
    this.options = options;
    this.queue = new ByteQueue(source, options.signal, READING);
  }

  /** The roots named by the header, which is read when first needed. */
  roots(): Promise<readonly Cid[]> {
    this.header ??= this.readHeader().catch(async (error: unknown) => {
      await this.close();
      throw error;
    });
    return this.header;
  }

  /** The blocks; may be called once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<CarBlock, void, undefined> {
    if (this.started) throw new ArgumentError('car', 'can be iterated once only');
    this.started = true;
    try {
      await this.roots();
      for (let index = 0; ; index++) {
        throwIfAborted(this.options.signal, READING);
        const block = await this.readBlock(`block ${index}`);
        if (block === undefined) return;
        yield block;
      }
    } finally {
      await this.close();
    }
  }

  /** Ends reading early and closes the source. Iterating to the end or leaving the loop does this, too. */
  async close(): Promise<void> {
    await this.queue.close();
  }

  /** A length, or undefined when the stream ends before its first byte. */
  private async readLength(where: string): Promise<number | undefined> {
    const bytes: number[] = [];
    for (;;) {
      const byte = await this.queue.byte();
      if (byte === undefined) return bytes.length === 0 ? undefined : fail(where, 'input ends inside a length');
      bytes.push(byte);
      if (byte < 0x80 || bytes.length === MAX_VARINT_SIZE) break;
    }
    return within(where, () => decodeSmallVarint(Uint8Array.from(bytes)).value);
  }

  private async readHeader(): Promise<readonly Cid[]> {
    throwIfAborted(this.options.signal, READING);
    const length = (await this.readLength('header')) ?? fail('header', 'input is empty');
    if (length > MAX_CAR_HEADER_SIZE) throw new LimitError('CAR header size', length, MAX_CAR_HEADER_SIZE);
    const bytes = (await this.queue.take(length)) ?? fail('header', 'input ends inside the header');
    return within('header', () => {
      const fields = CborFields.map('format.car', 'header', decodeCbor(bytes));
      if (fields.integer('version', 0) !== 1) fields.fail('version', 'must be 1');
      return fields.list('roots').map((root, i) => (root instanceof Cid ? root : fields.fail(`roots[${i}]`, 'must be a link')));
    });
  }

  private async readBlock(where: string): Promise<CarBlock | undefined> {
    const length = await this.readLength(where);
    if (length === undefined) return undefined;
    const maxBlock = this.options.maxBlockSize ?? MAX_BLOCK_SIZE;
    if (length > maxBlock + MAX_CID_SIZE) throw new LimitError('CAR section size', length, maxBlock + MAX_CID_SIZE);
    const section = (await this.queue.take(length)) ?? fail(where, 'input ends inside the block');
    const end = within(where, () => cidEnd(section));
    const cid = within(where, () => decodeCid(section.subarray(0, end)));
    if (cid.codec !== CidCodec.raw && cid.codec !== CidCodec.dagCbor) fail(where, 'codec must be raw or dag-cbor');
    if (section.length - end > maxBlock) throw new LimitError('CAR block size', section.length - end, maxBlock);
    const bytes = section.slice(end);
    this.verify(where, cid, bytes);
    return { cid, bytes };
  }

  private verify(where: string, cid: Cid, bytes: Uint8Array): void {
    const { hasher } = this.options;
    if (hasher === undefined) return;
    const { code, digest } = cid.multihash;
    if (code !== MultihashCode.identity && code !== MultihashCode.sha2_256) fail(where, 'only identity and sha2-256 can be verified');
    const actual = code === MultihashCode.identity ? bytes : hasher.sha256(bytes);
    if (!equalBytes(actual, digest)) fail(where, 'bytes do not match the CID');
  }
}

/** Where the CID at the start of a section ends; decodeCid wants its exact bytes. */
function cidEnd(section: Uint8Array): number {
  const version = decodeSmallVarint(section, 0);
  const codec = decodeSmallVarint(section, version.end);
  return decodeMultihashPrefix(section, codec.end).end;
}

/**
 * Reads a CAR version 1 file as it arrives: `for await (const { cid, bytes } of readCar(source, { hasher }))`. Blocks are raw or
 * dag-cbor; their CBOR is not looked at. See {@link CarReader} for the errors.
 */
export function readCar(source: AsyncIterable<Uint8Array>, options: ReadCarOptions = {}): CarReader {
  return new CarReader(source, options);
}

/** The header of a CAR version 1 file with its length: the first bytes of the file. */
export function carHeader(roots: readonly Cid[]): Uint8Array<ArrayBuffer> {
  assertInstances('roots', roots, Cid);
  const header = encodeCbor(
    cborMap([
      ['roots', roots],
      ['version', 1],
    ]),
  );
  if (header.length > MAX_CAR_HEADER_SIZE) throw new LimitError('CAR header size', header.length, MAX_CAR_HEADER_SIZE);
  return concatBytes(encodeVarint(header.length), header);
}

/** One block of a CAR version 1 file with its length and CID. The hash is not checked. */
export function carBlock(cid: Cid, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!(cid instanceof Cid)) throw new ArgumentError('cid', 'must be a Cid');
  assertBytes('bytes', bytes);
  if (cid.codec !== CidCodec.raw && cid.codec !== CidCodec.dagCbor) throw new ArgumentError('cid', 'codec must be raw or dag-cbor');
  if (bytes.length > MAX_BLOCK_SIZE) throw new LimitError('CAR block size', bytes.length, MAX_BLOCK_SIZE);
  return concatBytes(encodeVarint(cid.bytes.length + bytes.length), cid.bytes, bytes);
}
