import { assertIterable } from '../arguments.js';
import { isWellFormed } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { RandomSource } from '../crypto/provider.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_GROUP_NAME_LENGTH, MAX_GROUPS } from '../limits.js';
import { generateGroupUid, isGroupUid } from './group-uid.js';
import { socialMap } from './social-fields.js';

/** The names of the two groups that every account has (chapter 06 section 6). */
export const GroupName = {
  friends: 'friends',
  followers: 'followers',
} as const;

/** The groups of a user: `/<user>/shared/.groups.cbor` (chapter 06 section 6). Immutable. */
export class Groups implements ToCbor {
  private constructor(
    /** Names by id. */
    readonly names: ReadonlyMap<string, string>,
  ) {}

  /** Builds groups from ids and names. LimitError beyond MAX_GROUPS. */
  static of(names: Iterable<readonly [string, string]>): Groups {
    assertIterable('names', names);
    const checked = new Map<string, string>();
    for (const entry of names) {
      if (!Array.isArray(entry)) throw new ArgumentError('names', 'must be an iterable of ids and names');
      const [uid, name] = entry as readonly [unknown, unknown];
      if (!isGroupUid(uid)) throw new ArgumentError('names', 'must have ids of groups as keys');
      if (!isGroupName(name)) throw new ArgumentError('names', `must have texts of at most ${MAX_GROUP_NAME_LENGTH} characters as values`);
      checked.set(uid, name);
    }
    if (checked.size > MAX_GROUPS) throw new LimitError('groups', checked.size, MAX_GROUPS);
    return new Groups(checked);
  }

  /** The two groups of a new account, with fresh ids. */
  static generate(random: RandomSource): Groups {
    return Groups.of([
      [generateGroupUid(random), GroupName.friends],
      [generateGroupUid(random), GroupName.followers],
    ]);
  }

  /** Reads the map `{"n"}`. LimitError beyond MAX_GROUPS. */
  static fromCbor(value: CborValue, where = 'Groups'): Groups {
    const fields = socialMap(where, value);
    const found = fields.map('n');
    if (found.size > MAX_GROUPS) throw new LimitError('groups', found.size, MAX_GROUPS);
    const names = new Map<string, string>();
    for (const [uid, name] of found) {
      if (!isGroupUid(uid)) return fields.fail('n', 'must have ids of groups as keys');
      if (!isGroupName(name)) return fields.fail('n', `must have texts of at most ${MAX_GROUP_NAME_LENGTH} characters as values`);
      names.set(uid, name);
    }
    return new Groups(names);
  }

  /** Reads the file; anything after the item is an error. */
  static decode(bytes: Uint8Array): Groups {
    return Groups.fromCbor(decodeCbor(bytes));
  }

  /** The id of the first group of this name, or undefined. */
  uidOf(name: string): string | undefined {
    for (const [uid, found] of this.names) if (found === name) return uid;
    return undefined;
  }

  /** Value equality. */
  equals(other: Groups | undefined): boolean {
    return (
      other instanceof Groups &&
      this.names.size === other.names.size &&
      [...this.names].every(([uid, name]) => other.names.get(uid) === name)
    );
  }

  /** The map `{"n"}`. */
  toCbor(): CborValue {
    return cborMap([['n', new Map(this.names)]]);
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function isGroupName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= MAX_GROUP_NAME_LENGTH && isWellFormed(name);
}
