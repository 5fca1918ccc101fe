import { assertInstance, assertIterable, assertString } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_FRIENDS_GROUPS, MAX_PATH_LENGTH } from '../limits.js';
import { EntryPoint } from '../model/user-static-data.js';
import { assertPath, socialMap } from './social-fields.js';

/**
 * The folders of groups that friends have let a user into: `/<user>/.groups-from-friends.cborstream`, which is one item and no stream (chapter 06
 * section 7). Immutable.
 */
export class FriendsGroups implements ToCbor {
  private constructor(
    /** By the path of the folder, `/alice/shared/.<id>`. */
    readonly entryPoints: ReadonlyMap<string, EntryPoint>,
  ) {}

  /** Builds it from paths and entry points. LimitError beyond MAX_FRIENDS_GROUPS. */
  static of(entryPoints: Iterable<readonly [string, EntryPoint]> = []): FriendsGroups {
    assertIterable('entryPoints', entryPoints);
    const checked = new Map<string, EntryPoint>();
    for (const entry of entryPoints) {
      if (!Array.isArray(entry)) throw new ArgumentError('entryPoints', 'must be an iterable of paths and entry points');
      const [path, entryPoint] = entry as readonly [unknown, unknown];
      assertPath('entryPoints', path);
      assertInstance('entryPoints', entryPoint, EntryPoint);
      checked.set(path, entryPoint);
    }
    if (checked.size > MAX_FRIENDS_GROUPS) throw new LimitError('groups of friends', checked.size, MAX_FRIENDS_GROUPS);
    return new FriendsGroups(checked);
  }

  /** Reads the map `{"g"}`. LimitError beyond MAX_FRIENDS_GROUPS. */
  static fromCbor(value: CborValue, where = 'FriendsGroups'): FriendsGroups {
    const fields = socialMap(where, value);
    const found = fields.map('g');
    if (found.size > MAX_FRIENDS_GROUPS) throw new LimitError('groups of friends', found.size, MAX_FRIENDS_GROUPS);
    const entryPoints = new Map<string, EntryPoint>();
    for (const [path, entry] of found) {
      if (path.length > MAX_PATH_LENGTH) return fields.fail('g', `must have paths of at most ${MAX_PATH_LENGTH} characters as keys`);
      entryPoints.set(path, EntryPoint.fromCbor(entry, `${fields.path('g')}[${entryPoints.size}]`));
    }
    return new FriendsGroups(entryPoints);
  }

  /** Reads the file; anything after the item is an error. */
  static decode(bytes: Uint8Array): FriendsGroups {
    return FriendsGroups.fromCbor(decodeCbor(bytes));
  }

  /** The same with one more group, or with another entry point for the one at this path. */
  with(path: string, entryPoint: EntryPoint): FriendsGroups {
    return FriendsGroups.of([...this.entryPoints, [path, entryPoint]]);
  }

  /** The groups of a friend, by path: those whose path has the name as its whole first part. */
  ofFriend(username: string): Map<string, EntryPoint> {
    assertString('username', username);
    return new Map([...this.entryPoints].filter(([path]) => path.replace(/^\//u, '').split('/', 1)[0] === username));
  }

  /** Value equality. */
  equals(other: FriendsGroups | undefined): boolean {
    return (
      other instanceof FriendsGroups &&
      this.entryPoints.size === other.entryPoints.size &&
      [...this.entryPoints].every(([path, entryPoint]) => entryPoint.equals(other.entryPoints.get(path)))
    );
  }

  /** The map `{"g"}`. */
  toCbor(): CborValue {
    return cborMap([['g', new Map([...this.entryPoints].map(([path, entryPoint]) => [path, entryPoint.toCbor()]))]]);
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
