import { arbitraryText } from '@pyrgos/testkit/arbitraries';
import fc from 'fast-check';
import { type Codec, describeCodecs, maybe } from '../../test/codec-properties.js';
import { toHex } from '../bytes.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { Bat } from '../keys/bat.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { EntryPoint } from '../model/user-static-data.js';
import { CapabilityWithPath, LegacyCapabilityCache } from './capability-with-path.js';
import { FollowRequest } from './follow-request.js';
import { FriendAnnotation } from './friend-annotation.js';
import { FriendsGroups } from './friends-groups.js';
import { Groups } from './groups.js';
import { PendingSocialState } from './pending-social-state.js';

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

const codecs: Record<string, Codec> = {
  CapabilityWithPath: { values: capabilityWithPath, decode: CapabilityWithPath.decode },
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
};

describeCodecs(codecs);
