import { concatBytes, fromHex, toHex, utf8Encode } from '@pyrgos/core/bytes';
import { Cid, CidCodec, decodeCbor, encodeBase58, encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { ArgumentError, DeniedError, FormatError, LimitError } from '@pyrgos/core/errors';
import { MAX_FRIEND_ANNOTATIONS_SIZE } from '@pyrgos/core/limits';
import { Curve25519PublicKey, PublicKeyHash, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { decodeFriendAnnotations, encodeFriendAnnotations, FriendAnnotation } from '@pyrgos/core/social';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/05/identity-proof.json' with { type: 'json' };
import { fingerprintOf, type FingerprintParty } from './fingerprints.js';
import { IdentityLinkProof, openEncryptedPost, publicProofUrl, secretProofUrl } from './identity-link-proof.js';
import { IdentityLink, parseIdentityPost } from './identity-link.js';
import { IdentityService } from './identity-service.js';

const crypto = await loadCrypto();
const identity = SigningKeyPair.fromSeed(crypto, fromHex(v.link.seed));
const link = IdentityLink.of(
  { username: v.link.from.username, service: IdentityService.of(v.link.from.service) },
  { username: v.link.to.username, service: IdentityService.of(v.link.to.service) },
);
const proof = IdentityLinkProof.sign(crypto, identity.secretKey, link);
const url = 'https://example.com/public/proof';

describe('identity proofs', () => {
  test('the vector', () => {
    expect(toHex(link.encode())).toBe(v.link.cbor);
    expect(IdentityLink.decode(fromHex(v.link.cbor)).equals(link)).toBe(true);
    expect(encodeBase58(proof.signature)).toBe(v.link.signatureBase58);
    expect(toHex(proof.encode())).toBe(v.link.file);
    expect(IdentityLinkProof.decode(fromHex(v.link.file)).equals(proof)).toBe(true);
    expect(proof.fileName).toBe(v.link.fileName);
    expect(proof.path).toBe(`/alice/.profile/ids/${v.link.fileName}`);
    expect(link.statement).toBe(v.link.statement);
    expect(toHex(encodeCbor(IdentityService.of(v.otherService.name).toCbor()))).toBe(v.otherService.cbor);
  });

  test.each(v.usernames)('names on $service', ({ service, valid, invalid }) => {
    const place = IdentityService.of(service.toUpperCase());
    for (const name of valid) expect(place.isUsername(name), name).toBe(true);
    for (const name of invalid) expect(place.isUsername(name), name).toBe(false);
  });

  test('services are known whatever their case; others keep their names', () => {
    expect(IdentityService.of('tWiTTer').equals(IdentityService.of('Twitter'))).toBe(true);
    expect(IdentityService.of('tWiTTer').name).toBe('Twitter');
    for (const service of [IdentityService.peergos, IdentityService.of('Keybase'), IdentityService.of('constructor')]) {
      expect(IdentityService.fromCbor(service.toCbor()).equals(service)).toBe(true);
    }
    for (const bad of [{ t: 0, c: 11 }, { t: 0, c: -1 }, { t: 2 }, { t: 1 }]) {
      expect(() => IdentityService.fromCbor(new Map(Object.entries(bad)))).toThrow(FormatError);
    }
  });

  test('a post says the same when it is read again', () => {
    const text = proof.postText(crypto, url);
    expect(text.split('\n')).toEqual([v.link.statement, `sig: ${v.link.signatureBase58}`, `proof: ${url}`]);
    const parsed = parseIdentityPost(text);
    expect(parsed.link.equals(link)).toBe(true);
    expect(toHex(parsed.signature)).toBe(toHex(proof.signature));
  });

  test.each([
    ['', 'empty'],
    ['I am alice on Peergos and bob', 'short'],
    [`${v.link.statement}\nproof: x`, 'no signature'],
    [`${v.link.statement}\nsig: ${v.link.signatureBase58}`, 'no end'],
    [`${v.link.statement}\nsig: 0OIl\n`, 'no base58'],
    [`${v.link.statement}\nsig: 1111\n`, 'short signature'],
    [`I am a--b on Peergos and x on Twitter\nsig: ${v.link.signatureBase58}\n`, 'a name that cannot exist'],
    ['x'.repeat(5000), 'long'],
  ])('a post that is none is refused: %#', (text) => {
    expect(() => parseIdentityPost(text)).toThrow(FormatError);
  });

  test('a post must be short enough', () => {
    const long = IdentityLink.of(link.from, { username: 'x'.repeat(200), service: IdentityService.of('Elsewhere') });
    expect(() => long.postText(proof.signature, url)).toThrow(DeniedError);
    expect(() =>
      IdentityLinkProof.sign(crypto, identity.secretKey, long, { key: SymmetricKey.generate(crypto) }).postText(crypto, url),
    ).toThrow(DeniedError);
  });

  test('only the identity of the claim can have signed it', () => {
    const other = SigningKeyPair.generate(crypto);
    proof.verify(crypto, identity.publicKey);
    expect(() => proof.verify(crypto, other.publicKey)).toThrow(DeniedError);
    const stolen = IdentityLink.of({ username: 'mallory', service: IdentityService.peergos }, link.to);
    expect(stolen.isSignedBy(crypto, identity.publicKey, proof.signature)).toBe(false);
  });

  test('an encrypted post opens with the key of the proof and with no other', () => {
    const key = SymmetricKey.generate(crypto);
    const secret = proof.with({ key, postUrl: url });
    const text = secret.postText(crypto, url);
    expect(text.length).toBeLessThan(280);
    const opened = openEncryptedPost(crypto, key, text);
    expect(opened.link.equals(link)).toBe(true);
    expect(opened.link.isSignedBy(crypto, identity.publicKey, opened.signature)).toBe(true);
    expect(() => openEncryptedPost(crypto, SymmetricKey.generate(crypto), text)).toThrow(
      expect.objectContaining({ code: 'crypto.authentication' }),
    );
    expect(IdentityLinkProof.decode(secret.encode()).equals(secret)).toBe(true);
    expect(`${String(secret)} ${JSON.stringify(secret)}`).not.toContain(toHex(key.bytes));
  });

  test('addresses', () => {
    const path = '/public/alice/.profile/ids/alice_tw.Twitter.id.cbor?open=true';
    expect(publicProofUrl('https://files.example.com/x', proof)).toBe(`https://files.example.com${path}`);
    expect(publicProofUrl('http://localhost:8000', proof)).toBe(`https://peergos.net${path}`);
    expect(secretProofUrl('https://files.example.com', 'secret/z1/2#abc')).toBe(
      'https://files.example.com/#%7B%22secretLink%22:true%2c%22link%22:%22secret/z1/2#abc%22%2c%22open%22:true%7D',
    );
    expect(() => publicProofUrl('no url', proof)).toThrow(ArgumentError);
    const slash = IdentityLinkProof.sign(
      crypto,
      identity.secretKey,
      IdentityLink.of(link.from, { username: '../x', service: IdentityService.of('Any') }),
    );
    expect(() => slash.path).toThrow(ArgumentError);
  });

  test('hostile bytes: FormatError, or what is written again in the same way', () => {
    const valid = proof.with({ key: SymmetricKey.generate(crypto), postUrl: url }).encode();
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = valid.slice();
        bytes[at] = (bytes[at] ?? 0) ^ change;
        let read: IdentityLinkProof;
        try {
          read = IdentityLinkProof.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          return;
        }
        expect(toHex(read.encode())).toBe(toHex(encodeCbor(decodeCbor(read.encode()))));
      }),
    );
  });
});

type Side = (typeof v.fingerprints)[0]['alice'];

function party(username: string, side: Side): FingerprintParty {
  const boxing: { readonly sha256Of?: string; readonly inlineByte?: string } = side.boxing;
  return {
    username,
    identity: SigningKeyPair.fromSeed(crypto, fromHex(side.identitySeed)).publicKey.hash,
    boxing:
      boxing.sha256Of === undefined
        ? Curve25519PublicKey.of(fromHex((boxing.inlineByte ?? '').repeat(32))).hash(crypto)
        : PublicKeyHash.fromCid(Cid.ofSha256(crypto.sha256(utf8Encode(boxing.sha256Of)), CidCodec.dagCbor)),
  };
}

describe('safety numbers', () => {
  test.each(v.fingerprints)('vector %#', ({ alice, bob, display, code }) => {
    const [a, b] = [party('alice', alice), party('bob', bob)];
    const pair = fingerprintOf(crypto, a, b);
    expect([toHex(pair.own), toHex(pair.friend)]).toEqual([alice.half, bob.half]);
    expect(pair.display).toBe(display);
    expect(fingerprintOf(crypto, b, a).display).toBe(display);
    expect(pair.matches(fingerprintOf(crypto, b, a))).toBe(true);
    expect(pair.matches(pair)).toBe(false);
    if (code !== null) expect(pair.toString()).toBe(code);
  });

  test('annotations of friends: sorted, read again, and about keys', () => {
    const [first] = v.fingerprints;
    const [a, b] = [party('alice', first?.alice as Side), party('bob', first?.bob as Side)];
    const notes = [FriendAnnotation.of('zoe', false, a), FriendAnnotation.of('constructor', true, b)];
    const bytes = encodeFriendAnnotations(notes);
    const read = decodeFriendAnnotations(bytes);
    expect([...read.keys()]).toEqual(['constructor', 'zoe']);
    expect(read.get('constructor')?.isVerified).toBe(true);
    expect(read.get('constructor')?.isAbout(b)).toBe(true);
    expect(read.get('constructor')?.isAbout({ ...b, boxing: a.boxing })).toBe(false);
    expect(toHex(encodeFriendAnnotations([...read.values()]))).toBe(toHex(bytes));
    expect(() => encodeFriendAnnotations([...notes, notes[0]!])).toThrow(ArgumentError);
    // The reference leaves the end of a longer file behind a shorter one.
    expect([...decodeFriendAnnotations(bytes.subarray(0, bytes.length - 1)).keys()]).toEqual(['constructor']);
    expect([...decodeFriendAnnotations(concatBytes(bytes, bytes.subarray(40))).keys()]).toEqual(['constructor', 'zoe']);
    expect(decodeFriendAnnotations(new Uint8Array()).size).toBe(0);
    expect(() => decodeFriendAnnotations(new Uint8Array(MAX_FRIEND_ANNOTATIONS_SIZE + 1))).toThrow(LimitError);
  });
});
