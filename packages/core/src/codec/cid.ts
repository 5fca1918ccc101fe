import { assertInstance } from '../arguments.js';
import { assertBytes, assertInteger, byteKey } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { decodeBase58, encodeBase58 } from './base58.js';
import { decodeMultibase } from './multibase.js';
import { decodeMultihash, Multihash, MultihashCode } from './multihash.js';
import { decodeSmallVarint } from './varint.js';
import { prependVarints } from './varint-pair.js';

/** CID codecs of the protocol (chapter 01 section 5.1). */
export const CidCodec = {
  raw: 0x55,
  dagPb: 0x70,
  dagCbor: 0x71,
  libp2pKey: 0x72,
} as const;

/** One of {@link CidCodec}. */
export type CidCodecCode = (typeof CidCodec)[keyof typeof CidCodec];

function isCodec(code: number): code is CidCodecCode {
  return code === CidCodec.raw || code === CidCodec.dagPb || code === CidCodec.dagCbor || code === CidCodec.libp2pKey;
}

function versionOne(codec: CidCodecCode, { code, digest }: Multihash): Uint8Array {
  if (codec < 0x80 && code < 0x80 && digest.length < 0x80) {
    // Each of the four numbers is one byte: almost all CIDs.
    const bytes = new Uint8Array(4 + digest.length);
    bytes[0] = 1;
    bytes[1] = codec;
    bytes[2] = code;
    bytes[3] = digest.length;
    bytes.set(digest, 4);
    return bytes;
  }
  return prependVarints(1, codec, prependVarints(code, digest.length, digest));
}

/** An immutable content identifier. Large trees hold many of them, so that it keeps its hash only, and makes its other forms from it. */
export class Cid {
  // Truly private, so that equality of test tools and structured logging do not see which caches happen to be filled.
  #key: string | undefined;
  #text: string | undefined;

  // All checks stand here: a malformed CID must not exist, not even for callers without types.
  private constructor(
    readonly version: 0 | 1,
    readonly codec: CidCodecCode,
    readonly multihash: Multihash,
  ) {
    assertInstance('multihash', multihash, Multihash);
    assertInteger('version', version, 0, 1);
    assertInteger('codec', codec, 0, Number.MAX_SAFE_INTEGER);
    if (!isCodec(codec)) throw new FormatError('format.cid', 'codec', `unknown codec ${String(codec)}`);
    if (version === 0 && codec !== CidCodec.dagPb) throw new FormatError('format.cid', 'codec', 'version 0 has codec dag-pb');
    if (version === 0 && multihash.code !== MultihashCode.sha2_256) {
      throw new FormatError('format.cid', 'multihash', 'version 0 needs sha2-256');
    }
  }

  /** A version 1 CID. FormatError for an unknown codec. */
  static v1(codec: CidCodecCode, multihash: Multihash): Cid {
    return new Cid(1, codec, multihash);
  }

  /** A version 0 CID: sha2-256 only, codec dag-pb (`legacy: read only`). */
  static v0(multihash: Multihash): Cid {
    return new Cid(0, CidCodec.dagPb, multihash);
  }

  /** The CID of a block from its 32-byte SHA-256 (section 5.2). */
  static ofSha256(digest: Uint8Array, codec: CidCodecCode): Cid {
    return Cid.v1(codec, Multihash.sha256(digest));
  }

  /** The binary form. Never modify it. */
  get bytes(): Uint8Array {
    return this.version === 0 ? this.multihash.bytes : versionOne(this.codec, this.multihash);
  }

  /** Whether the CID carries its data itself; such CIDs name no block. */
  get isIdentity(): boolean {
    return this.multihash.isIdentity;
  }

  /** A string that is equal exactly for equal CIDs; cheap, not printable: for use as a Map key only. */
  get key(): string {
    this.#key ??= byteKey(this.bytes);
    return this.#key;
  }

  /** Equality of version, codec and multihash. Server ids are compared by `multihash` instead (section 5.4). */
  equals(other: Cid | undefined): boolean {
    return other instanceof Cid && this.version === other.version && this.codec === other.codec && this.multihash.equals(other.multihash);
  }

  /** Canonical text: `z…` for version 1, `Qm…` for version 0 (section 5.3). */
  toString(): string {
    this.#text ??= this.version === 0 ? encodeBase58(this.bytes) : `z${encodeBase58(this.bytes)}`;
    return this.#text;
  }

  /** The text form, so that JSON and logs show it. */
  toJSON(): string {
    return this.toString();
  }
}

/** Parses the binary form; rejects an explicit version 0, unknown codecs and trailing bytes (section 5.1). */
export function decodeCid(input: Uint8Array): Cid {
  assertBytes('input', input);
  // Almost all CIDs: each of the four numbers before the digest is one byte.
  const codec = input[1] ?? 0;
  if (input.length === 36 && input[0] === 1 && input[2] === MultihashCode.sha2_256 && input[3] === 32 && isCodec(codec)) {
    return Cid.v1(codec, Multihash.sha256(input.subarray(4)));
  }
  return decodeAnyCid(input);
}

function decodeAnyCid(input: Uint8Array): Cid {
  try {
    if (input.length === 34 && input[0] === 0x12 && input[1] === 0x20) return Cid.v0(decodeMultihash(input));
    const version = decodeSmallVarint(input, 0);
    if (version.value !== 1) throw new FormatError('format.cid', 'version', `must be 1, got ${version.value}`);
    const codec = decodeSmallVarint(input, version.end);
    if (!isCodec(codec.value)) throw new FormatError('format.cid', 'codec', `unknown codec ${codec.value}`);
    return Cid.v1(codec.value, decodeMultihash(input.subarray(codec.end)));
  } catch (error) {
    if (error instanceof FormatError && error.code !== 'format.cid') {
      throw new FormatError('format.cid', '', error.message, { cause: error });
    }
    throw error;
  }
}

/** The CID whose {@link Cid.key} this is. FormatError `format.cid` for any other string. */
export function cidOfKey(key: string): Cid {
  if (typeof key !== 'string') throw new ArgumentError('key', 'must be a string');
  return decodeCid(Uint8Array.from(key, (character) => character.charCodeAt(0)));
}

/**
 * Parses any text form of a CID: `Qm…` of 46 characters or multibase (section 5.3). FormatError `format.cid` or `format.multibase`,
 * LimitError for a text longer than MAX_MULTIBASE_LENGTH.
 */
export function parseCid(text: string): Cid {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  if (text.length < 2) throw new FormatError('format.cid', '', 'text is too short');
  if (text.length === 46 && text.startsWith('Qm')) return decodeCid(decodeBase58(text));
  return decodeCid(decodeMultibase(text));
}

/** Parses a peer id: `1…` is a bare identity multihash and becomes codec libp2p-key; anything else is a CID (section 5.3). */
export function parsePeerId(text: string): Cid {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  if (!text.startsWith('1')) return parseCid(text);
  const multihash = decodeMultihash(decodeBase58(text));
  if (!multihash.isIdentity) throw new FormatError('format.cid', '', 'peer id is no identity multihash');
  return Cid.v1(CidCodec.libp2pKey, multihash);
}

/** base58btc of the version 1 bytes without the `z`: the form inside BAT signatures (section 5.3). */
export function formatCidUnprefixed(cid: Cid): string {
  if (!(cid instanceof Cid)) throw new ArgumentError('cid', 'must be a Cid');
  return encodeBase58(cid.bytes);
}
