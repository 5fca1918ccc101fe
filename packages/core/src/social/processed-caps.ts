import { assertObject } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_GROUPS } from '../limits.js';
import { isGroupUid } from './group-uid.js';
import type { SharedAccess } from './shared-with-state.js';
import { decodeSocialFile, encodeSocialFile, socialMap } from './social-fields.js';

/** What was read of the capabilities that a friend shares, from where on, and how much of it could be opened (chapter 06 section 9.2). */
export interface CapabilitiesRead {
  /** Where reading of `sharing.r` began. */
  readonly readStart: number;
  /** Bytes of `sharing.r` that were read. */
  readonly readBytes: number;
  /** Its capabilities that could be opened. */
  readonly readCount: number;
  /** The same of `sharing.w`. */
  readonly writeStart: number;
  readonly writeBytes: number;
  readonly writeCount: number;
  /** The same of the folders of groups, by the id of the group. */
  readonly groups?: ReadonlyMap<string, CapabilitiesRead> | undefined;
}

/** How far the capabilities of a friend were read (chapter 06 section 9.1). Immutable. */
export class ProcessedCaps implements ToCbor {
  /** Nothing was read. */
  static readonly empty: ProcessedCaps = new ProcessedCaps(0, 0, 0, 0, new Map());

  private constructor(
    /** Bytes of `sharing.r` that were read. */
    readonly readBytes: number,
    /** Its capabilities that could be opened. */
    readonly readCount: number,
    /** Bytes of `sharing.w` that were read. */
    readonly writeBytes: number,
    /** Its capabilities that could be opened. */
    readonly writeCount: number,
    /** How far the folders of groups were read, by the id of the group. */
    readonly groups: ReadonlyMap<string, ProcessedCaps>,
  ) {}

  /** Reads the map `{"g", "rb", "rc", "wb", "wc"}`. LimitError beyond MAX_GROUPS. */
  static fromCbor(value: CborValue, where = 'ProcessedCaps'): ProcessedCaps {
    const fields = socialMap(where, value);
    const found = fields.map('g');
    if (found.size > MAX_GROUPS) throw new LimitError('groups', found.size, MAX_GROUPS);
    const groups = new Map<string, ProcessedCaps>();
    for (const [uid, position] of found) {
      if (!isGroupUid(uid)) return fields.fail('g', 'must have ids of groups as keys');
      groups.set(uid, ProcessedCaps.fromCbor(position, `${fields.path('g')}[${groups.size}]`));
    }
    const number = (key: string): number => fields.integer(key, 0);
    return new ProcessedCaps(number('rb'), number('rc'), number('wb'), number('wc'), groups);
  }

  /** Reads `<friend>$incoming.cbor`; anything after the item is an error. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
  static decode(bytes: Uint8Array): ProcessedCaps {
    return ProcessedCaps.fromCbor(decodeSocialFile(bytes));
  }

  /** The position after what was read. ArgumentError when that did not begin at this position, or beyond MAX_GROUPS. */
  add(read: CapabilitiesRead): ProcessedCaps {
    return this.advance('read', read);
  }

  /** The same position with the files of one access read from their beginning once more: of the friend, or of the folder of one group. */
  restarted(access: SharedAccess, group?: string): ProcessedCaps {
    if (group !== undefined) {
      const groups = new Map(this.groups);
      const inGroup = groups.get(group);
      if (inGroup !== undefined) groups.set(group, inGroup.restarted(access));
      return new ProcessedCaps(this.readBytes, this.readCount, this.writeBytes, this.writeCount, groups);
    }
    return access === 'read'
      ? new ProcessedCaps(0, 0, this.writeBytes, this.writeCount, this.groups)
      : new ProcessedCaps(this.readBytes, this.readCount, 0, 0, this.groups);
  }

  /** Value equality. */
  equals(other: ProcessedCaps | undefined): boolean {
    return (
      other instanceof ProcessedCaps &&
      this.readBytes === other.readBytes &&
      this.readCount === other.readCount &&
      this.writeBytes === other.writeBytes &&
      this.writeCount === other.writeCount &&
      this.groups.size === other.groups.size &&
      [...this.groups].every(([uid, position]) => position.equals(other.groups.get(uid)))
    );
  }

  /** The map `{"g", "rb", "rc", "wb", "wc"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['g', new Map([...this.groups].map(([uid, position]) => [uid, position.toCbor()]))],
      ['rb', this.readBytes],
      ['rc', this.readCount],
      ['wb', this.writeBytes],
      ['wc', this.writeCount],
    ]);
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeSocialFile(this.toCbor());
  }

  private advance(field: string, read: CapabilitiesRead): ProcessedCaps {
    assertObject(field, read);
    const { readStart, readBytes, readCount, writeStart, writeBytes, writeCount } = read;
    if (readStart !== this.readBytes) throw new ArgumentError(`${field}.readStart`, 'must be where the last reading ended');
    if (writeStart !== this.writeBytes) throw new ArgumentError(`${field}.writeStart`, 'must be where the last reading ended');
    const sum = (name: string, before: number, added: number): number => {
      assertInteger(`${field}.${name}`, added, 0, Number.MAX_SAFE_INTEGER - before);
      return before + added;
    };
    return new ProcessedCaps(
      sum('readBytes', this.readBytes, readBytes),
      sum('readCount', this.readCount, readCount),
      sum('writeBytes', this.writeBytes, writeBytes),
      sum('writeCount', this.writeCount, writeCount),
      this.groupsAfter(field, read.groups),
    );
  }

  private groupsAfter(field: string, read: ReadonlyMap<string, CapabilitiesRead> | undefined): ReadonlyMap<string, ProcessedCaps> {
    if (read === undefined) return this.groups;
    if (!(read instanceof Map)) throw new ArgumentError(`${field}.groups`, 'must be a Map');
    const groups = new Map(this.groups);
    for (const [uid, inGroup] of read as ReadonlyMap<unknown, CapabilitiesRead>) {
      if (!isGroupUid(uid)) throw new ArgumentError(`${field}.groups`, 'must have ids of groups as keys');
      // Groups have no groups: what would be nested is not followed, and a cycle is none.
      if (inGroup?.groups !== undefined && inGroup.groups.size > 0) {
        throw new ArgumentError(`${field}.groups`, 'must not have groups of their own');
      }
      groups.set(uid, (groups.get(uid) ?? ProcessedCaps.empty).advance(`${field}.groups`, inGroup));
    }
    if (groups.size > MAX_GROUPS) throw new LimitError('groups', groups.size, MAX_GROUPS);
    return groups;
  }
}
