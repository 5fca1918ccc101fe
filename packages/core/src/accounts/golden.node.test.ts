import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import { equalBytes, toHex } from '../bytes.js';
import { decodeBase64 } from '../codec/base64.js';
import { readCar } from '../codec/car.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { decodeCid, parseCid } from '../codec/cid.js';
import { PaddedCipherText } from '../containers/padded-cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { Bat, BatId, BatWithId } from '../keys/bat.js';
import { hashToKeyBytes } from '../keys/kdf.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { inlineSigningKey, type KeyLookup } from '../keys/resolve-signing-key.js';
import { ScryptSecretGeneration } from '../keys/secret-generation-algorithm.js';
import { PublicSigningKey, SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { EntryPoints } from '../model/user-static-data.js';
import { WriterData } from '../model/writer-data.js';
import { IpnsEntry } from '../api/ipns-entry.js';
import { BlindFollowRequest } from './blind-follow-request.js';
import { assertValidChain, decodeChain, encodeChain, homeProvider, mergeChains } from './claim-chain.js';
import { LinkCounts } from './link-counts.js';
import { LoginData } from './login-data.js';
import { LoginResponse } from './login-response.js';
import { MfaType, MultiFactorAuthMethod } from './mfa.js';
import { SpaceRequest } from './space-request.js';
import { UserSnapshot } from './user-snapshot.js';
import { isNewUsername } from './usernames.js';

/** What this test reads of state.json. Byte strings are base64. */
interface State {
  readonly dumpedAt: string;
  readonly server: { readonly id: { readonly ID: string } };
  readonly pki: {
    readonly usernames: readonly string[];
    readonly identities: Readonly<Record<string, string>>;
    readonly chains: Readonly<Record<string, string>>;
  };
  readonly owners: readonly {
    readonly username: string;
    readonly identity: string;
    readonly writers: readonly { readonly writer: string; readonly signedPointer: string; readonly target: string | null }[];
  }[];
  readonly login: readonly { readonly username: string; readonly entryPoints: string; readonly loginPublicKey: string }[];
  readonly mfa: readonly {
    readonly name: string;
    readonly credentialId: string;
    readonly type: number;
    readonly enabled: boolean;
    readonly createdEpochDay: number;
  }[];
  readonly bats: readonly { readonly username: string; readonly id: string; readonly idCbor: string; readonly batCbor: string }[];
  readonly followRequests: readonly { readonly request: string }[];
  readonly linkCounts: readonly { readonly label: number; readonly count: number; readonly modifiedEpochSeconds: number }[];
  readonly spaceRequests: readonly { readonly username: string; readonly signedRequest: string }[];
  readonly serverIdentities: readonly { readonly peerId: string; readonly record: string }[];
}

/** What this test reads of inputs.json. */
interface Inputs {
  readonly users: readonly { readonly username: string; readonly password: string }[];
}

const folder = goldenFolder();
const json = (name: string): unknown => JSON.parse(readFileSync(join(folder ?? '', name), 'utf8'));
/** base64 with padding, as the state has it. */
const bytesOf = (text: string): Uint8Array => decodeBase64(text);

/** The accounts of a server of the reference implementation. */
describe.skipIf(folder === undefined)(`golden-1 accounts${folder === undefined ? ` (skipped: ${goldenMissing})` : ''}`, () => {
  let crypto: CryptoProvider;
  let state: State;
  let lookup: KeyLookup;
  const blocks = new Map<string, Uint8Array>();
  const identities = new Map<string, PublicKeyHash>();

  beforeAll(async () => {
    crypto = await loadCrypto();
    state = json('state.json') as State;
    for await (const block of readCar(createReadStream(join(folder ?? '', 'blocks.car')))) blocks.set(block.cid.key, block.bytes);
    for (const [username, hash] of Object.entries(state.pki.identities)) identities.set(username, PublicKeyHash.parse(hash));
    lookup = {
      hasher: crypto,
      blocks: { getBlock: async (cid) => blocks.get(cid.key) ?? Promise.reject(new Error(`no block ${cid.toString()}`)) },
      context: { owner: [...identities.values()][0] as PublicKeyHash },
    };
  });

  const keyOf = (username: string): PublicSigningKey => {
    const hash = identities.get(username);
    const key = hash === undefined ? undefined : inlineSigningKey(hash);
    if (key === undefined) throw new Error(`no inline key of ${username}`);
    return key;
  };

  test('chains decode, re-encode, are valid and lead to the identity and the server', async () => {
    expect(Object.keys(state.pki.chains).sort()).toEqual([...state.pki.usernames].sort());
    for (const [username, base64] of Object.entries(state.pki.chains)) {
      const bytes = bytesOf(base64);
      const chain = decodeChain(bytes);
      expect(equalBytes(encodeChain(chain), bytes), username).toBe(true);
      await assertValidChain(crypto, chain, username, lookup);
      await mergeChains(crypto, [], chain, username, lookup);
      await expect(assertValidChain(crypto, chain, `${username}x`, lookup)).rejects.toMatchObject({ code: 'denied.chain' });
      expect(chain.at(-1)?.owner.equals(identities.get(username)), username).toBe(true);
      expect(homeProvider(chain)?.multihash.equals(parseCid(state.server.id.ID).multihash), username).toBe(true);
      expect(isNewUsername(username), username).toBe(true);
    }
  });

  test('login rows decode and re-encode', () => {
    for (const row of state.login) {
      const entry = PaddedCipherText.decode(bytesOf(row.entryPoints));
      const reader = PublicSigningKey.decode(bytesOf(row.loginPublicKey));
      expect(equalBytes(entry.encode(), bytesOf(row.entryPoints))).toBe(true);
      expect(equalBytes(reader.encode(), bytesOf(row.loginPublicKey))).toBe(true);
      const data = LoginData.of(row.username, entry, reader);
      expect(LoginData.decode(data.encode()).equals(data)).toBe(true);
      const response = LoginResponse.ofEntryPoints(entry);
      expect(LoginResponse.decode(response.encode()).equals(response)).toBe(true);
    }
    expect(state.login.length).toBeGreaterThan(0);
  });

  test('passwords open the login rows', async () => {
    const { users } = json('inputs.json') as Inputs;
    const opened: string[] = [];
    for (const row of state.login) {
      const password = users.find(({ username }) => username === row.username)?.password;
      const owner = state.owners.find(({ username }) => username === row.username);
      const target = owner?.writers.find(({ writer }) => writer === owner.identity)?.target;
      if (password === undefined || target === undefined || target === null) continue;
      const { algorithm } = WriterData.decode(blocks.get(parseCid(target).key) ?? new Uint8Array());
      if (!(algorithm instanceof ScryptSecretGeneration)) throw new Error(`${row.username} has no password`);
      const bytes = await hashToKeyBytes(crypto, row.username + algorithm.extraSalt, password, algorithm);
      const login = SigningKeyPair.fromSeed(crypto, bytes.slice(0, 32));
      expect(login.publicKey.equals(PublicSigningKey.decode(bytesOf(row.loginPublicKey)))).toBe(true);
      const entryPoints = EntryPoints.open(crypto, SymmetricKey.of(bytes.slice(32)), PaddedCipherText.decode(bytesOf(row.entryPoints)));
      expect(entryPoints.identity?.publicKey.hash.equals(identities.get(row.username))).toBe(true);
      expect(entryPoints.entries.map(({ ownerName }) => ownerName)).toEqual([row.username]);
      opened.push(row.username);
    }
    expect(opened).toEqual(state.login.map(({ username }) => username));
  });

  test('second factors', () => {
    for (const row of state.mfa) {
      const method = MultiFactorAuthMethod.of({
        name: row.name,
        credentialId: bytesOf(row.credentialId),
        createdDay: row.createdEpochDay,
        type: row.type,
        enabled: row.enabled,
      });
      expect(MultiFactorAuthMethod.decode(method.encode()).equals(method)).toBe(true);
      expect(method.type).toBe(MfaType.totp);
    }
    expect(state.mfa.length).toBeGreaterThan(0);
  });

  test('mirror BATs have the id of their secret', () => {
    for (const row of state.bats) {
      const id = BatId.decode(bytesOf(row.idCbor));
      const withId = BatWithId.of(Bat.decode(bytesOf(row.batCbor)), id);
      expect(id.format()).toBe(row.id);
      expect(withId.bat.mirrorId(crypto).equals(id)).toBe(true);
      expect(BatWithId.decode(withId.encode()).equals(withId)).toBe(true);
    }
    expect(state.bats.length).toBeGreaterThan(0);
  });

  test('follow requests decode and re-encode', () => {
    for (const { request } of state.followRequests) {
      const bytes = bytesOf(request);
      expect(equalBytes(BlindFollowRequest.decode(bytes).encode(), bytes)).toBe(true);
    }
    expect(state.followRequests.length).toBeGreaterThan(0);
  });

  test('space requests are signed by their users', () => {
    for (const { username, signedRequest } of state.spaceRequests) {
      const signed = bytesOf(signedRequest);
      const request = SpaceRequest.open(crypto, keyOf(username), signed);
      expect(request.username).toBe(username);
      expect(toHex(request.encode())).toBe(toHex(signed.subarray(64)));
    }
    expect(state.spaceRequests.length).toBeGreaterThan(0);
  });

  test('the records of the server', () => {
    for (const { peerId, record } of state.serverIdentities) {
      const bytes = bytesOf(record);
      const entry = IpnsEntry.decode(bytes);
      expect(toHex(entry.encode())).toBe(toHex(bytes));
      const id = decodeCid(Uint8Array.of(1, 0x72, ...bytesOf(peerId)));
      const verified = entry.verify(crypto, id, Date.parse(state.dumpedAt));
      expect(verified).toMatchObject({ moved: false, host: undefined });
    }
    expect(state.serverIdentities.length).toBeGreaterThan(0);
  });

  test('a snapshot of every account survives', () => {
    for (const { username, identity, writers } of state.owners) {
      const row = state.login.find((login) => login.username === username);
      const snapshot = UserSnapshot.of({
        username,
        owner: PublicKeyHash.parse(identity),
        followRequests: state.followRequests.map(({ request }) => BlindFollowRequest.decode(bytesOf(request))),
        pointers: writers.map(({ writer, signedPointer }) => ({ writer: PublicKeyHash.parse(writer), signed: bytesOf(signedPointer) })),
        bats: state.bats
          .filter((bat) => bat.username === username)
          .map((bat) => BatWithId.of(Bat.decode(bytesOf(bat.batCbor)), BatId.decode(bytesOf(bat.idCbor)))),
        login:
          row === undefined
            ? undefined
            : LoginData.of(
                username,
                PaddedCipherText.decode(bytesOf(row.entryPoints)),
                PublicSigningKey.decode(bytesOf(row.loginPublicKey)),
              ),
        linkCounts: LinkCounts.of(
          state.linkCounts.map(({ label, count, modifiedEpochSeconds }) => ({ label, count, modified: modifiedEpochSeconds })),
        ),
      });
      const read = UserSnapshot.decode(snapshot.encode());
      expect(read.equals(snapshot)).toBe(true);
      expect(decodeCbor(read.encode())).toBeInstanceOf(Map);
    }
  });
});
