import * as accounts from '@pyrgos/core/accounts';
import * as api from '@pyrgos/core/api';
import { utf8Decode, utf8Encode } from '@pyrgos/core/bytes';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { PaddedAsymmetricCipherText, PaddedCipherText } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { NotFoundError } from '@pyrgos/core/errors';
import { Bat, BoxingKeyPair, SigningKeyPair } from '@pyrgos/core/keys';
import { type FuzzTarget, objectTarget, textTarget } from './target.js';

/** Formats of chapters 02 and 05, with seeds made by our own writers. */
export function accountTargets(crypto: CryptoProvider): FuzzTarget[] {
  const pair = SigningKeyPair.generate(crypto);
  const next = SigningKeyPair.generate(crypto);
  const server = SigningKeyPair.generate(crypto);
  const owner = pair.publicKey.hash;
  const provider = api.peerIdOf(server.publicKey);
  const initial = accounts.UserPublicKeyLink.createInitial(crypto, pair.signer, 'alice', '2030-01-31', [provider]);
  const chain = accounts.UserPublicKeyLink.createChain(crypto, pair.signer, next.signer, 'alice', '2030-03-31', [provider]);
  const block = accounts.BlockWrite.sign(crypto, pair.signer, Uint8Array.of(0xa0), false);
  const pointer = accounts.PointerWrite.of(owner, new Uint8Array(105).fill(7));
  const entryPoints = PaddedCipherText.fromCbor([new Uint8Array(24), new Uint8Array(32)]);
  const login = accounts.LoginData.of('alice', entryPoints, next.publicKey, { block, pointer });
  const bat = Bat.generate(crypto).withMirrorId(crypto);
  const log = accounts.OpLog.of([block, pointer], {
    login: { data: login, auth: login.sign(crypto, pair.secretKey) },
    mirrorBat: { bat, auth: new Uint8Array(120) },
  });
  const method = accounts.MultiFactorAuthMethod.of({
    name: 'key',
    credentialId: new Uint8Array(32),
    createdDay: 19_676,
    type: accounts.MfaType.webauthn,
    enabled: true,
  });
  const request = accounts.MultiFactorAuthRequest.of([method], new Uint8Array(32));
  const webauthn = accounts.WebauthnResponse.of({
    authenticatorData: Uint8Array.of(1),
    clientDataJson: utf8Encode('{}'),
    signature: Uint8Array.of(2),
  });
  const space = accounts.SpaceRequest.of({ username: 'alice', bytes: 1e9, time: 1_700_000_000_000, paymentProof: Uint8Array.of(1) });
  const labelled = accounts.LabelledSignedSpaceRequest.of('alice', space.sign(crypto, pair.secretKey));
  const payment = accounts.PaymentProperties.of({ freeQuota: 1, url: 'https://pay/?a=b', clientSecret: 's', error: 'e', expiry: 5 });
  const counts = accounts.LinkCounts.of([{ label: 2n ** 62n, count: 1, modified: 2 }]);
  const boxer = BoxingKeyPair.generateCurve25519(crypto);
  const follow = accounts.BlindFollowRequest.of(PaddedAsymmetricCipherText.fromCbor(new Uint8Array(60)), boxer.publicKey);
  const snapshot = accounts.UserSnapshot.of({
    username: 'alice',
    owner,
    followRequests: [follow],
    pointers: [
      { writer: owner, signed: Uint8Array.of(1) },
      { writer: next.publicKey.hash, signed: Uint8Array.of(2) },
    ],
    bats: [bat],
    login,
    linkCounts: counts,
  });
  const message = accounts.ServerMessage.of({ id: -1, type: 2, sent: 1_700_000_000_000, body: 'hi', dismissed: false, replyTo: 3 });
  const signature = block.signature;
  const cid = Cid.ofSha256(crypto.sha256(Uint8Array.of(1)), CidCodec.raw);
  const write = api.WriteAuthRequest.of([{ signature, size: 1, batIds: [bat.bat.inlineId(), bat.id] }]);
  const url = api.PresignedUrl.of('https://host/key?x=y', new Map([['Host', 'host']]));
  const record = api.ResolutionRecord.of({ sequence: 2, host: provider.multihash, moved: true, pointer: Uint8Array.of(1) });
  const entry = api.IpnsEntry.sign(crypto, server.secretKey, record, 1_700_000_000_000);
  const lookup = { hasher: crypto, blocks: { getBlock: noBlock }, context: { owner } };
  return [
    objectTarget('username claim', (b) => accounts.UsernameClaim.decode(b), [initial.claim, chain[0].claim]),
    objectTarget('user public key link', (b) => accounts.UserPublicKeyLink.decode(b), [initial, ...chain]),
    {
      name: 'merge chains',
      seeds: [accounts.encodeChain([initial]), accounts.encodeChain(chain)],
      run: async (input) => {
        await accounts.mergeChains(crypto, [initial], accounts.decodeChain(input), 'alice', lookup);
        return undefined;
      },
      iterations: 1000,
    },
    objectTarget('operation log', (b) => accounts.OpLog.decode(b), [log, accounts.OpLog.of([])]),
    objectTarget('login data', (b) => accounts.LoginData.decode(b), [login, login.withoutIdentityUpdate()]),
    objectTarget('login response', (b) => accounts.LoginResponse.decode(b), [
      accounts.LoginResponse.ofEntryPoints(entryPoints),
      accounts.LoginResponse.ofRequest(request),
    ]),
    {
      name: 'second factors',
      seeds: [accounts.encodeMfaMethods([method, method])],
      run: (input) => {
        const once = accounts.encodeMfaMethods(accounts.decodeMfaMethods(input));
        accounts.decodeMfaMethods(once);
        return undefined;
      },
    },
    objectTarget('second factor response', (b) => accounts.MultiFactorAuthResponse.decode(b), [
      accounts.MultiFactorAuthResponse.of(Uint8Array.of(1), '123456'),
      accounts.MultiFactorAuthResponse.of(Uint8Array.of(1), webauthn),
    ]),
    objectTarget('backup codes', (b) => accounts.BackupCodes.decode(b), [accounts.BackupCodes.generate(crypto)]),
    textTarget(
      'totp key',
      (text) => {
        const { credentialId, key } = accounts.parseTotpKey(text);
        return accounts.formatTotpKey(credentialId, key);
      },
      [accounts.formatTotpKey(new Uint8Array(32), new Uint8Array(32).fill(9))],
    ),
    objectTarget('space request', (b) => accounts.SpaceRequest.decode(b), [space]),
    objectTarget('labelled space request', (b) => accounts.LabelledSignedSpaceRequest.decode(b), [labelled]),
    objectTarget('payment properties', (b) => accounts.PaymentProperties.decode(b), [payment]),
    objectTarget('allowed sign-ups', (b) => accounts.AllowedSignups.decode(b), [accounts.AllowedSignups.of({ free: true, paid: false })]),
    objectTarget('link counts', (b) => accounts.LinkCounts.decode(b), [counts]),
    objectTarget('user snapshot', (b) => accounts.UserSnapshot.decode(b), [snapshot]),
    objectTarget('server message', (b) => accounts.ServerMessage.decode(b), [message]),
    objectTarget('blind follow request', (b) => accounts.BlindFollowRequest.decode(b), [follow]),
    objectTarget('block write group', (b) => api.BlockWriteGroup.decode(b), [api.BlockWriteGroup.of([block.block], [signature])]),
    objectTarget('write auth request', (b) => api.WriteAuthRequest.decode(b), [write]),
    {
      name: 'block mirror caps',
      seeds: [api.encodeBlockMirrorCaps([api.BlockMirrorCap.of(cid, bat), api.BlockMirrorCap.of(cid)])],
      run: (input) => {
        api.decodeBlockMirrorCaps(api.encodeBlockMirrorCaps(api.decodeBlockMirrorCaps(input)));
        return undefined;
      },
    },
    {
      name: 'pre-signed urls',
      seeds: [api.encodePresignedUrls([url, url])],
      run: (input) => {
        api.decodePresignedUrls(api.encodePresignedUrls(api.decodePresignedUrls(input)));
        return undefined;
      },
    },
    objectTarget('block store properties', (b) => api.BlockStoreProperties.decode(b), [
      api.BlockStoreProperties.of({ publicReadUrl: 'https://a/', authorisedUrl: 'https://b/' }),
    ]),
    objectTarget('resolution record', (b) => api.ResolutionRecord.decode(b), [record]),
    objectTarget('ipns entry', (b) => api.IpnsEntry.decode(b), [entry]),
    {
      name: 'ipns data',
      seeds: [entry.data],
      run: (input) => api.IpnsEntry.of(entry.signature, input).data,
    },
    {
      name: 'libp2p private key',
      seeds: [api.encodeLibp2pPrivateKey(server)],
      run: (input) => {
        const again = api.encodeLibp2pPrivateKey(api.decodeLibp2pPrivateKey(crypto, input));
        return again.length === input.length ? again : undefined;
      },
    },
    {
      name: 'error trailer',
      seeds: ['Invalid+TOTP+code', 'PointerCAS%3Az%2C1%2CEMPTY', '%zz%'].map((text) => utf8Encode(text)),
      run: (input) => {
        const text = utf8Decode(input);
        const message = api.decodeTrailer(text ?? '');
        return api.decodeTrailer(api.encodeTrailer(message)) === message ? input : utf8Encode(message);
      },
    },
  ];
}

async function noBlock(): Promise<never> {
  throw new NotFoundError('not-found.block', 'nothing is stored here');
}
