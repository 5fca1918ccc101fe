import { arbitraryCid, arbitraryText } from '@pyrgos/testkit/arbitraries';
import fc from 'fast-check';
import { type Codec, describeCodecs, maybe } from '../../test/codec-properties.js';
import { toHex } from '../bytes.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { Multihash } from '../codec/multihash.js';
import { Bat } from '../keys/bat.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { EntryPoint } from '../model/user-static-data.js';
import { CapabilityWithPath } from '../model/cryptree/capability-with-path.js';
import { LegacyCapabilityCache } from './legacy-capability-cache.js';
import { CapsInDirectory, ReceivedChild } from './caps-in-directory.js';
import { FeedState, SharedItem } from './feed.js';
import { FileRef } from './file-ref.js';
import { FollowRequest } from './follow-request.js';
import { FriendAnnotation } from './friend-annotation.js';
import { FriendsGroups } from './friends-groups.js';
import { Groups } from './groups.js';
import { LinkProperties } from './link-properties.js';
import { PendingSocialState } from './pending-social-state.js';
import { ProcessedCaps } from './processed-caps.js';
import { SharedWithState } from './shared-with-state.js';
import { PostAudience, SocialPost } from './social-post.js';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const keyHash = bytes(32).map((digest) => PublicKeyHash.fromCid(Cid.ofSha256(digest, CidCodec.dagCbor)));
const symmetricKey = fc.tuple(bytes(32), fc.boolean()).map(([key, dirty]) => SymmetricKey.of(key, dirty));
const capability = fc
  .record({
    owner: keyHash,
    writer: keyHash,
    mapKey: bytes(32),
    bat: maybe(bytes(32).map((secret) => Bat.of(secret))),
    rBaseKey: symmetricKey,
    wBaseKey: maybe(symmetricKey),
  })
  .map((parts) => AbsoluteCapability.of(parts));
const readOnly = capability.map((found) => found.toReadOnly());
const username = fc.constantFrom('alice', 'bob', 'a-b', 'constructor', '__proto__', 'x'.repeat(64));
const path = arbitraryText(20);
const entryPoint = fc
  .tuple(fc.oneof(readOnly, fc.constant(AbsoluteCapability.null())), username)
  .map(([found, name]) => EntryPoint.of(found, name));
const capabilityWithPath = fc.tuple(capability, path).map(([found, at]) => CapabilityWithPath.of(found, at));

const groupUid = bytes(32).map((id) => `.${toHex(id)}`);

const fileName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'f.txt'),
  arbitraryText(6).map((text) => `x${text.replaceAll('/', '')}`),
);
const linkProperties = fc
  .record({
    label: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
    linkPassword: arbitraryText(12),
    userPassword: arbitraryText(12),
    isWritable: fc.boolean(),
    expiry: maybe(fc.maxSafeNat()),
    maxRetrievals: maybe(fc.maxSafeNat()),
    target: maybe(arbitraryCid()),
    opensAutomatically: fc.boolean(),
  })
  .map((parts) => LinkProperties.of(parts));
const recipients = fc.array(fc.oneof(username, groupUid), { maxLength: 3 });
const sharedWith = fc
  .array(fc.tuple(fileName, fc.constantFrom('read', 'write'), recipients, maybe(linkProperties)), { maxLength: 4 })
  .map((changes) =>
    changes.reduce((state, [name, access, names, link]) => {
      const shared = state.share(name, access, names);
      return link === undefined ? shared : shared.withLink(name, link);
    }, SharedWithState.empty),
  );
const amounts = fc.record({
  readStart: fc.constant(0),
  readBytes: fc.maxSafeNat(),
  readCount: fc.maxSafeNat(),
  writeStart: fc.constant(0),
  writeBytes: fc.maxSafeNat(),
  writeCount: fc.maxSafeNat(),
});
const processedCaps = fc
  .tuple(amounts, fc.array(fc.tuple(groupUid, amounts), { maxLength: 3 }))
  .map(([read, groups]) => ProcessedCaps.empty.add({ ...read, groups: new Map(groups) }));
const receivedChild = fc
  .tuple(fileName, capability, fc.array(username, { maxLength: 3 }))
  .map(([name, found, sharers]) => ReceivedChild.of(name, found, sharers));

const fileRef = fc
  .tuple(path, readOnly, bytes(32))
  .filter(([at]) => !at.split('/').includes('..'))
  .map(([at, found, digest]) => FileRef.of(at, found, Multihash.sha256(digest)));
const postParts = {
  author: username,
  body: fc.array(fc.oneof(arbitraryText(8), fileRef), { maxLength: 3 }),
  audience: fc.constantFrom(...Object.values(PostAudience)),
  time: fc.maxSafeNat(),
  parent: maybe(fileRef),
  comments: fc.array(fileRef, { maxLength: 2 }),
};
const simplePost = fc.record(postParts).map((parts) => SocialPost.of(parts));
const post = fc.record({ ...postParts, previousVersions: fc.array(simplePost, { maxLength: 2 }) }).map((parts) => SocialPost.of(parts));
const sharedItem = fc.record({ capability, owner: username, sharer: username, path }).map((parts) => SharedItem.of(parts));
const feedState = fc
  .tuple(fc.array(sharedItem, { maxLength: 3 }), fc.array(fc.tuple(username, processedCaps), { maxLength: 2 }))
  .map(([items, positions]) =>
    positions.reduce(
      (state, [friend, position]) => state.withPosition(friend, position),
      FeedState.empty.append(items).state.withSeen(items.length),
    ),
  );

const codecs: Record<string, Codec> = {
  LegacyCapabilityCache: {
    values: fc
      .tuple(fc.maxSafeNat(), fc.array(capabilityWithPath, { maxLength: 3 }))
      .map(([read, items]) => LegacyCapabilityCache.of(read, items)),
    decode: LegacyCapabilityCache.decode,
  },
  FollowRequest: {
    values: fc.tuple(entryPoint, maybe(symmetricKey)).map(([entry, key]) => FollowRequest.of(entry, key)),
    decode: FollowRequest.decode,
  },
  PendingSocialState: {
    values: fc.array(username, { maxLength: 4 }).map((names) => PendingSocialState.of(names)),
    decode: PendingSocialState.decode,
  },
  FriendAnnotation: {
    values: fc
      .tuple(username, fc.boolean(), keyHash, keyHash)
      .map(([name, verified, identity, boxing]) => FriendAnnotation.of(name, verified, { identity, boxing })),
    decode: FriendAnnotation.decode,
  },
  Groups: {
    values: fc.array(fc.tuple(groupUid, arbitraryText(8)), { maxLength: 3 }).map((names) => Groups.of(names)),
    decode: Groups.decode,
  },
  FriendsGroups: {
    values: fc.array(fc.tuple(path, entryPoint), { maxLength: 3 }).map((entries) => FriendsGroups.of(entries)),
    decode: FriendsGroups.decode,
  },
  LinkProperties: { values: linkProperties, decode: LinkProperties.decode },
  SharedWithState: { values: sharedWith, decode: SharedWithState.decode },
  ProcessedCaps: { values: processedCaps, decode: ProcessedCaps.decode },
  ReceivedChild: { values: receivedChild, decode: ReceivedChild.decode },
  CapsInDirectory: {
    values: fc.uniqueArray(receivedChild, { maxLength: 3, selector: ({ name }) => name }).map((children) => CapsInDirectory.of(children)),
    decode: CapsInDirectory.decode,
  },
  FileRef: { values: fileRef, decode: FileRef.decode },
  SocialPost: { values: post, decode: SocialPost.decode },
  SharedItem: { values: sharedItem, decode: SharedItem.decode },
  FeedState: { values: feedState, decode: FeedState.decode },
};

describeCodecs(codecs);
