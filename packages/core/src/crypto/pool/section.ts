import { assertBoolean, assertBytesList, assertObject } from '../../arguments.js';
import { assertBytes, assertInteger, copyBytes } from '../../bytes.js';
import { ArgumentError } from '../../errors.js';
import type { CryptoProvider } from '../provider.js';

/** Bytes of the MAC that a secretbox begins with. */
const MAC = 16;
const NONCE = 24;
const KEY = 32;

/** The data section of a chunk that is to be encrypted and cut (chapter 01 section 14.2); what its numbers are is decided by the caller. */
export interface PlainSection {
  /** Stands before the data. */
  readonly head: Uint8Array;
  readonly data: Uint8Array;
  /** Bytes of the plaintext: head, data, and zeros up to here. */
  readonly paddedLength: number;
  /** Bytes of the ciphertext before the first block. */
  readonly headerLength: number;
  /** Most bytes of the ciphertext in one block. */
  readonly pieceLength: number;
  /** What each block begins with: one for each piece of the ciphertext behind the header. */
  readonly prefixes: readonly Uint8Array[];
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Whether the SHA-256 of the data is wanted. */
  readonly hashData?: boolean | undefined;
}

/** What becomes of a {@link PlainSection}. */
export interface SealedSection {
  /** The first bytes of the ciphertext. */
  readonly header: Uint8Array;
  /** A prefix and a piece of the ciphertext each: views of one memory. */
  readonly blocks: readonly Uint8Array[];
  /** SHA-256 of each block. */
  readonly digests: readonly Uint8Array[];
  /** SHA-256 of the data, if it was wanted. */
  readonly dataDigest: Uint8Array | undefined;
}

/** A section in the memory in which it is encrypted and cut. */
export interface SectionInMemory {
  /** Room for the MAC, the padded plaintext, and room for the prefixes; possibly more. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Where the data is. */
  readonly dataStart: number;
  readonly dataLength: number;
  readonly paddedLength: number;
  readonly headerLength: number;
  readonly pieceLength: number;
  readonly prefixes: readonly Uint8Array[];
  readonly nonce: Uint8Array;
  readonly hashData: boolean;
}

/** Hashes in order, on this thread or on others. */
type HashMany = (inputs: readonly Uint8Array[]) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;

/** ArgumentError unless the parts of a section fit to each other. */
export function assertSection(section: PlainSection): void {
  assertObject('section', section);
  const { head, data, paddedLength, headerLength, pieceLength, prefixes, nonce, key, hashData } = section;
  assertBytes('section.head', head);
  assertBytes('section.data', data);
  assertBytesList('section.prefixes', prefixes);
  assertBytes('section.nonce', nonce, NONCE);
  assertBytes('section.key', key, KEY);
  assertInteger('section.paddedLength', paddedLength, head.length + data.length, Number.MAX_SAFE_INTEGER);
  assertInteger('section.headerLength', headerLength, 0, MAC + paddedLength);
  assertInteger('section.pieceLength', pieceLength, 1, Number.MAX_SAFE_INTEGER);
  if (hashData !== undefined) assertBoolean('section.hashData', hashData);
  if (prefixes.length !== Math.ceil((MAC + paddedLength - headerLength) / pieceLength)) {
    throw new ArgumentError('section.prefixes', 'must be one for each block');
  }
}

/**
 * Lays a section out for encryption. In the buffer of its data when it may be used and has the room: 16 bytes and the head before the data, the rest of
 * the padded plaintext and the prefixes behind it. Otherwise in a copy.
 */
export function layOutSection(section: PlainSection, mayUse: boolean): SectionInMemory & { readonly key: Uint8Array } {
  const { head, data, paddedLength, headerLength, pieceLength, prefixes, nonce, key, hashData } = section;
  const dataStart = MAC + head.length;
  const end = MAC + paddedLength;
  const size = prefixes.reduce((sum, prefix) => sum + prefix.length, end);
  const { buffer } = data;
  let memory: Uint8Array<ArrayBuffer>;
  if (mayUse && buffer instanceof ArrayBuffer && data.byteOffset === dataStart && buffer.byteLength >= size) {
    memory = new Uint8Array(buffer);
    memory.fill(0, dataStart + data.length, end);
  } else {
    memory = new Uint8Array(size);
    memory.set(data, dataStart);
  }
  memory.set(head, MAC);
  return {
    memory,
    dataStart,
    dataLength: data.length,
    paddedLength,
    headerLength,
    pieceLength,
    prefixes: prefixes.map((prefix) => copyBytes(prefix)),
    nonce: copyBytes(nonce),
    key: copyBytes(key),
    hashData: hashData === true,
  };
}

/** Encrypts a section where it is, makes room for the prefixes, and hashes. */
export async function sealSection(
  crypto: Pick<CryptoProvider, 'secretboxSealInPlace'>,
  section: SectionInMemory,
  key: Uint8Array,
  hashMany: HashMany,
): Promise<SealedSection> {
  const { memory, dataStart, dataLength, hashData } = section;
  // Before the data becomes ciphertext.
  const [dataDigest] = hashData ? await hashMany([memory.subarray(dataStart, dataStart + dataLength)]) : [];
  encryptAndCut(crypto, section, key);
  const { header, blocks } = partsOf(section, memory);
  return { header, blocks, digests: await hashMany(blocks), dataDigest };
}

/** The same at once. */
export function sealSectionNow(
  crypto: Pick<CryptoProvider, 'secretboxSealInPlace' | 'sha256' | 'sha256Many'>,
  section: SectionInMemory,
  key: Uint8Array,
): SealedSection {
  const { memory, dataStart, dataLength, hashData } = section;
  const dataDigest = hashData ? crypto.sha256(memory.subarray(dataStart, dataStart + dataLength)) : undefined;
  encryptAndCut(crypto, section, key);
  const { header, blocks } = partsOf(section, memory);
  return { header, blocks, digests: crypto.sha256Many(blocks), dataDigest };
}

/** The header and the blocks in memory that has become ciphertext, wherever it is now. */
export function partsOf(
  { paddedLength, headerLength, pieceLength, prefixes }: Omit<SectionInMemory, 'memory'>,
  memory: Uint8Array,
): Pick<SealedSection, 'header' | 'blocks'> {
  let rest = MAC + paddedLength - headerLength;
  let at = headerLength;
  const blocks = prefixes.map((prefix) => {
    const start = at;
    const length = Math.min(pieceLength, rest);
    rest -= length;
    at += prefix.length + length;
    return memory.subarray(start, at);
  });
  return { header: copyBytes(memory.subarray(0, headerLength)), blocks };
}

/** Moves the pieces apart, the last one first. */
function encryptAndCut(crypto: Pick<CryptoProvider, 'secretboxSealInPlace'>, section: SectionInMemory, key: Uint8Array): void {
  const { memory, paddedLength, headerLength, pieceLength, prefixes, nonce } = section;
  let end = MAC + paddedLength;
  crypto.secretboxSealInPlace(memory.subarray(0, end), nonce, key);
  let to = prefixes.reduce((sum, prefix) => sum + prefix.length, end);
  for (let i = prefixes.length - 1; i >= 0; i--) {
    const prefix = prefixes[i] as Uint8Array;
    const start = headerLength + i * pieceLength;
    to -= end - start;
    memory.copyWithin(to, start, end);
    to -= prefix.length;
    memory.set(prefix, to);
    end = start;
  }
}
