import { assertInstance, assertString } from '../arguments.js';
import { compareLengthThenSigned } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { ArgumentError, ConflictError, FormatError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { CommittedWriterData } from './committed-writer-data.js';

interface Entry {
  readonly writer: PublicKeyHash;
  readonly version: CommittedWriterData;
}

/** Order of writers in the serialised form: digest length, signed digest bytes, multihash code (chapter 03 section 3.5). */
export function compareSnapshotWriters(a: PublicKeyHash, b: PublicKeyHash): number {
  assertInstance('a', a, PublicKeyHash);
  assertInstance('b', b, PublicKeyHash);
  const [left, right] = [a.cid.multihash, b.cid.multihash];
  return compareLengthThenSigned(left.digest, right.digest) || left.code - right.code;
}

function requireWriter(writer: unknown): asserts writer is PublicKeyHash {
  if (!(writer instanceof PublicKeyHash)) throw new ArgumentError('writer', 'must be a PublicKeyHash');
}

function requireSnapshot(field: string, snapshot: unknown): asserts snapshot is Snapshot {
  if (!(snapshot instanceof Snapshot)) throw new ArgumentError(field, 'must be a Snapshot');
}

/** A consistent set of versions: writer to {@link CommittedWriterData} (chapter 03 section 3.5). Immutable. */
export class Snapshot implements ToCbor {
  private constructor(
    private readonly entries: ReadonlyMap<string, Entry>,
    /** Set on snapshots that were fetched past local writes in flight; in memory only, never on the result of a write. */
    readonly isReadOnly: boolean,
  ) {}

  /** The snapshot without writers. */
  static empty(): Snapshot {
    return new Snapshot(new Map(), false);
  }

  /** The snapshot of one writer. */
  static of(writer: PublicKeyHash, version: CommittedWriterData): Snapshot {
    return Snapshot.empty().withVersion(writer, version);
  }

  /** Reads `[writer1, version1, …]` in any order. FormatError for an odd length or a writer that occurs twice. */
  static fromCbor(value: CborValue, where = 'Snapshot'): Snapshot {
    assertString('where', where);
    const fail = (path: string, problem: string): never => {
      throw new FormatError('format.writer-data', path, problem);
    };
    if (!Array.isArray(value)) return fail(where, 'must be a list');
    const list = value as readonly CborValue[];
    if (list.length % 2 !== 0) return fail(where, 'must have an even number of elements');
    const entries = new Map<string, Entry>();
    for (let i = 0; i < list.length; i += 2) {
      const link = list[i];
      if (!(link instanceof Cid)) return fail(`${where}[${i}]`, 'must be a link');
      const writer = PublicKeyHash.fromCid(link, `${where}[${i}]`);
      if (entries.has(writer.key)) return fail(`${where}[${i}]`, 'occurs twice');
      entries.set(writer.key, { writer, version: CommittedWriterData.fromCbor(list[i + 1] as CborValue, `${where}[${i + 1}]`) });
    }
    return new Snapshot(entries, false);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): Snapshot {
    return Snapshot.fromCbor(decodeCbor(bytes));
  }

  /** Number of writers. */
  get size(): number {
    return this.entries.size;
  }

  /** The writers, in the order of the serialised form. */
  get writers(): readonly PublicKeyHash[] {
    return [...this.entries.values()].map(({ writer }) => writer).sort(compareSnapshotWriters);
  }

  /** Whether the writer is part of this snapshot. */
  has(writer: PublicKeyHash): boolean {
    requireWriter(writer);
    return this.entries.has(writer.key);
  }

  /** The version of a writer, or undefined when it is not part of this snapshot. */
  get(writer: PublicKeyHash): CommittedWriterData | undefined {
    requireWriter(writer);
    return this.entries.get(writer.key)?.version;
  }

  /** The union; ConflictError `conflict.snapshot` when a writer is in both with unequal versions. Read-only if one of them is. */
  merge(other: Snapshot): Snapshot {
    requireSnapshot('other', other);
    for (const [key, { writer, version }] of other.entries) {
      const ours = this.entries.get(key)?.version;
      if (ours !== undefined && !ours.equals(version)) {
        throw new ConflictError('conflict.snapshot', 'the snapshots hold different versions of one writer', { writer: writer.toString() });
      }
    }
    return new Snapshot(new Map([...other.entries, ...this.entries]), this.isReadOnly || other.isReadOnly);
  }

  /** The union in which the versions of `other` win. Read-only if one of them is. */
  overwrite(other: Snapshot): Snapshot {
    requireSnapshot('other', other);
    return new Snapshot(new Map([...this.entries, ...other.entries]), this.isReadOnly || other.isReadOnly);
  }

  /** This snapshot when it has the writer, otherwise merged with what `fetch` returns for it. */
  async withWriter(writer: PublicKeyHash, fetch: (writer: PublicKeyHash, isReadOnly: boolean) => Promise<Snapshot>): Promise<Snapshot> {
    return this.has(writer) ? this : this.merge(await fetch(writer, this.isReadOnly));
  }

  /** A copy with the version of one writer set. */
  withVersion(writer: PublicKeyHash, version: CommittedWriterData): Snapshot {
    requireWriter(writer);
    if (!(version instanceof CommittedWriterData)) throw new ArgumentError('version', 'must be a CommittedWriterData');
    return new Snapshot(new Map(this.entries).set(writer.key, { writer, version }), this.isReadOnly);
  }

  /** A copy without one writer. */
  remove(writer: PublicKeyHash): Snapshot {
    requireWriter(writer);
    const entries = new Map(this.entries);
    entries.delete(writer.key);
    return new Snapshot(entries, this.isReadOnly);
  }

  /** A copy with only one writer; empty when it is not part of this snapshot. */
  retainOnly(writer: PublicKeyHash): Snapshot {
    requireWriter(writer);
    const entry = this.entries.get(writer.key);
    return new Snapshot(entry === undefined ? new Map() : new Map([[writer.key, entry]]), this.isReadOnly);
  }

  /** A copy with the read-only flag set or cleared. */
  withReadOnly(isReadOnly: boolean): Snapshot {
    if (typeof isReadOnly !== 'boolean') throw new ArgumentError('isReadOnly', 'must be a boolean');
    return new Snapshot(this.entries, isReadOnly);
  }

  /** Equality of all writers and versions; the read-only flag does not count. */
  equals(other: Snapshot | undefined): boolean {
    return (
      other instanceof Snapshot &&
      this.size === other.size &&
      [...this.entries].every(([key, { version }]) => version.equals(other.entries.get(key)?.version))
    );
  }

  /** The list `[writer1, version1, …]`, writers sorted. */
  toCbor(): CborValue {
    return this.writers.flatMap((writer): CborValue[] => {
      const entry = this.entries.get(writer.key);
      return entry === undefined ? [] : [writer.toCbor(), entry.version.toCbor()];
    });
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
