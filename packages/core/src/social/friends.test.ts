import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex, utf8Decode, utf8Encode } from '../bytes.js';
import { cborMap } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { computeFingerprint, FingerprintPair } from '../keys/fingerprint.js';
import { hkdfKey } from '../keys/kdf.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import {
  MAX_BLOCKED_USERNAMES_SIZE,
  MAX_FRIENDS_GROUPS,
  MAX_GROUP_NAME_LENGTH,
  MAX_GROUPS,
  MAX_PATH_LENGTH,
  MAX_PENDING_FOLLOWS,
} from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { EntryPoint } from '../model/user-static-data.js';
import v from '../../../../vectors/06/friends.json' with { type: 'json' };
import { decodeBlockedUsernames, encodeBlockedUsernames } from './blocked-usernames.js';
import { decodeFriendAnnotations, encodeFriendAnnotations, FriendAnnotation } from './friend-annotation.js';
import { FriendsGroups } from './friends-groups.js';
import { generateGroupUid, isGroupUid } from './group-uid.js';
import { GroupName, Groups } from './groups.js';
import { PendingSocialState } from './pending-social-state.js';

const crypto = await loadCrypto();
const keyHash = (digest: string): PublicKeyHash => PublicKeyHash.fromCid(Cid.ofSha256(fromHex(digest), CidCodec.dagCbor));

describe('PendingSocialState', () => {
  test('whoever seems to have refused is still asked', () => {
    const state = PendingSocialState.of(['ada', 'bob']).refusedBy('bob').refusedBy('carl');
    expect([[...state.pendingOutgoing], [...state.refused]]).toEqual([['ada', 'bob'], ['bob']]);
    expect(PendingSocialState.decode(state.encode()).equals(state)).toBe(true);
    expect(state.equals(PendingSocialState.of(['ada', 'bob']))).toBe(false);
    expect([...state.with('bob').refused]).toEqual([]);
    expect([...state.with('dan').refused]).toEqual(['bob']);
    expect([...state.without('bob').refused]).toEqual([]);
    // A name that another program has taken out of the first list.
    const changed = cborMap([
      ['refused', ['bob', 1, 'ada']],
      ['pendingOutgoing', ['ada']],
    ]);
    expect([...PendingSocialState.fromCbor(changed).refused]).toEqual(['ada']);
  });

  test('whose removal has begun is known until it ends, or they are to follow again', () => {
    const state = PendingSocialState.of(['ada']).refusedBy('ada').withRemoval('bob').withRemoval('ada', true);
    expect([[...state.pendingOutgoing], [...state.refused], [...state.removing]]).toEqual([['ada'], ['ada'], ['bob', 'ada']]);
    expect(PendingSocialState.decode(state.encode()).equals(state)).toBe(true);
    expect(state.equals(PendingSocialState.of(['ada']).refusedBy('ada'))).toBe(false);
    expect([...state.withoutRemoval('bob').removing]).toEqual(['ada']);
    expect([...state.stuck]).toEqual(['ada']);
    for (const next of [state.withRemoval('ada'), state.withoutRemoval('ada'), state.with('ada'), state.without('ada')])
      expect([...next.stuck]).toEqual([]);
    expect(state.withRemoval('ada').equals(state)).toBe(false);
    expect([...state.withoutRemoval('ada').pendingOutgoing]).toEqual(['ada']);
    expect([...state.with('bob').removing]).toEqual(['ada']);
    expect([...state.without('ada').removing]).toEqual(['bob']);
    expect(() => state.withRemoval('.group')).toThrow('username');
    const changed = cborMap([
      ['stuck', ['bob', 'ada', 2]],
      ['removing', ['bob', 1, '.group']],
      ['pendingOutgoing', []],
    ]);
    const { removing, stuck } = PendingSocialState.fromCbor(changed);
    expect([[...removing], [...stuck]]).toEqual([['bob'], ['bob']]);
  });

  test('the vector', () => {
    const state = PendingSocialState.decode(fromHex(v.pending.cbor));
    expect([...state.pendingOutgoing]).toEqual(v.pending.names);
    expect(toHex(PendingSocialState.of(v.pending.names).encode())).toBe(v.pending.cbor);
    expect(toHex(state.encode())).toBe(v.pending.cbor);
  });

  test.each(v.pending.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => PendingSocialState.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('the end of a longer file is ignored', () => {
    const bytes = concatBytes(fromHex(v.pending.cbor), utf8Encode('xalice'));
    expect(PendingSocialState.decode(bytes).equals(PendingSocialState.of(['bob']))).toBe(true);
  });

  test('names come and go, each is there once', () => {
    const state = PendingSocialState.of(['bob', 'alice', 'bob']).with('alice').with('carol').without('bob').without('nobody');
    expect([...state.pendingOutgoing]).toEqual(['alice', 'carol']);
    expect(state.equals(PendingSocialState.of(['carol', 'alice']))).toBe(true);
    expect(() => state.with('.groups.cbor')).toThrow(ArgumentError);
    expect(() => PendingSocialState.of('bob' as never)).toThrow(ArgumentError);
  });

  test('MAX_PENDING_FOLLOWS', () => {
    const names = Array.from({ length: MAX_PENDING_FOLLOWS }, (_, i) => `u${i}`);
    const largest = PendingSocialState.of(names);
    expect(PendingSocialState.decode(largest.encode()).pendingOutgoing.size).toBe(MAX_PENDING_FOLLOWS);
    expect(() => largest.with('other')).toThrow(LimitError);
    const above = { pendingOutgoing: [...names, 'other'] };
    expect(() => PendingSocialState.fromCbor(new Map(Object.entries(above)))).toThrow(LimitError);
  });
});

describe('annotations', () => {
  const { annotation } = v;

  test('the vector', () => {
    const made = FriendAnnotation.of(annotation.username, annotation.verified, {
      identity: keyHash(annotation.identity),
      boxing: keyHash(annotation.boxing),
    });
    expect(toHex(made.encode())).toBe(annotation.cbor);
    expect(FriendAnnotation.decode(fromHex(annotation.cbor)).equals(made)).toBe(true);
    const file = encodeFriendAnnotations([made]);
    expect(toHex(file)).toBe(annotation.cbor);
    expect([...decodeFriendAnnotations(concatBytes(file, file.subarray(9))).values()].map((item) => item.equals(made))).toEqual([true]);
  });
});

describe('blocked users', () => {
  test('sorted, each on a line', () => {
    expect(utf8Decode(encodeBlockedUsernames(['carol', 'bob', 'carol']))).toBe('bob\ncarol\n');
    expect(encodeBlockedUsernames([])).toHaveLength(0);
  });

  test('what is no name is left out', () => {
    const bytes = concatBytes(utf8Encode('bob\n\n\nnot a name\n../x\n'), fromHex('fffe0a'), utf8Encode('constructor\nbob\ncarol'));
    expect([...decodeBlockedUsernames(bytes)]).toEqual(['bob', 'constructor', 'carol']);
    expect([...decodeBlockedUsernames(new Uint8Array())]).toEqual([]);
  });

  test('MAX_BLOCKED_USERNAMES_SIZE', () => {
    const lines = Array.from({ length: MAX_BLOCKED_USERNAMES_SIZE / 16 }, (_, i) => String(i).padStart(15, 'u'));
    const largest = encodeBlockedUsernames(lines);
    expect(largest).toHaveLength(MAX_BLOCKED_USERNAMES_SIZE);
    expect(decodeBlockedUsernames(largest).size).toBe(lines.length);
    expect(() => encodeBlockedUsernames([...lines, 'x'])).toThrow(LimitError);
    expect(() => decodeBlockedUsernames(new Uint8Array(MAX_BLOCKED_USERNAMES_SIZE + 1))).toThrow(LimitError);
  });

  test('arguments are checked', () => {
    expect(() => encodeBlockedUsernames('bob' as never)).toThrow(ArgumentError);
    expect(() => encodeBlockedUsernames(['a\nb'])).toThrow(ArgumentError);
    expect(() => decodeBlockedUsernames('bob\n' as never)).toThrow(ArgumentError);
  });
});

describe('Groups', () => {
  test('the vector', () => {
    const groups = Groups.decode(fromHex(v.groups.cbor));
    expect(groups.uidOf(GroupName.friends)).toBe(v.groups.friends);
    expect(groups.uidOf(GroupName.followers)).toBe(v.groups.followers);
    expect(groups.uidOf('others')).toBeUndefined();
    const made = Groups.of([
      [v.groups.followers, 'followers'],
      [v.groups.friends, 'friends'],
    ]);
    expect(made.equals(groups)).toBe(true);
    expect(toHex(made.encode())).toBe(v.groups.cbor);
  });

  test.each(v.groups.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => Groups.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('fresh ones', () => {
    const groups = Groups.generate(crypto);
    expect([...groups.names.values()].sort()).toEqual(['followers', 'friends']);
    expect([...groups.names.keys()].every(isGroupUid)).toBe(true);
    expect(generateGroupUid(crypto)).not.toBe(generateGroupUid(crypto));
    expect(isGroupUid('alice')).toBe(false);
  });

  test('MAX_GROUPS and MAX_GROUP_NAME_LENGTH', () => {
    const uid = (i: number): string => `.${String(i).padStart(64, '0')}`;
    const names = Array.from({ length: MAX_GROUPS }, (_, i) => [uid(i), 'n'.repeat(MAX_GROUP_NAME_LENGTH)] as const);
    expect(Groups.decode(Groups.of(names).encode()).names.size).toBe(MAX_GROUPS);
    const above = [...names, [uid(MAX_GROUPS), 'x'] as const];
    expect(() => Groups.of(above)).toThrow(LimitError);
    expect(() => Groups.fromCbor(new Map([['n', new Map(above)]]))).toThrow(LimitError);
    const long = [[uid(0), 'n'.repeat(MAX_GROUP_NAME_LENGTH + 1)]] as const;
    expect(() => Groups.of(long)).toThrow(ArgumentError);
    expect(() => Groups.fromCbor(new Map([['n', new Map(long)]]))).toThrow(FormatError);
  });
});

describe('FriendsGroups', () => {
  const entry = EntryPoint.of(AbsoluteCapability.decode(fromHex(v.friendsGroups.readOnly)), 'alice');

  test('the vector', () => {
    const groups = FriendsGroups.decode(fromHex(v.friendsGroups.cbor));
    expect(groups.entryPoints.get(v.friendsGroups.path)?.equals(entry)).toBe(true);
    const made = FriendsGroups.of([[v.friendsGroups.path, entry]]);
    expect(made.equals(groups)).toBe(true);
    expect(toHex(made.encode())).toBe(v.friendsGroups.cbor);
  });

  test.each(v.friendsGroups.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => FriendsGroups.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('the groups of a friend are those of the whole name', () => {
    const groups = FriendsGroups.of()
      .with('/al/shared/.a', entry)
      .with('/alice/shared/.b', entry)
      .with('al/shared/.c', entry)
      .with('/al/shared/.a', EntryPoint.of(AbsoluteCapability.null(), 'al'));
    expect([...groups.ofFriend('al').keys()]).toEqual(['/al/shared/.a', 'al/shared/.c']);
    expect(groups.ofFriend('al').get('/al/shared/.a')?.capability.isNull).toBe(true);
    expect(groups.ofFriend('').size).toBe(0);
  });

  test('MAX_FRIENDS_GROUPS', () => {
    const paths = Array.from({ length: MAX_FRIENDS_GROUPS }, (_, i) => [`/alice/shared/.${String(i).padStart(64, '0')}`, entry] as const);
    const largest = FriendsGroups.of(paths);
    expect(FriendsGroups.decode(largest.encode()).entryPoints.size).toBe(MAX_FRIENDS_GROUPS);
    expect(() => largest.with('/one/more', entry)).toThrow(LimitError);
    const above = new Map([...paths, ['/one/more', entry] as const].map(([path, item]) => [path, item.toCbor()]));
    expect(() => FriendsGroups.fromCbor(new Map([['g', above]]))).toThrow(LimitError);
  });

  test('a path beyond MAX_PATH_LENGTH', () => {
    const path = 'x'.repeat(MAX_PATH_LENGTH + 1);
    expect(() => FriendsGroups.of([[path, entry]])).toThrow(ArgumentError);
    expect(() => FriendsGroups.fromCbor(new Map([['g', new Map([[path, entry.toCbor()]])]]))).toThrow(FormatError);
    expect(FriendsGroups.decode(FriendsGroups.of([[path.slice(1), entry]]).encode()).entryPoints.size).toBe(1);
  });
});

/** The vectors of chapter 06 for formats of `keys`. */
describe('what stands in chapter 06 and is of lower layers', () => {
  test('safety numbers', () => {
    const half = (name: string, ...digests: readonly string[]): Uint8Array => computeFingerprint(crypto, name, digests.map(keyHash));
    const alice = half(
      'alice',
      '73d51abbd89cb8196f0efb6892f94d68fccc2c35f0b84609e5f12c55dd85aba8',
      'd5d9bef76808f3b572e5900112b81927ba5bb5f67e1bda28b4049bf0e4aed78d',
    );
    const bob = half(
      'bob',
      'b15d7bf2fc0c34e9a99de4ef3bc2b17c8137ad659878f9e93df1f658367aca28',
      '6452474b9ef3765e24e9a88173724dddfb04b01dcceb0c8aead641c58dad5695',
    );
    expect(toHex(alice)).toBe('04466594660291cab8ac3a031e615baf2b1ef8802942f36333c3fbc316f0cc06');
    expect(toHex(bob)).toBe('71bc4eb3b227722c5751fdeca791c9a3c2b13d47d8bdeaa2b5636c75dabd2063');
    expect(FingerprintPair.of(alice, bob).display).toBe('292205805080794407191866593763604018157527997378917359247491');
  });

  test('the key of hybrid requests', () => {
    expect(toHex(hkdfKey(crypto, new Uint8Array(64)))).toBe('a5063e5ea77f746dcfcdfd3b58aa2fe6cb8e5a090e427418d598e1ee4f899cbe');
    const secrets = concatBytes(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2));
    expect(toHex(hkdfKey(crypto, secrets))).toBe('2525900745f3f4692ea4f8c300e5f2159ef34d5c4c47cfc6882699e6f8d267a8');
  });
});
