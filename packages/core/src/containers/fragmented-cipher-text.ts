import { assertInstance, assertMethods, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import type { BulkOptions, CryptoPool } from '../crypto/pool/crypto-pool.js';
import { layOutSection, type PlainSection, type SealedSection, sealSectionNow } from '../crypto/pool/section.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { FormatError, LimitError } from '../errors.js';
import { Bat, type BatId, BatWithId } from '../keys/bat.js';
import { blockBatList, encodeRawPrefix } from '../keys/bat-prefix.js';
import { MAC_SIZE, NONCE_SIZE, SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_CHUNK_SIZE, MAX_FRAGMENT_SIZE, MAX_FRAGMENTS, MAX_RAW_PREFIX_SIZE, MAX_SECTION_SIZE } from '../limits.js';
import { type Fragment, fetchFragments, type FragmentReader } from './fragment-fetch.js';
import { plaintextItem } from './plaintext.js';

/** The padding block of data sections (chapter 01 section 14.2). */
const PADDING_BLOCK = 4096;
/** What a CBOR head may take of a full chunk, so that it still gives whole fragments. */
const HEAD_ALLOWANCE = 6;
/** Padded lengths up to here stay inline. */
const INLINE_THRESHOLD = PADDING_BLOCK + HEAD_ALLOWANCE;

/** A raw block that a container refers to; write it before, or in one transaction with, the node that links it. */
export interface FragmentBlock {
  readonly cid: Cid;
  /** BAT prefix || piece of the ciphertext. */
  readonly bytes: Uint8Array;
  readonly bat: BatWithId;
}

/** How {@link FragmentedPaddedCipherText.sealInPool} works. */
export interface SealInPoolOptions {
  /** The user's mirror BAT id, if there is one. */
  readonly mirrorBatId?: BatId | undefined;
  /** Cancels. */
  readonly signal?: AbortSignal | undefined;
  /** A byte string is given away with all of its buffer. One in {@link chunkMemory} is encrypted there, and not copied. */
  readonly consume?: boolean | undefined;
  /** Whether the SHA-256 of a byte string, the leaf of a hash tree, is wanted. */
  readonly hashData?: boolean | undefined;
}

/** What {@link FragmentedPaddedCipherText.sealInPool} gives. */
export interface PoolResult extends FragmentedResult {
  /** SHA-256 of the byte string, if it was wanted. */
  readonly dataDigest: Uint8Array | undefined;
}

/** What opens a large secretbox: a `CryptoProvider` on this thread, a `CryptoPool` on another one. */
export interface SecretboxOpener {
  /** See CryptoProvider.secretboxOpen; the ciphertext is given away. */
  secretboxOpen(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array, options?: BulkOptions): Uint8Array | Promise<Uint8Array>;
}

/** A container and the blocks that belong to it. */
export interface FragmentedResult {
  readonly container: FragmentedPaddedCipherText;
  /** Empty when the ciphertext is inline. */
  readonly blocks: readonly FragmentBlock[];
}

/**
 * The data section of a chunk: a padded ciphertext, inline or as links to raw blocks with the BATs that open them (chapter 01 section
 * 14). Immutable. Holds BATs: whoever may read the container may read its fragments.
 */
export class FragmentedPaddedCipherText implements ToCbor {
  private constructor(
    /** 24 bytes; never modify them. */
    readonly nonce: Uint8Array,
    /** The first bytes of the ciphertext; never modify them. */
    readonly header: Uint8Array | undefined,
    /** The ciphertext after the header when it is inline; never modify it. */
    readonly inline: Uint8Array | undefined,
    /** In order; empty when inline. */
    readonly fragments: readonly Fragment[],
  ) {}

  /**
   * Encrypts the CBOR of `value` and cuts it (section 14.2). `mirrorBatId` is the user's mirror BAT id, if there is one. Draws the nonce,
   * then one BAT per fragment. LimitError for a byte string, the data of a file chunk, beyond MAX_CHUNK_SIZE, and when the ciphertext would
   * exceed MAX_SECTION_SIZE.
   */
  static seal(crypto: CryptoProvider, key: SymmetricKey, value: CborValue, mirrorBatId?: BatId): FragmentedResult {
    assertMethods('crypto', crypto, 'secretboxSealInPlace', 'sha256', 'sha256Many');
    const { plain, bats } = plainSection(crypto, key, value, mirrorBatId);
    return FragmentedPaddedCipherText.fragmentedResult(plain.nonce, bats, sealSectionNow(crypto, layOutSection(plain, false), plain.key));
  }

  /**
   * As {@link FragmentedPaddedCipherText.seal}, with the bulk of the work in a pool. A byte string must not change until the promise is
   * settled, and is lost with `consume`. AbortedError when cancelled.
   */
  static async sealInPool(
    crypto: CryptoProvider,
    pool: CryptoPool,
    key: SymmetricKey,
    value: CborValue,
    options: SealInPoolOptions = {},
  ): Promise<PoolResult> {
    assertMethods('crypto', crypto, 'randomBytes', 'sha256');
    assertMethods('pool', pool, 'sealSection');
    assertObject('options', options);
    const { mirrorBatId, signal, consume, hashData } = options;
    const { plain, bats } = plainSection(crypto, key, value, mirrorBatId);
    const sealed = await pool.sealSection({ ...plain, hashData }, { signal, consume });
    return { ...FragmentedPaddedCipherText.fragmentedResult(plain.nonce, bats, sealed), dataDigest: sealed.dataDigest };
  }

  private static fragmentedResult(
    nonce: Uint8Array,
    bats: readonly BatWithId[],
    { header, blocks, digests }: SealedSection,
  ): FragmentedResult {
    if (bats.length === 0) return { container: new FragmentedPaddedCipherText(nonce, undefined, header, []), blocks: [] };
    const pieces = bats.map((bat, i) => ({
      cid: Cid.ofSha256(digests[i] as Uint8Array, CidCodec.raw),
      bat,
      bytes: blocks[i] as Uint8Array,
    }));
    const fragments = pieces.map(({ cid, bat }) => ({ cid, bat }));
    return { container: new FragmentedPaddedCipherText(nonce, header, undefined, fragments), blocks: pieces };
  }

  /**
   * Reads the map `{"f", "h", "n", "bats"}`. Legacy forms (section 14.3) that do not re-encode identically: one raw identity link (it
   * becomes inline), no list of BATs, and more BATs than links (the surplus is ignored).
   */
  static fromCbor(value: CborValue, where = 'FragmentedPaddedCipherText'): FragmentedPaddedCipherText {
    const fields = CborFields.map('format.container', where, value);
    const nonce = copyBytes(fields.bytes('n', NONCE_SIZE));
    const claimedHeader = fields.optionalBytes('h');
    const header = claimedHeader === undefined ? undefined : copyBytes(claimedHeader);
    const parts = fields.list('f');
    if (parts.length === 0) return fields.fail('f', 'must not be empty');
    if (parts.length > MAX_FRAGMENTS) throw new LimitError('fragments', parts.length, MAX_FRAGMENTS);
    const first = parts[0];
    if (first instanceof Uint8Array) {
      if (parts.length > 1) return fields.fail('f', 'must hold one byte string or links');
      return FragmentedPaddedCipherText.inlineForm(fields, nonce, header, first);
    }
    const links = parts.map((part, i) => readLink(part, `${fields.path('f')}[${i}]`));
    const only = links[0];
    if (links.length === 1 && only?.isIdentity === true && only.codec === CidCodec.raw) {
      return FragmentedPaddedCipherText.inlineForm(fields, nonce, header, only.multihash.digest);
    }
    const listed = (fields.optionalList('bats') ?? []).slice(0, links.length);
    const bats = listed.map((bat, i) => BatWithId.fromCbor(bat, `${fields.path('bats')}[${i}]`));
    const fragments = links.map((cid, i): Fragment => {
      const bat = bats[i];
      return bat === undefined ? { cid } : { cid, bat };
    });
    return new FragmentedPaddedCipherText(nonce, header, undefined, fragments);
  }

  private static inlineForm(
    fields: CborFields,
    nonce: Uint8Array,
    header: Uint8Array | undefined,
    inline: Uint8Array,
  ): FragmentedPaddedCipherText {
    if ((header?.length ?? 0) + inline.length < MAC_SIZE) return fields.fail('f', 'is too short for a secretbox');
    return new FragmentedPaddedCipherText(nonce, header, copyBytes(inline), []);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): FragmentedPaddedCipherText {
    return FragmentedPaddedCipherText.fromCbor(decodeCbor(bytes));
  }

  /** Whether the ciphertext is in the container itself. */
  get isInline(): boolean {
    return this.inline !== undefined;
  }

  /**
   * The whole ciphertext: fetches the fragments in parallel, each at most twice, and strips their BAT prefixes (section 14.3).
   * NotFoundError `not-found.block` when a fragment is missing, AbortedError when cancelled, LimitError beyond MAX_SECTION_SIZE.
   */
  async fetchCiphertext(reader: FragmentReader): Promise<Uint8Array> {
    const header = this.header ?? new Uint8Array();
    if (this.inline !== undefined) return concatBytes(header, this.inline);
    return concatBytes(header, ...(await fetchFragments(this.fragments, reader)));
  }

  /**
   * Decrypts a fetched ciphertext and decodes the first CBOR item. CryptoError `crypto.authentication` when it does not open.
   * Byte strings in the result are views into the fresh plaintext.
   */
  decrypt(crypto: CryptoProvider, key: SymmetricKey, ciphertext: Uint8Array): CborValue {
    assertMethods('crypto', crypto, 'secretboxOpen');
    assertInstance('key', key, SymmetricKey);
    return plaintextItem(crypto.secretboxOpen(ciphertext, this.nonce, key.bytes));
  }

  /** Fetches and decrypts, with the engine or in a pool. Errors of the two. */
  async open(crypto: SecretboxOpener, key: SymmetricKey, reader: FragmentReader): Promise<CborValue> {
    assertMethods('crypto', crypto, 'secretboxOpen');
    assertInstance('key', key, SymmetricKey);
    const ciphertext = await this.fetchCiphertext(reader);
    const options = reader.signal === undefined ? { consume: true } : { consume: true, signal: reader.signal };
    return plaintextItem(await crypto.secretboxOpen(ciphertext, this.nonce, key.bytes, options));
  }

  /** Value equality. */
  equals(other: FragmentedPaddedCipherText | undefined): boolean {
    return other instanceof FragmentedPaddedCipherText && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"f", "h", "n", "bats"}`; `bats`, possibly empty, exactly when there are links. */
  toCbor(): CborValue {
    const inline = this.inline;
    return cborMap([
      ['f', inline === undefined ? this.fragments.map(({ cid }) => cid) : [inline]],
      ['h', this.header],
      ['n', this.nonce],
      ['bats', inline === undefined ? this.fragments.flatMap(({ bat }) => (bat === undefined ? [] : [bat.toCbor()])) : undefined],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The CBOR of a value in two parts. Bytes are one of them as they are, so that a chunk of a file need not be copied. */
function cborParts(value: CborValue): { readonly head: Uint8Array; readonly data: Uint8Array } {
  if (!(value instanceof Uint8Array)) return { head: new Uint8Array(), data: encodeCbor(value) };
  assertBytes('value', value);
  if (value.length > MAX_CHUNK_SIZE) throw new LimitError('chunk size', value.length, MAX_CHUNK_SIZE);
  // The head of a byte string is the integer of its length under another major type.
  const head = encodeCbor(value.length);
  head[0] = (head[0] as number) | 0x40;
  return { head, data: value };
}

/** What section 14.2 makes of a value before it is encrypted, and the fresh BATs of its blocks. */
function plainSection(
  crypto: CryptoProvider,
  key: SymmetricKey,
  value: CborValue,
  mirrorBatId: BatId | undefined,
): { readonly plain: PlainSection; readonly bats: readonly BatWithId[] } {
  assertInstance('key', key, SymmetricKey);
  const parts = cborParts(value);
  const plainLength = parts.head.length + parts.data.length;
  const extra = plainLength <= PADDING_BLOCK ? 0 : HEAD_ALLOWANCE;
  const paddedLength = Math.ceil((plainLength - extra) / PADDING_BLOCK) * PADDING_BLOCK + extra;
  const length = paddedLength + MAC_SIZE;
  if (length > MAX_SECTION_SIZE) throw new LimitError('data section ciphertext', length, MAX_SECTION_SIZE);
  const nonce = drawRandomBytes(crypto, NONCE_SIZE);
  const headerLength = paddedLength <= INLINE_THRESHOLD ? length : length % PADDING_BLOCK;
  const drawn = Array.from({ length: Math.ceil((length - headerLength) / MAX_FRAGMENT_SIZE) }, () => Bat.generate(crypto));
  const prefixes = drawn.map((bat) => encodeRawPrefix(blockBatList(bat, mirrorBatId)));
  const bats = drawn.map((bat) => bat.withCalculatedId(crypto));
  const plain = { ...parts, paddedLength, headerLength, pieceLength: MAX_FRAGMENT_SIZE, prefixes, nonce, key: key.bytes };
  return { plain, bats };
}

/** Bytes of the CBOR head of a full chunk. */
const CHUNK_HEAD = 5;

/**
 * Memory for a chunk of a file, MAX_CHUNK_SIZE bytes, with the room around it that {@link FragmentedPaddedCipherText.sealInPool} needs to encrypt it where it
 * is, with `consume`.
 */
export function chunkMemory(): Uint8Array<ArrayBuffer> {
  const before = MAC_SIZE + CHUNK_HEAD;
  const behind = PADDING_BLOCK + Math.ceil(MAX_CHUNK_SIZE / MAX_FRAGMENT_SIZE) * MAX_RAW_PREFIX_SIZE;
  return new Uint8Array(new ArrayBuffer(before + MAX_CHUNK_SIZE + behind), before, MAX_CHUNK_SIZE);
}

function readLink(value: CborValue, where: string): Cid {
  if (!(value instanceof Cid)) throw new FormatError('format.container', where, 'must be a link like the other elements');
  if (value.codec !== CidCodec.raw && value.codec !== CidCodec.dagCbor) {
    throw new FormatError('format.container', where, 'must have codec raw or dag-cbor');
  }
  return value;
}

/**
 * How many bytes of CBOR a section of `plaintextLength` bytes of CBOR stores in fragments, for quota estimates and tests: the payload
 * sizes of its fragments, in order; none when it is inline (section 14.2).
 */
export function fragmentSizes(plaintextLength: number): readonly number[] {
  assertInteger('plaintextLength', plaintextLength, 1, MAX_SECTION_SIZE);
  if (plaintextLength <= INLINE_THRESHOLD) return [];
  let rest = Math.ceil((plaintextLength - HEAD_ALLOWANCE) / PADDING_BLOCK) * PADDING_BLOCK;
  const sizes: number[] = [];
  for (; rest > 0; rest -= MAX_FRAGMENT_SIZE) sizes.push(Math.min(rest, MAX_FRAGMENT_SIZE));
  return sizes;
}
