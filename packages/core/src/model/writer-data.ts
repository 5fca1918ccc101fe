import { assertInstance, assertMethods, assertObject } from '../arguments.js';
import { equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { type CborMap, cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { PaddedCipherText } from '../containers/padded-cipher-text.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, printable } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import {
  RandomSecretGeneration,
  ScryptSecretGeneration,
  type SecretGenerationAlgorithm,
  secretGenerationAlgorithmFromCbor,
} from '../keys/secret-generation-algorithm.js';

/** The fields of a {@link WriterData} under their names on the wire (chapter 03 section 3.1). */
export interface WriterDataFields {
  /** The writer key that controls this subspace. */
  readonly controller: PublicKeyHash;
  /** How login keys are derived from the password; identity keys only. */
  readonly algorithm: SecretGenerationAlgorithm | undefined;
  /** Block that describes the public inode filesystem; identity keys only. */
  readonly public: Cid | undefined;
  /** Public boxing key for follow requests; identity keys only. */
  readonly inbound: PublicKeyHash | undefined;
  /** Root of the owned-key CHAMP; absent reads as an empty map. */
  readonly owned: Cid | undefined;
  /** Labelled owned keys; empty when absent, and then not written. */
  readonly named: ReadonlyMap<string, OwnerProof>;
  /** `legacy: read only`: login data stored in public. */
  readonly static: PaddedCipherText | undefined;
  /** Root of the filesystem CHAMP; absent until the first chunk is stored. */
  readonly tree: Cid | undefined;
  /** Root of the secret-link CHAMP; identity keys only. */
  readonly links: Cid | undefined;
}

/** What {@link WriterData.with} changes: undefined removes a field. `static` is never written anew, only kept or removed. */
export type WriterDataChanges = {
  readonly [K in keyof Omit<WriterDataFields, 'controller' | 'static'>]?: WriterDataFields[K] | undefined;
} & {
  readonly static?: undefined;
};

type Changeable = keyof WriterDataChanges;

/** A copy that shares no memory with `value`: decoded byte strings are views into somebody's input. */
function ownCopy(value: CborMap): CborMap {
  return decodeCbor(encodeCbor(value)) as CborMap;
}

function link(field: string, value: unknown): Cid {
  assertInstance(field, value, Cid);
  return value;
}

/** The CBOR of a changed field, checked; undefined removes it. */
const encodeField: { readonly [K in Changeable]: (value: NonNullable<WriterDataChanges[K]>) => CborValue | undefined } = {
  algorithm: (value) => {
    if (!(value instanceof RandomSecretGeneration) && !(value instanceof ScryptSecretGeneration)) {
      throw new ArgumentError('algorithm', 'must be a SecretGenerationAlgorithm');
    }
    return value.toCbor();
  },
  inbound: (value) => {
    if (!(value instanceof PublicKeyHash)) throw new ArgumentError('inbound', 'must be a PublicKeyHash');
    return value.toCbor();
  },
  named: (value) => {
    if (!(value instanceof Map)) throw new ArgumentError('named', 'must be a Map');
    const proofs = [...(value as ReadonlyMap<string, OwnerProof>)].map(([name, proof]): [string, CborValue] => {
      if (!(proof instanceof OwnerProof)) throw new ArgumentError('named', 'must hold owner proofs');
      return [name, proof.toCbor()];
    });
    return proofs.length === 0 ? undefined : cborMap(proofs);
  },
  public: (value) => link('public', value),
  owned: (value) => link('owned', value),
  tree: (value) => link('tree', value),
  links: (value) => link('links', value),
  static: () => {
    throw new ArgumentError('static', 'is legacy and can only be removed');
  },
};

function isChangeable(name: string): name is Changeable {
  return Object.hasOwn(encodeField, name);
}

/**
 * The block that a mutable pointer targets (chapter 03 section 3.1). Immutable. Unknown keys of a block that was read are kept when
 * it is rewritten.
 */
export class WriterData implements WriterDataFields, ToCbor {
  readonly controller: PublicKeyHash;
  readonly algorithm: SecretGenerationAlgorithm | undefined;
  readonly public: Cid | undefined;
  readonly inbound: PublicKeyHash | undefined;
  readonly owned: Cid | undefined;
  readonly named: ReadonlyMap<string, OwnerProof>;
  readonly static: PaddedCipherText | undefined;
  readonly tree: Cid | undefined;
  readonly links: Cid | undefined;

  private constructor(
    /** The truth: the map as it is written, with unknown keys. Not shared with anybody. */
    private readonly map: CborMap,
    where: string,
  ) {
    const fields = CborFields.map('format.writer-data', where, map);
    const algorithm = fields.optionalMap('algorithm');
    const inbound = fields.optionalLink('inbound');
    const legacy = fields.optionalList('static');
    this.controller = PublicKeyHash.fromCid(fields.link('controller'), fields.path('controller'));
    this.algorithm = algorithm === undefined ? undefined : secretGenerationAlgorithmFromCbor(algorithm, fields.path('algorithm'));
    this.public = fields.optionalLink('public');
    this.inbound = inbound === undefined ? undefined : PublicKeyHash.fromCid(inbound, fields.path('inbound'));
    this.owned = fields.optionalLink('owned');
    this.named = new Map(
      [...(fields.optionalMap('named') ?? [])].map(([name, proof]) => [
        name,
        OwnerProof.fromCbor(proof, `${fields.path('named')}.${printable(name)}`),
      ]),
    );
    this.static = legacy === undefined ? undefined : PaddedCipherText.fromCbor(legacy, fields.path('static'));
    this.tree = fields.optionalLink('tree');
    this.links = fields.optionalLink('links');
  }

  /** The version that a new writer starts from: only `controller`. */
  static of(controller: PublicKeyHash, changes: WriterDataChanges = {}): WriterData {
    if (!(controller instanceof PublicKeyHash)) throw new ArgumentError('controller', 'must be a PublicKeyHash');
    return new WriterData(new Map([['controller', controller.toCbor()]]), 'WriterData').with(changes);
  }

  /** Reads the map; unknown keys are kept. FormatError naming the field. */
  static fromCbor(value: CborValue, where = 'WriterData'): WriterData {
    CborFields.map('format.writer-data', where, value);
    return new WriterData(ownCopy(value as CborMap), where);
  }

  /** Reads a block; anything after the item is an error. */
  static decode(bytes: Uint8Array): WriterData {
    return WriterData.fromCbor(decodeCbor(bytes));
  }

  /** A copy with the named fields changed; a field that is present with the value undefined is removed. */
  with(changes: WriterDataChanges): WriterData {
    assertObject('changes', changes);
    const map = new Map(this.map);
    for (const [name, value] of Object.entries(changes)) {
      if (!isChangeable(name)) throw new ArgumentError(name, 'is no field that can be changed');
      // The table has one encoder per field; TypeScript cannot pair a union of names with a union of values.
      const encoded = value === undefined ? undefined : (encodeField[name] as (value: unknown) => CborValue | undefined)(value);
      if (encoded === undefined) map.delete(name);
      else map.set(name, encoded);
    }
    return new WriterData(ownCopy(map), 'WriterData');
  }

  /**
   * The names of the fields, unknown ones included, whose values differ in the two versions: what a merge must not lose (chapter 03
   * section 12.2).
   */
  changedFields(other: WriterData): string[] {
    if (!(other instanceof WriterData)) throw new ArgumentError('other', 'must be a WriterData');
    const names = new Set([...this.map.keys(), ...other.map.keys()]);
    return [...names].filter((name) => {
      const [ours, theirs] = [this.map.get(name), other.map.get(name)];
      return ours === undefined || theirs === undefined || !equalBytes(encodeCbor(ours), encodeCbor(theirs));
    });
  }

  /** The CID of the block. */
  cid(hasher: Hasher): Cid {
    assertMethods('hasher', hasher, 'sha256');
    return Cid.ofSha256(hasher.sha256(this.encode()), CidCodec.dagCbor);
  }

  /** Value equality, unknown keys included. */
  equals(other: WriterData | undefined): boolean {
    return other instanceof WriterData && equalBytes(this.encode(), other.encode());
  }

  /** The map. */
  toCbor(): CborValue {
    return ownCopy(this.map);
  }

  /** The bytes of the block. */
  encode(): Uint8Array {
    return encodeCbor(this.map);
  }
}
