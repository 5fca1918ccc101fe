import { concatBytes } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { Bat, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import * as social from '@pyrgos/core/social';
import { type FuzzTarget, objectTarget } from './target.js';

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
  const withPath = social.CapabilityWithPath.of(capability, '/alice/folder/file');
  return [
    objectTarget('capability with path', (b) => social.CapabilityWithPath.decode(b), [withPath]),
    objectTarget('legacy capability cache', (b) => social.LegacyCapabilityCache.decode(b), [
      social.LegacyCapabilityCache.of(402, [withPath, withPath]),
    ]),
    objectTarget('follow request', (b) => social.FollowRequest.decode(b), [
      social.FollowRequest.of(entry, SymmetricKey.generate(crypto)),
      social.FollowRequest.of(EntryPoint.of(AbsoluteCapability.null(), 'bob')),
    ]),
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
