import { assertInstance, assertInstances, assertList, assertObject, assertOptionalInstance } from '../arguments.js';
import { copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { compareMultihashes } from '../codec/multihash.js';
import { ArgumentError } from '../errors.js';
import { BatWithId } from '../keys/bat.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { MAX_SIGNED_POINTER_SIZE } from '../limits.js';
import type { WriterPointer } from '../store/pointer-store.js';
import { BlindFollowRequest } from './blind-follow-request.js';
import { assertBoundedBytes, boundedBytes, usernameField } from './bounded-fields.js';
import { LinkCounts } from './link-counts.js';
import { LoginData } from './login-data.js';
import { assertWireUsername } from './usernames.js';

/** What a {@link UserSnapshot} is made of. */
export interface UserSnapshotParts {
  readonly username: string;
  /** The identity key. */
  readonly owner: PublicKeyHash;
  /** Pending follow requests, oldest first. */
  readonly followRequests: readonly BlindFollowRequest[];
  /** The signed pointer of each writer. */
  readonly pointers: readonly WriterPointer[];
  /** Mirror BATs, oldest first. */
  readonly bats: readonly BatWithId[];
  /** Absent on legacy accounts. Never with an identity update. */
  readonly login?: LoginData | undefined;
  readonly linkCounts: LinkCounts;
}

/** Everything of an account that is not a block: what mirrors and migrations copy (chapter 05 section 23). Immutable. */
export class UserSnapshot implements ToCbor, UserSnapshotParts {
  private constructor(
    readonly username: string,
    readonly owner: PublicKeyHash,
    readonly followRequests: readonly BlindFollowRequest[],
    readonly pointers: readonly WriterPointer[],
    readonly bats: readonly BatWithId[],
    readonly login: LoginData | undefined,
    readonly linkCounts: LinkCounts,
  ) {}

  /** Builds a snapshot; pointers are sorted by the hash of their writer. */
  static of(parts: UserSnapshotParts): UserSnapshot {
    assertObject('parts', parts);
    const { username, owner, followRequests, pointers, bats, login, linkCounts } = parts;
    assertWireUsername('username', username);
    assertInstance('owner', owner, PublicKeyHash);
    assertInstances('followRequests', followRequests, BlindFollowRequest);
    assertInstances('bats', bats, BatWithId);
    assertList('pointers', pointers);
    assertOptionalInstance('login', login, LoginData);
    assertInstance('linkCounts', linkCounts, LinkCounts);
    const sorted = pointers.map((pointer, i) => {
      assertObject(`pointers[${i}]`, pointer);
      const { writer, signed } = pointer;
      assertInstance(`pointers[${i}].writer`, writer, PublicKeyHash);
      assertBoundedBytes(`pointers[${i}].signed`, signed, 1, MAX_SIGNED_POINTER_SIZE);
      return { writer, signed: copyBytes(signed) };
    });
    sorted.sort((a, b) => compareMultihashes(a.writer.cid.multihash, b.writer.cid.multihash));
    const repeated = repeatedWriter(sorted);
    if (repeated !== undefined) throw new ArgumentError('pointers', 'a writer occurs twice');
    return new UserSnapshot(username, owner, [...followRequests], sorted, [...bats], login?.withoutIdentityUpdate(), linkCounts);
  }

  /** Reads the map `{"n", "o", "f", "p", "b", "l"?, "lc"}`. The order of the pointers is kept. */
  static fromCbor(value: CborValue, where = 'UserSnapshot'): UserSnapshot {
    const fields = CborFields.map('format.account', where, value);
    const login = fields.optionalMap('l');
    const flat = CborFields.list('format.account', fields.path('p'), fields.list('p'));
    if (flat.size % 2 !== 0) return fields.fail('p', 'must be made of pairs');
    const pointers = Array.from({ length: flat.size / 2 }, (_, i) => ({
      writer: PublicKeyHash.fromCid(flat.link(2 * i), flat.path(2 * i)),
      signed: boundedBytes(flat, 2 * i + 1, 1, MAX_SIGNED_POINTER_SIZE),
    }));
    const repeated = repeatedWriter(pointers);
    if (repeated !== undefined) return flat.fail(2 * repeated, 'occurs twice');
    return new UserSnapshot(
      usernameField(fields, 'n'),
      PublicKeyHash.fromCid(fields.link('o'), fields.path('o')),
      fields.list('f').map((item, i) => BlindFollowRequest.fromCbor(item, `${fields.path('f')}[${i}]`)),
      pointers,
      fields.list('b').map((item, i) => BatWithId.fromCbor(item, `${fields.path('b')}[${i}]`)),
      login === undefined ? undefined : LoginData.fromCbor(login, fields.path('l')).withoutIdentityUpdate(),
      LinkCounts.fromCbor(fields.map('lc'), fields.path('lc')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): UserSnapshot {
    return UserSnapshot.fromCbor(decodeCbor(bytes));
  }

  /** Value equality, of the order of lists too. */
  equals(other: UserSnapshot | undefined): boolean {
    return other instanceof UserSnapshot && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"n", "o", "f", "p", "b", "l"?, "lc"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.bats.map((bat) => bat.toCbor())],
      ['f', this.followRequests.map((request) => request.toCbor())],
      ['l', this.login?.toCbor()],
      ['n', this.username],
      ['o', this.owner.toCbor()],
      ['p', this.pointers.flatMap(({ writer, signed }): CborValue[] => [writer.toCbor(), signed])],
      ['lc', this.linkCounts.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The index of the first writer that occurs a second time. */
function repeatedWriter(pointers: readonly WriterPointer[]): number | undefined {
  const seen = new Set<string>();
  for (const [i, { writer }] of pointers.entries()) {
    if (seen.has(writer.key)) return i;
    seen.add(writer.key);
  }
  return undefined;
}
