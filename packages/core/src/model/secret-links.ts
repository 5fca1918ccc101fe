import { assertInstance, assertMethods, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertInteger, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { CipherText } from '../containers/cipher-text.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { NONCE_SIZE } from '../keys/symmetric-key.js';
import type { BlockReadContext, BlockSink, BlockSource } from '../store/block-store.js';
import { Champ } from './champ/index.js';
import { assertLinkLabel } from './link-label.js';

/** The CHAMP key of a link label: SHA-256 of its 8 little-endian bytes (chapter 03 section 6). Labels are 1 to 2^63 - 1. */
export function secretLinkChampKey(hasher: Pick<Hasher, 'sha256'>, label: bigint): Uint8Array {
  assertLinkLabel('label', label);
  assertMethods('hasher', hasher, 'sha256');
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, label, true);
  return hasher.sha256(bytes);
}

/**
 * A capability under a link password, as it is stored (chapter 03 section 6). Immutable. What is inside the container is looked at only
 * when {@link EncryptedCapability.cipherText} is asked for: servers pass it on as it is.
 */
export class EncryptedCapability implements ToCbor {
  private constructor(
    private readonly nonce: Uint8Array,
    private readonly boxed: Uint8Array,
    /** Whether a user password is needed in addition to the one in the link. */
    readonly hasPassword: boolean,
  ) {}

  /** Wraps an encrypted capability. */
  static of(cipherText: CipherText, hasPassword: boolean): EncryptedCapability {
    if (!(cipherText instanceof CipherText)) throw new ArgumentError('cipherText', 'must be a CipherText');
    if (typeof hasPassword !== 'boolean') throw new ArgumentError('hasPassword', 'must be a boolean');
    return new EncryptedCapability(cipherText.nonce, cipherText.boxed, hasPassword);
  }

  /** Reads the map `{"c", "p"?}`. */
  static fromCbor(value: CborValue, where = 'EncryptedCapability'): EncryptedCapability {
    const fields = CborFields.map('format.link', where, value);
    const container = CborFields.list('format.link', fields.path('c'), fields.list('c'), 2);
    return new EncryptedCapability(copyBytes(container.bytes(0, NONCE_SIZE)), copyBytes(container.bytes(1)), fields.boolean('p', false));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): EncryptedCapability {
    return EncryptedCapability.fromCbor(decodeCbor(bytes));
  }

  /** The container to open with the key derived from the link; FormatError when it is too short to be one. */
  get cipherText(): CipherText {
    return CipherText.fromCbor([this.nonce, this.boxed], 'EncryptedCapability.c');
  }

  /** Value equality. */
  equals(other: EncryptedCapability | undefined): boolean {
    return (
      other instanceof EncryptedCapability &&
      this.hasPassword === other.hasPassword &&
      equalBytes(this.nonce, other.nonce) &&
      equalBytes(this.boxed, other.boxed)
    );
  }

  /** The map `{"c", "p"?}`; `p` only when true. */
  toCbor(): CborValue {
    return cborMap([
      ['c', [this.nonce, this.boxed]],
      ['p', this.hasPassword ? true : undefined],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** What may limit the use of a secret link. */
export interface SecretLinkLimits {
  /** Unix time in seconds after which the link is dead. */
  readonly expiry?: number | undefined;
  /** Most retrievals. */
  readonly maxRetrievals?: number | undefined;
}

/** The block that a secret link leads to (chapter 03 section 6). Immutable. */
export class SecretLinkTarget implements ToCbor {
  private constructor(
    readonly capability: EncryptedCapability,
    readonly expiry: number | undefined,
    readonly maxRetrievals: number | undefined,
  ) {}

  /** Builds a target. */
  static of(capability: EncryptedCapability, limits: SecretLinkLimits = {}): SecretLinkTarget {
    if (!(capability instanceof EncryptedCapability)) throw new ArgumentError('capability', 'must be an EncryptedCapability');
    assertObject('limits', limits);
    const { expiry, maxRetrievals } = limits;
    if (expiry !== undefined) assertInteger('expiry', expiry, 0, Number.MAX_SAFE_INTEGER);
    if (maxRetrievals !== undefined) assertInteger('maxRetrievals', maxRetrievals, 0, Number.MAX_SAFE_INTEGER);
    return new SecretLinkTarget(capability, expiry, maxRetrievals);
  }

  /** Reads the map `{"cap", "max"?, "expiry"?}`. */
  static fromCbor(value: CborValue, where = 'SecretLinkTarget'): SecretLinkTarget {
    const fields = CborFields.map('format.link', where, value);
    return new SecretLinkTarget(
      EncryptedCapability.fromCbor(fields.map('cap'), fields.path('cap')),
      fields.optionalInteger('expiry', 0),
      fields.optionalInteger('max', 0),
    );
  }

  /** Reads a block; anything after the item is an error. */
  static decode(bytes: Uint8Array): SecretLinkTarget {
    return SecretLinkTarget.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: SecretLinkTarget | undefined): boolean {
    return (
      other instanceof SecretLinkTarget &&
      this.capability.equals(other.capability) &&
      this.expiry === other.expiry &&
      this.maxRetrievals === other.maxRetrievals
    );
  }

  /** The map `{"cap", "max"?, "expiry"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['cap', this.capability.toCbor()],
      ['max', this.maxRetrievals],
      ['expiry', this.expiry],
    ]);
  }

  /** The bytes of the block. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** A stored secret link; its label cannot be recovered from its key. */
export interface ListedSecretLink {
  /** SHA-256 of the label. */
  readonly key: Uint8Array;
  /** The CID of the target block. */
  readonly cid: Cid;
  readonly target: SecretLinkTarget;
}

/**
 * The secret-link CHAMP of an identity (chapter 03 section 6). Its root carries the BAT id of `context.bat`, the user's mirror BAT, and
 * is read with it; all other blocks are ungated. A user without mirror BAT passes none.
 */
export class SecretLinks {
  private constructor(
    private readonly hasher: Pick<Hasher, 'sha256'>,
    private readonly champ: Champ,
    private readonly source: BlockSource,
    private readonly context: BlockReadContext,
  ) {
    assertMethods('hasher', hasher, 'sha256');
    assertMethods('source', source, 'getBlock');
    assertObject('context', context);
    assertInstance('champ', champ, Champ);
    if (context.bat !== undefined) champ.mirrorBat = context.bat.id;
  }

  /** A new, empty map. */
  static empty(hasher: Pick<Hasher, 'sha256'>, source: BlockSource, context: BlockReadContext): SecretLinks {
    return new SecretLinks(hasher, Champ.empty(source, context), source, context);
  }

  /** The map at `WriterData.links`; an absent root is an empty map. */
  static open(hasher: Pick<Hasher, 'sha256'>, root: Cid | undefined, source: BlockSource, context: BlockReadContext): SecretLinks {
    if (root === undefined) return SecretLinks.empty(hasher, source, context);
    return new SecretLinks(hasher, Champ.open(root, source, context), source, context);
  }

  /** The target of a label with the CID of its block, or undefined. */
  async get(label: bigint): Promise<{ readonly cid: Cid; readonly target: SecretLinkTarget } | undefined> {
    const value = await this.champ.get(secretLinkChampKey(this.hasher, label));
    return value === undefined ? undefined : this.load(value);
  }

  /**
   * Adds a link, or updates it when `expected`, the CID of the present target block, is given. The target block goes into `sink`;
   * returns its CID: remember it as the next `expected`. ConflictError `conflict.champ` when the present target is another one.
   */
  async put(label: bigint, target: SecretLinkTarget, expected: Cid | undefined, sink: BlockSink): Promise<Cid> {
    assertInstance('target', target, SecretLinkTarget);
    assertOptionalInstance('expected', expected, Cid);
    assertMethods('sink', sink, 'putCbor');
    const key = secretLinkChampKey(this.hasher, label);
    const cid = sink.putCbor(target.encode());
    await this.champ.put(key, expected, cid);
    return cid;
  }

  /** Removes a link; false when there is none, and then there is nothing to commit. */
  async remove(label: bigint): Promise<boolean> {
    const key = secretLinkChampKey(this.hasher, label);
    const current = await this.champ.get(key);
    if (current === undefined) return false;
    await this.champ.remove(key, current);
    return true;
  }

  /** All links. */
  async *list(): AsyncGenerator<ListedSecretLink, void, undefined> {
    for await (const { key, value } of this.champ.entries()) yield { key, ...(await this.load(value)) };
  }

  /** Writes changed nodes into `sink`; the root goes into `WriterData.links` of the identity. */
  flush(sink: BlockSink): Cid {
    return this.champ.flush(sink);
  }

  private async load(value: CborValue): Promise<{ readonly cid: Cid; readonly target: SecretLinkTarget }> {
    if (!(value instanceof Cid)) throw new FormatError('format.champ', 'WriterData.links', 'must hold links');
    const { bat: _mirrorBat, ...ungated } = this.context;
    return { cid: value, target: SecretLinkTarget.decode(await this.source.getBlock(value, ungated)) };
  }
}
