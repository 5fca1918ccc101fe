import { assertInstance, assertList, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertBytes, assertInteger, copyBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SIGNATURE_SIZE, signAttached, type Signer, SigningPrivateKeyAndPublicHash } from '../keys/signing-key.js';
import { MAX_MULTI_WRITER_COMMIT_SIZE, MAX_POINTER_SEQUENCE } from '../limits.js';
import type { WriterPointer } from '../store/pointer-store.js';
import { equalTargets, type MaybeCid, maybeMultihashFromCbor, maybeMultihashToCbor } from './maybe-multihash.js';

/**
 * The sequence after `previous`: 1 when there is no previous update or it carried none (chapter 03 section 2.2). LimitError beyond
 * MAX_POINTER_SEQUENCE, where signed updates no longer fit through servers.
 */
export function nextSequence(previous: number | undefined): number {
  if (previous === undefined) return 1;
  assertInteger('previous', previous, 0, Number.MAX_SAFE_INTEGER);
  if (previous >= MAX_POINTER_SEQUENCE) throw new LimitError('pointer sequence', previous + 1, MAX_POINTER_SEQUENCE);
  return previous + 1;
}

/** One step of a mutable pointer (chapter 03 section 2.2). Immutable. An absent target is EMPTY. */
export class PointerUpdate implements ToCbor {
  // All checks stand here: a malformed update must not exist, not even for callers without types.
  private constructor(
    /** The target before this update. */
    readonly original: MaybeCid,
    /** The new target; EMPTY deletes the subspace. */
    readonly updated: MaybeCid,
    /** The version number; absent in `legacy: read only` updates. */
    readonly sequence: number | undefined,
  ) {
    assertOptionalInstance('original', original, Cid);
    assertOptionalInstance('updated', updated, Cid);
    if (sequence !== undefined) assertInteger('sequence', sequence, 0, Number.MAX_SAFE_INTEGER);
    if (equalTargets(original, updated)) throw new ArgumentError('updated', 'must differ from the original target');
  }

  /** Builds an update with a sequence from 0 to MAX_POINTER_SEQUENCE. ArgumentError when both targets are equal. */
  static of(original: MaybeCid, updated: MaybeCid, sequence: number): PointerUpdate {
    assertInteger('sequence', sequence, 0, MAX_POINTER_SEQUENCE);
    return new PointerUpdate(original, updated, sequence);
  }

  /** The update that moves a writer from its current state to `updated`; `current` is undefined for a writer without pointer. */
  static next(current: Pick<PointerUpdate, 'updated' | 'sequence'> | undefined, updated: MaybeCid): PointerUpdate {
    if (current !== undefined) assertObject('current', current);
    return PointerUpdate.of(current?.updated, updated, nextSequence(current?.sequence));
  }

  /**
   * Reads `[original, updated, sequence?]`; more elements are ignored. FormatError `format.pointer`, also for equal targets and for a
   * sequence that is negative or no safe integer.
   */
  static fromCbor(value: CborValue, where = 'PointerUpdate'): PointerUpdate {
    const fields = CborFields.list('format.pointer', where, value, 2);
    const original = maybeMultihashFromCbor(fields.value(0), fields.path(0));
    const updated = maybeMultihashFromCbor(fields.value(1), fields.path(1));
    const sequence = fields.optionalInteger(2, 0);
    if (equalTargets(original, updated)) return fields.fail(1, 'must differ from the original target');
    return new PointerUpdate(original, updated, sequence);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PointerUpdate {
    return PointerUpdate.fromCbor(decodeCbor(bytes));
  }

  /** Reads the update inside a signed one WITHOUT verifying the signature: only for bytes that were verified before. */
  static decodeVerifiedBefore(signed: Uint8Array): PointerUpdate {
    assertBytes('signed', signed);
    if (signed.length <= SIGNATURE_SIZE) throw new FormatError('format.pointer', 'signed update', 'is too short for a signature');
    return PointerUpdate.decode(signed.subarray(SIGNATURE_SIZE));
  }

  /** The signed form: 64-byte signature || CBOR (section 2.3). */
  sign(crypto: CryptoProvider, signer: Signer): Uint8Array {
    assertInstance('signer', signer, SigningPrivateKeyAndPublicHash);
    return signAttached(crypto, signer.secretKey, this.encode());
  }

  /** Bytes of the signed form; servers refuse more than MAX_SIGNED_POINTER_SIZE. */
  get signedSize(): number {
    return SIGNATURE_SIZE + this.encode().length;
  }

  /** Value equality. */
  equals(other: PointerUpdate | undefined): boolean {
    return (
      other instanceof PointerUpdate &&
      equalTargets(this.original, other.original) &&
      equalTargets(this.updated, other.updated) &&
      this.sequence === other.sequence
    );
  }

  /** The list; two elements when there is no sequence. */
  toCbor(): CborValue {
    const targets = [maybeMultihashToCbor(this.original), maybeMultihashToCbor(this.updated)];
    return this.sequence === undefined ? targets : [...targets, this.sequence];
  }

  /** The CBOR bytes: what writers sign. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** Refuses a list in which a writer occurs twice; `fail` throws for the index of the second one. */
function checkWritersAreUnique(updates: readonly WriterPointer[], fail: (index: number) => never): void {
  const seen = new Set<string>();
  for (const [index, { writer }] of updates.entries()) {
    if (seen.has(writer.key)) fail(index);
    seen.add(writer.key);
  }
}

/**
 * The CBOR bytes of a MultiWriterCommit (chapter 03 section 2.4), in list order. ArgumentError when a writer occurs twice, LimitError
 * beyond MAX_MULTI_WRITER_COMMIT_SIZE.
 */
export function encodeMultiWriterCommit(updates: readonly WriterPointer[]): Uint8Array {
  assertList('updates', updates);
  // Array.from: a hole is looked at like any other wrong element.
  const list = Array.from(updates, (update, index) => {
    assertObject(`updates[${index}]`, update);
    const { writer, signed } = update;
    assertInstance(`updates[${index}].writer`, writer, PublicKeyHash);
    assertBytes(`updates[${index}].signed`, signed);
    return cborMap([
      ['s', signed],
      ['w', writer.toCbor()],
    ]);
  });
  checkWritersAreUnique(updates, (index) => {
    throw new ArgumentError(`updates[${index}].writer`, 'occurs twice');
  });
  const bytes = encodeCbor(cborMap([['p', list]]));
  if (bytes.length > MAX_MULTI_WRITER_COMMIT_SIZE) {
    throw new LimitError('multi-writer commit', bytes.length, MAX_MULTI_WRITER_COMMIT_SIZE);
  }
  return bytes;
}

/**
 * Reads a MultiWriterCommit; an absent list is empty. The signed updates are not looked into. FormatError `format.pointer` when a
 * writer occurs twice, LimitError beyond MAX_MULTI_WRITER_COMMIT_SIZE.
 */
export function decodeMultiWriterCommit(bytes: Uint8Array): WriterPointer[] {
  assertBytes('bytes', bytes);
  if (bytes.length > MAX_MULTI_WRITER_COMMIT_SIZE) {
    throw new LimitError('multi-writer commit', bytes.length, MAX_MULTI_WRITER_COMMIT_SIZE);
  }
  const fields = CborFields.map('format.pointer', 'MultiWriterCommit', decodeCbor(bytes));
  const updates = (fields.optionalList('p') ?? []).map((item, index) => {
    const update = CborFields.map('format.pointer', `${fields.path('p')}[${index}]`, item);
    return { writer: PublicKeyHash.fromCid(update.link('w'), update.path('w')), signed: copyBytes(update.bytes('s')) };
  });
  checkWritersAreUnique(updates, (index) => fields.fail('p', `writer ${index} occurs twice`));
  return updates;
}
