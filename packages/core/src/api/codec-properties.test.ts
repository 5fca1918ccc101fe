import { arbitraryCid, arbitraryFixedBytes, arbitraryText } from '@pyrgos/testkit/arbitraries';
import fc from 'fast-check';
import { type Codec, describeCodecs, maybe } from '../../test/codec-properties.js';
import * as accounts from '../accounts/index.js';
import { PaddedAsymmetricCipherText } from '../containers/asymmetric-cipher-text.js';
import { PaddedCipherText } from '../containers/padded-cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { Bat } from '../keys/bat.js';
import { Curve25519PublicKey } from '../keys/boxing-key.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { MAX_CLAIM_PROVIDER_SIZE } from '../limits.js';
import * as api from './index.js';

/** Every format of accounts and api: what we write is read again, and anything else is refused in an orderly way. */

const crypto = await loadCrypto();
const pairs = [1, 2, 3].map((byte) => SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(byte)));
const pair = fc.constantFrom(...pairs);
const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength });
const username = fc.stringMatching(/^[!-.0-~]{1,64}$/);
const time = fc.maxSafeNat();
const date = fc.constantFrom('2030-01-31', '1999-12-31', '-0044-03-15', accounts.NEVER_EXPIRES);
const provider = arbitraryCid().filter((cid) => cid.bytes.length <= MAX_CLAIM_PROVIDER_SIZE);
const bat = arbitraryFixedBytes(32).map((secret) => Bat.of(secret).withMirrorId(crypto));
const entryPoints = fc.tuple(arbitraryFixedBytes(24), bytes(16, 40)).map(([nonce, boxed]) => PaddedCipherText.fromCbor([nonce, boxed]));

const claim = fc
  .tuple(pair, username, date, fc.array(provider, { maxLength: 3 }))
  .map(([key, name, expiry, providers]) => accounts.UsernameClaim.sign(crypto, key.secretKey, name, expiry, providers));
const link = fc
  .tuple(pair, claim, maybe(bytes(64, 192)))
  .map(([key, made, keyChange]) => accounts.UserPublicKeyLink.of(key.publicKey.hash, made, keyChange));
const blockWrite = fc
  .tuple(pair, bytes(1, 96), bytes(1, 60), fc.boolean())
  .map(([key, signature, block, isRaw]) => accounts.BlockWrite.of(key.publicKey.hash, signature, block, isRaw));
const pointerWrite = fc.tuple(pair, bytes(1, 147)).map(([key, signed]) => accounts.PointerWrite.of(key.publicKey.hash, signed));
const loginData = fc
  .tuple(username, entryPoints, pair, maybe(fc.record({ block: blockWrite, pointer: pointerWrite })))
  .map(([name, sealed, key, update]) => accounts.LoginData.of(name, sealed, key.publicKey, update));
const opLog = fc
  .record(
    {
      operations: fc.array(fc.oneof(blockWrite, pointerWrite), { maxLength: 4 }),
      login: fc.record({ data: loginData, auth: arbitraryFixedBytes(64) }),
      mirrorBat: fc.record({ bat, auth: bytes(1, 100) }),
    },
    { requiredKeys: ['operations'] },
  )
  .map(({ operations, ...extras }) => accounts.OpLog.of(operations, extras));
const method = fc
  .record({
    name: arbitraryText(16),
    credentialId: bytes(1, 40),
    createdDay: fc.nat({ max: 0x7fffffff }),
    type: fc.integer({ min: 1, max: 9 }),
    enabled: fc.boolean(),
  })
  .map((parts) => accounts.MultiFactorAuthMethod.of(parts));
const mfaRequest = fc
  .tuple(fc.array(method, { maxLength: 3 }), arbitraryFixedBytes(32))
  .map(([methods, challenge]) => accounts.MultiFactorAuthRequest.of(methods, challenge));
const webauthn = fc
  .record({ authenticatorData: bytes(0, 40), clientDataJson: bytes(0, 40), signature: bytes(0, 40) })
  .map((parts) => accounts.WebauthnResponse.of(parts));
const mfaResponse = fc
  .tuple(bytes(1, 40), fc.oneof(arbitraryText(20), webauthn))
  .map(([id, response]) => accounts.MultiFactorAuthResponse.of(id, response));
const spaceRequest = fc
  .record(
    { username, bytes: time, time, annual: fc.boolean(), paymentProof: bytes(0, 20) },
    { requiredKeys: ['username', 'bytes', 'time'] },
  )
  .map((parts) => accounts.SpaceRequest.of(parts));
const payment = fc
  .record(
    {
      freeQuota: time,
      desiredQuota: time,
      annual: fc.boolean(),
      nextCharge: time,
      url: arbitraryText(),
      clientSecret: arbitraryText(),
      error: arbitraryText(),
      expiry: time,
    },
    { requiredKeys: ['freeQuota'] },
  )
  .map((parts) => accounts.PaymentProperties.of(parts));
const linkCounts = fc
  .array(fc.record({ label: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), count: time, modified: time }), { maxLength: 4 })
  .map((counts) => accounts.LinkCounts.of(counts));
const followRequest = fc
  .tuple(bytes(40, 80), arbitraryFixedBytes(32))
  .map(([message, key]) => accounts.BlindFollowRequest.of(PaddedAsymmetricCipherText.fromCbor(message), Curve25519PublicKey.of(key)));
const snapshot = fc
  .record(
    {
      username,
      owner: pair.map(({ publicKey }) => publicKey.hash),
      followRequests: fc.array(followRequest, { maxLength: 2 }),
      pointers: fc
        .uniqueArray(pair, { selector: ({ publicKey }) => publicKey.hash.key, maxLength: 3 })
        .map((keys) => keys.map(({ publicKey }, i) => ({ writer: publicKey.hash, signed: Uint8Array.of(i, 1) }))),
      bats: fc.array(bat, { maxLength: 2 }),
      login: loginData,
      linkCounts,
    },
    { requiredKeys: ['username', 'owner', 'followRequests', 'pointers', 'bats', 'linkCounts'] },
  )
  .map((parts) => accounts.UserSnapshot.of(parts));
const message = fc
  .record({
    id: fc.maxSafeInteger(),
    type: fc.constantFrom(1 as const, 2 as const, 3 as const),
    sent: time,
    body: arbitraryText(60),
    dismissed: fc.boolean(),
    replyTo: maybe(fc.maxSafeInteger()),
  })
  .map((parts) => accounts.ServerMessage.of(parts));
const batIds = fc.array(
  arbitraryFixedBytes(32).map((secret) => Bat.of(secret).inlineId()),
  { maxLength: 2 },
);
const url = fc.stringMatching(/^https?:\/\/[a-z0-9.:-]{1,20}(?:[/?#][!-~]{0,20})?$/);
const optionalUrls = fc.record(
  { directWrites: fc.boolean(), authorisedReads: fc.boolean(), publicReads: fc.boolean(), publicReadUrl: url, authorisedUrl: url },
  { requiredKeys: [] },
);
const headers = fc
  .array(fc.tuple(fc.stringMatching(/^[A-Za-z_-]{1,12}$/), fc.stringMatching(/^[!-~]{0,12}$/)), { maxLength: 4 })
  .map((entries) => new Map(entries));
const resolution = fc
  .record({ sequence: time, host: arbitraryCid().map(({ multihash }) => multihash), pointer: bytes(0, 20) }, { requiredKeys: ['sequence'] })
  .chain((parts) => fc.boolean().map((moved) => api.ResolutionRecord.of({ ...parts, moved: moved && 'host' in parts })));

const codecs: Record<string, Codec> = {
  UsernameClaim: { values: claim, decode: accounts.UsernameClaim.decode },
  UserPublicKeyLink: { values: link, decode: accounts.UserPublicKeyLink.decode },
  BlockWrite: { values: blockWrite, decode: accounts.BlockWrite.decode },
  PointerWrite: { values: pointerWrite, decode: accounts.PointerWrite.decode },
  LoginData: { values: loginData, decode: accounts.LoginData.decode },
  LoginResponse: {
    values: fc.oneof(
      entryPoints.map((sealed) => accounts.LoginResponse.ofEntryPoints(sealed)),
      mfaRequest.map((request) => accounts.LoginResponse.ofRequest(request)),
    ),
    decode: accounts.LoginResponse.decode,
  },
  OpLog: { values: opLog, decode: accounts.OpLog.decode },
  MultiFactorAuthMethod: { values: method, decode: accounts.MultiFactorAuthMethod.decode },
  MultiFactorAuthRequest: { values: mfaRequest, decode: accounts.MultiFactorAuthRequest.decode },
  MultiFactorAuthResponse: { values: mfaResponse, decode: accounts.MultiFactorAuthResponse.decode },
  WebauthnResponse: { values: webauthn, decode: accounts.WebauthnResponse.decode },
  BackupCodes: { values: fc.constant(accounts.BackupCodes.generate(crypto)), decode: accounts.BackupCodes.decode },
  SpaceRequest: { values: spaceRequest, decode: accounts.SpaceRequest.decode },
  LabelledSignedSpaceRequest: {
    values: fc.tuple(username, bytes(65, 99)).map(([name, signed]) => accounts.LabelledSignedSpaceRequest.of(name, signed)),
    decode: accounts.LabelledSignedSpaceRequest.decode,
  },
  PaymentProperties: { values: payment, decode: accounts.PaymentProperties.decode },
  AllowedSignups: {
    values: fc.record({ free: fc.boolean(), paid: fc.boolean() }).map((parts) => accounts.AllowedSignups.of(parts)),
    decode: accounts.AllowedSignups.decode,
  },
  LinkCounts: { values: linkCounts, decode: accounts.LinkCounts.decode },
  BlindFollowRequest: { values: followRequest, decode: accounts.BlindFollowRequest.decode },
  UserSnapshot: { values: snapshot, decode: accounts.UserSnapshot.decode },
  ServerMessage: { values: message, decode: accounts.ServerMessage.decode },
  BlockWriteGroup: {
    values: fc.array(fc.tuple(bytes(0, 20), bytes(1, 96)), { minLength: 1, maxLength: 4 }).map((items) =>
      api.BlockWriteGroup.of(
        items.map(([block]) => block),
        items.map(([, signature]) => signature),
      ),
    ),
    decode: api.BlockWriteGroup.decode,
  },
  WriteAuthRequest: {
    values: fc
      .array(fc.record({ signature: arbitraryFixedBytes(96), size: fc.nat({ max: 0x7fffffff }), batIds }), { maxLength: 3 })
      .map((writes) => api.WriteAuthRequest.of(writes)),
    decode: api.WriteAuthRequest.decode,
  },
  BlockMirrorCap: {
    values: fc.tuple(arbitraryCid(), maybe(bat)).map(([cid, found]) => api.BlockMirrorCap.of(cid, found)),
    decode: api.BlockMirrorCap.decode,
  },
  PresignedUrl: { values: fc.tuple(url, headers).map(([text, map]) => api.PresignedUrl.of(text, map)), decode: api.PresignedUrl.decode },
  BlockStoreProperties: {
    values: optionalUrls.map((parts) => api.BlockStoreProperties.of(parts)),
    decode: api.BlockStoreProperties.decode,
  },
  ResolutionRecord: { values: resolution, decode: api.ResolutionRecord.decode },
};

describeCodecs(codecs);
