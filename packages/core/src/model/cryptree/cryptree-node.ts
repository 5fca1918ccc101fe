import { assertInstance, assertInstances, assertMethods, assertObject } from '../../arguments.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { Cid, CidCodec } from '../../codec/cid.js';
import { FragmentedPaddedCipherText } from '../../containers/fragmented-cipher-text.js';
import { PaddedCipherText } from '../../containers/padded-cipher-text.js';
import type { Hasher } from '../../crypto/provider.js';
import { LimitError } from '../../errors.js';
import { batIdsOfCbor } from '../../keys/bat-prefix.js';
import { BatId } from '../../keys/bat.js';
import { MAX_BLOCK_BATS, MAX_BLOCK_SIZE } from '../../limits.js';

/** The only version of the outer block (chapter 04 section 5.1). */
const VERSION = 1;

/** The parts of a {@link CryptreeNode}. */
export interface CryptreeNodeParts {
  /** The encrypted `BaseSection`. */
  readonly base: PaddedCipherText;
  /** The child list of a directory or the bytes of a file chunk, encrypted. */
  readonly data: FragmentedPaddedCipherText;
  /** The encrypted `ParentSection`. */
  readonly parent: PaddedCipherText;
  /** Who may fetch the block; none on legacy data. */
  readonly batIds: readonly BatId[];
}

/**
 * The block of one chunk of a file or directory: three encrypted sections (chapter 04 section 5.1). Which of the two it is shows only when
 * it is opened. Immutable.
 */
export class CryptreeNode implements ToCbor {
  private constructor(
    readonly base: PaddedCipherText,
    readonly data: FragmentedPaddedCipherText,
    readonly parent: PaddedCipherText,
    readonly batIds: readonly BatId[],
  ) {}

  /** Builds a node of at most MAX_BLOCK_BATS BAT ids. */
  static of(parts: CryptreeNodeParts): CryptreeNode {
    assertObject('parts', parts);
    const { base, data, parent, batIds } = parts;
    assertInstance('base', base, PaddedCipherText);
    assertInstance('data', data, FragmentedPaddedCipherText);
    assertInstance('parent', parent, PaddedCipherText);
    assertInstances('batIds', batIds, BatId);
    if (batIds.length > MAX_BLOCK_BATS) throw new LimitError('BAT ids of a block', batIds.length, MAX_BLOCK_BATS);
    return new CryptreeNode(base, data, parent, [...batIds]);
  }

  /** Reads the map `{"b", "d", "p", "v", "bats"?}`; any version but 1 is a FormatError. */
  static fromCbor(value: CborValue, where = 'CryptreeNode'): CryptreeNode {
    const fields = CborFields.map('format.cryptree', where, value);
    if (fields.integer('v') !== VERSION) return fields.fail('v', 'unknown version');
    return new CryptreeNode(
      PaddedCipherText.fromCbor(fields.list('b'), fields.path('b')),
      FragmentedPaddedCipherText.fromCbor(fields.map('d'), fields.path('d')),
      PaddedCipherText.fromCbor(fields.list('p'), fields.path('p')),
      batIdsOfCbor(value),
    );
  }

  /** Reads a block; anything after the item is an error. */
  static decode(bytes: Uint8Array): CryptreeNode {
    return CryptreeNode.fromCbor(decodeCbor(bytes, { legacyTextLinks: true }));
  }

  /** The id of the user's mirror BAT: the last of two ids (chapter 04 section 5.6). New things in this directory get it, too. */
  get mirrorBatId(): BatId | undefined {
    return this.batIds.length === 2 ? this.batIds[1] : undefined;
  }

  /** The same node with some parts replaced. */
  with(changes: Partial<CryptreeNodeParts>): CryptreeNode {
    assertObject('changes', changes);
    const { base = this.base, data = this.data, parent = this.parent, batIds = this.batIds } = changes;
    return CryptreeNode.of({ base, data, parent, batIds });
  }

  /** Value equality of the encrypted forms. */
  equals(other: CryptreeNode | undefined): boolean {
    return (
      other instanceof CryptreeNode &&
      this.base.equals(other.base) &&
      this.data.equals(other.data) &&
      this.parent.equals(other.parent) &&
      this.batIds.length === other.batIds.length &&
      this.batIds.every((id, i) => id.equals(other.batIds[i]))
    );
  }

  /** The map `{"b", "d", "p", "v", "bats"?}`; `bats` only when there are some. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.base.toCbor()],
      ['d', this.data.toCbor()],
      ['p', this.parent.toCbor()],
      ['v', VERSION],
      ['bats', this.batIds.length === 0 ? undefined : this.batIds.map((id) => id.toCbor())],
    ]);
  }

  /** The block. LimitError beyond MAX_BLOCK_SIZE. */
  encode(): Uint8Array {
    const bytes = encodeCbor(this.toCbor());
    if (bytes.length > MAX_BLOCK_SIZE) throw new LimitError('block size', bytes.length, MAX_BLOCK_SIZE);
    return bytes;
  }

  /** The block and its CID. */
  toBlock(hasher: Pick<Hasher, 'sha256'>): { readonly cid: Cid; readonly bytes: Uint8Array } {
    assertMethods('hasher', hasher, 'sha256');
    const bytes = this.encode();
    return { cid: Cid.ofSha256(hasher.sha256(bytes), CidCodec.dagCbor), bytes };
  }
}
