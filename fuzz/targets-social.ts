import { concatBytes, equalBytes, utf8Encode } from '@pyrgos/core/bytes';
import { Multihash } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { Bat, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, CapabilityWithPath, EntryPoint } from '@pyrgos/core/model';
import * as social from '@pyrgos/core/social';
import { type FuzzTarget, objectTarget, textTarget } from './target.js';

/** Formats of chapter 06, with seeds made by our own writers. */
export function socialTargets(crypto: CryptoProvider): FuzzTarget[] {
  const owner = SigningKeyPair.generate(crypto).publicKey.hash;
  const capability = AbsoluteCapability.of({
    owner,
    writer: owner,
    mapKey: new Uint8Array(32).fill(1),
    bat: Bat.generate(crypto),
    rBaseKey: SymmetricKey.generate(crypto),
  });
  const entry = EntryPoint.of(capability, 'alice');
  const withPath = CapabilityWithPath.of(capability, '/alice/folder/file');
  const link = social.LinkProperties.of({
    label: 7n,
    linkPassword: 'uAjtTdWVWURJ',
    isWritable: true,
    expiry: 1_900_000_000,
    target: owner.cid,
  });
  const uid = social.generateGroupUid(crypto);
  const shared = social.SharedWithState.empty.share('a', 'read', ['bob', uid]).share('b', 'write', ['carol']).withLink('a', link);
  const amounts = { readStart: 0, readBytes: 402, readCount: 2, writeStart: 0, writeBytes: 7, writeCount: 0 };
  const processed = social.ProcessedCaps.empty.add({ ...amounts, groups: new Map([[uid, amounts]]) });
  const secretLink = social.SecretLink.generate(crypto, owner);
  const [start = ''] = secretLink.format().split('#');
  const json = (key: string, secret: string): string =>
    encodeURIComponent(JSON.stringify({ secretLink: true, path: '/a', open: true, [key]: secret }));
  const reference = social.FileRef.of('/alice/picture', capability, Multihash.sha256(new Uint8Array(32)));
  const post = social.SocialPost.of({
    author: 'alice',
    body: ['hello', reference],
    audience: social.PostAudience.friends,
    time: 1_700_000_000,
    parent: reference,
    comments: [reference],
  });
  const item = social.SharedItem.of({ capability, owner: 'alice', sharer: 'bob', path: '/alice/a' });
  const feed = social.FeedState.empty.append([item, item]);
  return [
    objectTarget('legacy capability cache', (b) => social.LegacyCapabilityCache.decode(b), [
      social.LegacyCapabilityCache.of(402, [withPath, withPath]),
    ]),
    objectTarget('follow request', (b) => social.FollowRequest.decode(b), [
      social.FollowRequest.of(entry, SymmetricKey.generate(crypto)),
      social.FollowRequest.of(EntryPoint.of(AbsoluteCapability.null(), 'bob')),
    ]),
    objectTarget('pending social state', (b) => social.PendingSocialState.decode(b), [social.PendingSocialState.of(['bob', 'carol'])]),
    objectTarget('groups', (b) => social.Groups.decode(b), [social.Groups.generate(crypto)]),
    objectTarget('friends groups', (b) => social.FriendsGroups.decode(b), [
      social.FriendsGroups.of([
        ['/alice/shared/.1', entry],
        ['/alice/shared/.2', entry],
      ]),
    ]),
    objectTarget('link properties', (b) => social.LinkProperties.decode(b), [link]),
    objectTarget('shared with state', (b) => social.SharedWithState.decode(b), [shared]),
    objectTarget('processed caps', (b) => social.ProcessedCaps.decode(b), [processed]),
    objectTarget('caps in directory', (b) => social.CapsInDirectory.decode(b), [
      social.CapsInDirectory.of([
        social.ReceivedChild.of('file', capability, ['alice', 'bob']),
        social.ReceivedChild.of('other', capability, ['alice']),
      ]),
    ]),
    objectTarget('file reference', (b) => social.FileRef.decode(b), [reference]),
    textTarget('json of a file reference', (text) => social.FileRef.parseJson(text).formatJson(), [reference.formatJson()]),
    objectTarget('social post', (b) => social.SocialPost.decode(b), [post, post.edit(['changed', reference], 1_700_000_060)]),
    objectTarget('shared item', (b) => social.SharedItem.decode(b), [item]),
    objectTarget('feed state', (b) => social.FeedState.decode(b), [feed.state.withPosition('alice', processed).withSeen(1)]),
    {
      name: 'feed',
      seeds: [feed.bytes],
      run: (input) => {
        social.readFeed(input, feed.state, 0, 10);
        return undefined;
      },
    },
    {
      name: 'feed index',
      seeds: [social.encodeFeedIndex([0, 201, 1000])],
      run: (input) => social.encodeFeedIndex(social.decodeFeedIndex(input)),
    },
    textTarget('web root', (text) => social.parseWebRoot('alice', text).join('/'), ['/alice/site', 'alice/site/']),
    {
      name: 'policy of a site',
      seeds: [utf8Encode('{"content-security-policy":"a"}')],
      run: (input) => {
        social.sitePolicy(input);
        return undefined;
      },
    },
    textTarget('profile text', (text) => social.decodeProfileText(utf8Encode(text)) ?? '', ['Alice', 'Gr\u00fc\u00dfe']),
    textTarget(
      'secret link',
      (text) => {
        const parsed = social.SecretLink.parse(text);
        return parsed.link.format(parsed.view);
      },
      [
        secretLink.format({ opens: true, path: '/a', args: '{}' }),
        secretLink.url('localhost:8000'),
        `${start}#${json('linkpassword', 'abc')}`,
      ],
    ),
    textTarget(
      'shared capability link',
      (text) => {
        const parsed = social.parseSharedCapabilityLink(text);
        return social.formatSharedCapabilityLink(parsed.capability, parsed.view);
      },
      [
        social.formatSharedCapabilityLink(capability, { downloads: true }),
        `#${json('link', social.formatSharedCapabilityLink(capability))}`,
      ],
    ),
    {
      name: 'blocked usernames',
      seeds: [social.encodeBlockedUsernames(['alice', 'bob'])],
      run: (input) => {
        const once = social.encodeBlockedUsernames(social.decodeBlockedUsernames(input));
        return equalBytes(social.encodeBlockedUsernames(social.decodeBlockedUsernames(once)), once) ? undefined : once;
      },
    },
    {
      name: 'record stream',
      seeds: [social.encodeRecords([entry, entry]), social.encodeRecords([capability, withPath, capability])],
      run: (input) => {
        const { records, end } = social.readRecords(input, (value) => EntryPoint.fromCbor(value));
        // What was read is written again and read as the same.
        const again = concatBytes(social.encodeRecords(records.map(({ value }) => value)), input.subarray(end));
        const { records: same } = social.readRecords(again, (value) => EntryPoint.fromCbor(value));
        return same.length === records.length && same.every(({ value }, i) => value.equals(records[i]?.value)) ? undefined : again;
      },
    },
  ];
}
