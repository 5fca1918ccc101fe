import { UserPublicKeyLink } from '@pyrgos/core/accounts';
import { peerIdOf } from '@pyrgos/core/api';
import { decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { PaddedCipherText } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ScryptSecretGeneration, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import * as session from '@pyrgos/client/session';
import { decodeKeyStore, encodeKeyStore } from '../packages/client/src/session/key-store-entries.js';
import { StoredSession } from '../packages/client/src/session/sealed-session.js';
import { type FuzzTarget, objectTarget, textTarget } from './target.js';

/** Formats that only clients read (chapter 05 sections 10.2, 18 to 20), with seeds made by our own writers. */
export function sessionTargets(crypto: CryptoProvider): FuzzTarget[] {
  const pair = SigningKeyPair.generate(crypto);
  const server = peerIdOf(SigningKeyPair.generate(crypto).publicKey);
  const key = SymmetricKey.generate(crypto);
  const chain = [UserPublicKeyLink.createInitial(crypto, pair.signer, 'alice', '2030-01-31', [server])] as const;
  const link = session.IdentityLink.of(
    { username: 'alice', service: session.IdentityService.peergos },
    { username: 'alice@example.com', service: session.IdentityService.of('Mastodon') },
  );
  const proof = session.IdentityLinkProof.sign(crypto, pair.secretKey, link, { key, postUrl: 'https://example.com/post' });
  const annotation = session.FriendAnnotation.of('bob', true, { identity: pair.publicKey.hash, boxing: pair.publicKey.hash });
  const stored = StoredSession.of({
    username: 'alice',
    rootKey: key,
    entryPoints: PaddedCipherText.fromCbor([new Uint8Array(24), new Uint8Array(32)]),
    loginKey: pair.publicKey,
    algorithm: ScryptSecretGeneration.of({ extraSalt: 'salt' }),
    identity: pair.publicKey.hash,
  });
  return [
    objectTarget('identity link', (bytes) => session.IdentityLink.decode(bytes), [link]),
    objectTarget('identity proof', (bytes) => session.IdentityLinkProof.decode(bytes), [proof]),
    textTarget(
      'identity post',
      (text) => {
        const parsed = session.parseIdentityPost(text);
        return parsed.link.postText(parsed.signature, 'https://example.com/');
      },
      [link.postText(proof.signature, 'https://example.com/')],
    ),
    objectTarget('friend annotation', (bytes) => session.FriendAnnotation.decode(bytes), [annotation]),
    {
      name: 'friend annotations',
      seeds: [session.encodeFriendAnnotations([annotation])],
      run: (input) => {
        session.decodeFriendAnnotations(input);
        return undefined;
      },
    },
    {
      name: 'key store',
      seeds: [encodeKeyStore({ chains: new Map([['alice', chain]]), damaged: new Map([['bob', 1]]) })],
      run: (input) => {
        const again = encodeKeyStore(decodeKeyStore(input));
        return encodeCbor(decodeCbor(again)).length === again.length ? undefined : again;
      },
    },
    objectTarget(
      'stored session',
      (bytes) => {
        const read = StoredSession.fromCbor(decodeCbor(bytes));
        return { encode: () => encodeCbor(read.toCbor()) };
      },
      [{ encode: () => encodeCbor(stored.toCbor()) }],
    ),
  ];
}
