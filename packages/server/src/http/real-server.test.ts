import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeChain,
  decodeMfaMethods,
  BackupCodes,
  encodeChain,
  LinkCounts,
  LoginResponse,
  MultiFactorAuthResponse,
  parseTotpKey,
  PaymentProperties,
  ServerMessage,
  ServerMessageType,
  SpaceRequest,
} from '@pyrgos/core/accounts';
import { BlockWriteGroup } from '@pyrgos/core/api';
import { concatBytes, toHex } from '@pyrgos/core/bytes';
import { type CborValue, Cid, CidCodec, DataFrameWriter, decodeCbor, encodeCbor, parseCid } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import {
  Bat,
  blockBatList,
  encodeRawPrefix,
  ProofOfWork,
  ScryptSecretGeneration,
  signAttached,
  signDetached,
  SigningKeyPair,
} from '@pyrgos/core/keys';
import { ChunkMirrorCap, encodeMultiWriterCommit, formatChampCaps, PointerUpdate, WriterData } from '@pyrgos/core/model';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../../test/http/api-client.js';
import { type NewAccount, SignUpClient } from '@pyrgos/testkit/server';
import { totpCode } from '../accounts/totp.js';
import { loadConfig } from '../config/index.js';
import { type RunningServer, startServer } from '../server.js';

/** Every endpoint over a socket, with the real services behind it. */
let crypto: CryptoProvider;
let directory: string;
let server: RunningServer;
let api: ApiClient;
let alice: NewAccount;

const core = 'peergos/v0/core';
const ownerOf = (account: NewAccount) => account.identity.publicKey.hash;
const owner = () => ownerOf(alice);

beforeAll(async () => {
  crypto = await loadCrypto();
  directory = mkdtempSync(join(tmpdir(), 'pyrgos-http-'));
  const flags = new Map([
    ['port', '0'],
    ['max-users', '10'],
  ]);
  const { config } = await loadConfig({ dataDirectory: directory, environment: {}, flags });
  const pkiAlgorithms = { identity: ScryptSecretGeneration.of({ logN: 15 }), keyFile: ScryptSecretGeneration.of({ logN: 15, length: 32 }) };
  server = await startServer(config, { pkiAlgorithms, logger: pino({ level: 'silent' }) });
  api = new ApiClient(server.localUrl, crypto);
  alice = await new SignUpClient(crypto, server.context.services.ids.current).build('alice', { now: Date.now() });
  const answer = await api.call(`${core}/signup`, {}, signUpBody(alice));
  expect([answer.error, answer.hex]).toEqual(['', '01']);
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

function signUpBody(account: NewAccount): DataFrameWriter {
  const { username, link, log } = account;
  const parts = [link.encode(), log.encode(), ProofOfWork.empty().encode()];
  return parts.reduce((writer, part) => writer.writeBytes(part), ApiClient.text(username)).writeText('');
}

async function currentPointer(writer: SigningKeyPair): Promise<PointerUpdate> {
  const { body } = await api.call('peergos/v0/mutable/getPointer', { owner: owner(), writer: writer.publicKey.hash });
  return PointerUpdate.decodeVerifiedBefore(body);
}

async function put(writer: SigningKeyPair, blocks: readonly Uint8Array[], format: 'raw' | 'dag-cbor'): Promise<Cid[]> {
  const transaction = (await api.call('api/v0/transaction/start', { owner: owner() })).text;
  const signatures = blocks.map((block) => signAttached(crypto, writer.secretKey, crypto.sha256(block)));
  const body = BlockWriteGroup.of(blocks, signatures).encode();
  const answer = await api.call('api/v0/block/put/bulk', { format, owner: owner(), transaction, writer: writer.publicKey.hash }, body);
  expect(answer.error).toBe('');
  expect((await api.call('api/v0/transaction/close', { arg: transaction, owner: owner() })).text).toBe('1');
  return [...answer.text.matchAll(/\{"Hash":"(\w+)"\}/gu)].map(([, hash]) => parseCid(hash!));
}

describe('core', () => {
  test('names, keys and chains', async () => {
    expect((await api.call(`${core}/getPublicKey`, {}, ApiClient.text('alice'))).hex).toBe(`010000002d${toHex(owner().encode())}`);
    expect((await api.call(`${core}/getPublicKey`, {}, ApiClient.text('nobody'))).hex).toBe('00');
    const key = new DataFrameWriter().writeBytes(owner().encode());
    expect((await api.call(`${core}/getUsername`, {}, key)).hex).toBe('00000005616c696365');
    const stranger = SigningKeyPair.generate(crypto).publicKey.hash;
    const unknown = await api.call(`${core}/getUsername`, {}, new DataFrameWriter().writeBytes(stranger.encode()));
    expect([unknown.status, unknown.error]).toEqual([400, `Unknown identity key: ${stranger.toString()}`]);
    const chain = await api.call(`${core}/getChain`, {}, ApiClient.text('alice'));
    expect(decodeChain(chain.body)).toEqual([alice.link]);
    expect((await api.call(`${core}/getChain`, {}, ApiClient.text('bob'))).hex).toBe('80');
    // fetch has unpacked it already.
    const names = await api.call(`${core}/getUsernamesGzip/`);
    expect(JSON.parse(names.text)).toContain('alice');
    expect([names.headers.get('content-encoding'), names.headers.get('content-type')]).toEqual(['gzip', 'application/json']);
  });

  test('a taken name, a renewed claim, and a paid account that nobody gets', async () => {
    const client = new SignUpClient(crypto, server.context.services.ids.current);
    const thief = await client.build('alice', { now: Date.now() });
    const refused = await api.call(`${core}/signup`, {}, signUpBody(thief));
    expect(refused.status).toBe(400);
    expect(refused.error).not.toMatch(/^Internal/u);
    const renewed = client.claim('alice', alice.identity.signer, '2099-01-01');
    const update = ApiClient.text('alice')
      .writeBytes(encodeChain([renewed]))
      .writeBytes(ProofOfWork.empty().encode())
      .writeText('');
    expect((await api.call(`${core}/updateChain`, {}, update)).hex).toBe('01');
    expect(decodeChain((await api.call(`${core}/getChain`, {}, ApiClient.text('alice'))).body)).toEqual([renewed]);
    const paid = ApiClient.text('carol').writeBytes(thief.link.encode()).writeBytes(ProofOfWork.empty().encode());
    expect((await api.call(`${core}/startPaidSignup`, {}, paid)).hex).toBe('0000000100');
  });
});

describe('blocks', () => {
  test('identity and properties of the server', async () => {
    const id = server.context.services.ids.current.toString();
    expect((await api.call('api/v0/id')).text).toBe(`{"ID":"${id}"}`);
    expect((await api.call('api/v0/ids')).text).toBe(`{"IDS":["${id}"]}`);
    expect((await api.call('api/v0/link-host', { owner: owner() })).text).toBe(`localhost:${server.port}`);
    expect((await api.call('api/v0/blockstore/props')).hex).toBe('a36177f4626172f4627072f4');
    const record = await api.call('api/v0/ipns/get', { arg: '12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB' });
    expect(record.status).toBe(400);
  });

  test('a raw block, a CBOR block, and both again as a legacy multipart', async () => {
    const [raw] = await put(alice.home, [new TextEncoder().encode('hello')], 'raw');
    expect(raw!.toString()).toBe('zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo');
    const got = await api.call('api/v0/block/get', { arg: raw, owner: owner() });
    expect([got.text, got.headers.get('etag'), got.headers.get('cache-control')]).toEqual([
      'hello',
      `"${String(raw)}"`,
      'public, max-age=31622400 immutable',
    ]);
    expect((await api.call('api/v0/block/stat', { arg: raw, auth: 'letmein' })).text).toBe('{"Size":5}');
    const cbor = encodeCbor(['a', 1]);
    const [node] = await put(alice.home, [cbor], 'dag-cbor');
    expect((await api.call('api/v0/block/get', { arg: node, owner: owner() })).body).toEqual(cbor);

    const parts = ['hello', 'world'].map((text) => new TextEncoder().encode(text));
    const body = concatBytes(
      ...parts.flatMap((part, i) => [
        new TextEncoder().encode(`--bound\r\nContent-Disposition: file; filename="file${i}"\r\n\r\n`),
        part,
        new TextEncoder().encode('\r\n'),
      ]),
      new TextEncoder().encode('--bound--\r\n'),
    );
    const signatures = parts.map((part) => toHex(signAttached(crypto, alice.home.secretKey, crypto.sha256(part)))).join(',');
    const legacy = await api.call(
      'api/v0/block/put',
      { format: 'raw', owner: owner(), transaction: 'none', writer: alice.home.publicKey.hash, signatures },
      body,
      { 'content-type': 'multipart/form-data;boundary=bound' },
    );
    expect(legacy.text).toMatch(new RegExp(`^\\{"Hash":"${String(raw)}"\\}\\{"Hash":"z\\w+"\\}$`, 'u'));
  });

  test('an absent block, a forged signature, a block behind a BAT', async () => {
    const absent = Cid.ofSha256(crypto.sha256(Uint8Array.of(1, 2, 3)), CidCodec.raw);
    const none = await api.call('api/v0/block/get', { arg: absent, owner: owner() });
    expect([none.status, none.body.length, none.headers.has('etag')]).toEqual([200, 0, false]);
    expect((await api.call('api/v0/block/stat', { arg: absent, owner: owner() })).text).toBe('{"Size":0}');

    const forged = BlockWriteGroup.of(
      [Uint8Array.of(1)],
      [signAttached(crypto, alice.identity.secretKey, crypto.sha256(Uint8Array.of(1)))],
    );
    const target = { format: 'raw', owner: owner(), transaction: 't', writer: alice.home.publicKey.hash };
    const refused = await api.call('api/v0/block/put/bulk', target, forged.encode());
    expect([refused.status, refused.error]).toEqual([400, 'Invalid signature for block!']);

    const bat = Bat.generate(crypto);
    const gated = concatBytes(encodeRawPrefix(blockBatList(bat)), new TextEncoder().encode('secret'));
    const [cid] = await put(alice.home, [gated], 'raw');
    expect((await api.call('api/v0/block/get', { arg: cid, owner: owner() })).error).toBe('Unauthorised!');
    const wrong = Bat.generate(crypto).withCalculatedId(crypto).format();
    expect((await api.call('api/v0/block/get', { arg: cid, owner: owner(), bat: wrong })).error).toBe('Unauthorised!');
    const right = bat.withCalculatedId(crypto).format();
    expect((await api.call('api/v0/block/get', { arg: cid, owner: owner(), bat: right })).body).toEqual(gated);
  });

  test('CHAMP lookups in both forms', async () => {
    const { updated } = await currentPointer(alice.home);
    const block = await api.call('api/v0/block/get', { arg: updated, owner: owner() });
    const root = WriterData.fromCbor(decodeCbor(block.body)).tree!;
    const key = new Uint8Array(32).fill(7);
    const bulk = await api.call('api/v0/champ/get/bulk', { arg: root, owner: owner(), caps: formatChampCaps([ChunkMirrorCap.of(key)]) });
    const blocks = decodeCbor(bulk.body) as readonly Uint8Array[];
    expect(Cid.ofSha256(crypto.sha256(blocks[0]!), CidCodec.dagCbor).equals(root)).toBe(true);
    expect(bulk.headers.get('etag')).toBe(`"${root.toString()}"`);
    const legacy = await api.call('api/v0/champ/get', [
      ['arg', root],
      ['arg', key],
      ['owner', owner()],
    ]);
    expect(legacy.body).toEqual(bulk.body);
    const absent = Cid.ofSha256(crypto.sha256(key), CidCodec.dagCbor);
    const none = await api.call('api/v0/champ/get/bulk', { arg: absent, owner: owner(), caps: formatChampCaps([ChunkMirrorCap.of(key)]) });
    expect([none.hex, none.headers.has('etag')]).toEqual(['80', false]);
  });

  test('secret links: none published, and no counts', async () => {
    expect((await api.call('api/v0/link/get', { label: '1', owner: owner() })).error).toMatch(/^No secret link p/u);
    const bat = alice.mirrorBat.format();
    for (const parameters of [
      { after: '0', bat, owner: 'alice' },
      { after: `-31557014135596800?bat=${bat}`, owner: 'alice' },
    ]) {
      expect(LinkCounts.decode((await api.call('api/v0/link/counts', parameters)).body).counts).toEqual([]);
    }
    const wrong = Bat.generate(crypto);
    expect((await api.call('api/v0/link/counts', { after: '0', bat: wrong.withMirrorId(crypto).format(), owner: 'alice' })).error).toBe(
      'Unauthorized!',
    );
  });
});

describe('pointers', () => {
  const change = async (writer: SigningKeyPair, label: string): Promise<PointerUpdate> => {
    const current = await currentPointer(writer);
    const { body } = await api.call('api/v0/block/get', { arg: current.updated, owner: owner() });
    const writerData = WriterData.fromCbor(decodeCbor(body)).with({ named: undefined, ...unique(label) });
    const [target] = await put(writer, [writerData.encode()], 'dag-cbor');
    return PointerUpdate.next(current, target);
  };
  /** Makes a different WriterData each time. */
  const unique = (label: string): { readonly public: Cid } => ({
    public: Cid.ofSha256(crypto.sha256(new TextEncoder().encode(label)), CidCodec.dagCbor),
  });
  const target = () => ({ owner: owner(), writer: alice.home.publicKey.hash });

  test('one, with its conflict and a bad signature; several at once', async () => {
    const update = await change(alice.home, 'one');
    const signed = update.sign(crypto, alice.home.signer);
    expect((await api.call('peergos/v0/mutable/setPointer', target(), update.sign(crypto, alice.identity.signer))).hex).toBe('00');
    expect((await api.call('peergos/v0/mutable/setPointer', target(), signed)).hex).toBe('01');
    expect((await api.call('peergos/v0/mutable/getPointer', target())).body).toEqual(signed);
    const again = await api.call('peergos/v0/mutable/setPointer', target(), signed);
    expect(again.error).toBe(`PointerCAS:${String(update.updated)},${update.sequence},${String(update.original)}`);
    expect(again.headers.get('trailer')).toMatch(/^PointerCAS%3Az\w+%2C\d+%2Cz\w+$/u);
    const next = await change(alice.home, 'two');
    const commit = encodeMultiWriterCommit([{ writer: alice.home.publicKey.hash, signed: next.sign(crypto, alice.home.signer) }]);
    expect((await api.call('peergos/v0/mutable/setPointers', { owner: owner() }, commit)).hex).toBe('01');
    expect((await api.call('peergos/v0/mutable/setPointers', { owner: owner() }, encodeMultiWriterCommit([]))).hex).toBe('01');
    const stranger = SigningKeyPair.generate(crypto).publicKey.hash;
    expect((await api.call('peergos/v0/mutable/getPointer', { owner: owner(), writer: stranger })).body.length).toBe(0);
  });
});

describe('BATs, follow requests, space, messages, administration', () => {
  test('mirror BATs', async () => {
    const auth = (name: string) => ({ username: 'alice', auth: api.request(`peergos/v0/bats/${name}`, alice.identity) });
    expect((await api.call('peergos/v0/bats/getUserBats', auth('getUserBats'))).body).toEqual(encodeCbor([alice.mirrorBat.toCbor()]));
    const bat = Bat.generate(crypto);
    const add = { batid: bat.mirrorId(crypto).format(), bat: bat.format(), ...auth('addBat') };
    expect((await api.call('peergos/v0/bats/addBat', add)).hex).toBe(ApiClient.cborTrue);
    expect((decodeCbor((await api.call('peergos/v0/bats/getUserBats', auth('getUserBats'))).body) as readonly CborValue[]).length).toBe(2);
    expect((await api.call('peergos/v0/bats/getUserBats', auth('addBat'))).error).toBe(
      'Illegal path for signed request: peergos/v0/bats/addBat',
    );
    const stale = { username: 'alice', auth: api.request('peergos/v0/bats/getUserBats', alice.identity, Date.now() - 301_000) };
    expect((await api.call('peergos/v0/bats/getUserBats', stale)).error).toBe('Stale auth time, is your clock accurate?');
  });

  test('follow requests', async () => {
    const lines = readFileSync(join(import.meta.dirname, '../../../../vectors/02/transcripts/selection.jsonl'), 'utf8').split('\n');
    const recorded = JSON.parse(lines.find((line) => line.includes('social/followRequest'))!) as { requestBody: string };
    const request = Uint8Array.from(Buffer.from(recorded.requestBody, 'base64'));
    const get = async () => (await api.call('peergos/v0/social/getFollowRequests', { owner: owner(), auth: api.now(alice.identity) })).body;
    expect(toHex(await get())).toBe('0000000180');
    expect((await api.call('peergos/v0/social/followRequest', { owner: owner() }, request)).hex).toBe('01');
    expect(await get()).toEqual(new DataFrameWriter().writeBytes(encodeCbor([decodeCbor(request)])).finish());
    const remove = async (signer: SigningKeyPair) =>
      api.call('peergos/v0/social/removeFollowRequest', { owner: owner() }, signAttached(crypto, signer.secretKey, request));
    expect((await remove(alice.home)).hex).toBe('00');
    expect((await remove(alice.identity)).hex).toBe('01');
    expect(toHex(await get())).toBe('0000000180');
    expect((await api.call('peergos/v0/social/followRequest', { owner: owner() }, 'a0')).status).toBe(400);
  });

  test('usage, quota and a request for more', async () => {
    const signed = () => ({ owner: owner(), auth: api.now(alice.identity) });
    expect((await api.call('peergos/v0/storage/quota', signed())).hex).toBe('1a40000000');
    expect(decodeCbor((await api.call('peergos/v0/storage/usage', signed())).body)).toBeGreaterThan(0);
    const local = decodeCbor((await api.call('peergos/v0/storage/usage', { ...signed(), local: 'true' })).body);
    expect(local).toBeGreaterThan(0);
    const properties = await api.call('peergos/v0/storage/payment-properties', { ...signed(), 'new-client-secret': 'false' });
    expect(PaymentProperties.decode(properties.body).freeQuota).toBe(2 ** 30);
    const wish = SpaceRequest.of({ username: 'alice', bytes: 2 ** 31, time: Date.now() });
    const req = signAttached(crypto, alice.identity.secretKey, wish.encode());
    expect(PaymentProperties.decode((await api.call('peergos/v0/storage/request', { owner: owner(), req })).body).freeQuota).toBe(2 ** 30);
  });

  test('administration', async () => {
    const version = decodeCbor((await api.call('peergos/v0/admin/version')).body) as ReadonlyMap<string, CborValue>;
    expect(version.get('v')).toMatch(/^\d+\.\d+\.\d+/u);
    expect((await api.call('peergos/v0/admin/signups')).hex).toBe('a26166f56170f4');
    expect((await api.call('peergos/v0/admin/waitlist', { email: 'a+b@example.org' })).hex).toBe(ApiClient.cborFalse);
    const instance = server.context.services.ids.current;
    const pending = await api.call('peergos/v0/admin/pending', { admin: owner(), instance, auth: api.now(alice.identity) });
    expect(pending.hex).toBe('80');
    const approve = await api.call('peergos/v0/admin/approve', { admin: owner(), instance, req: new Uint8Array(80) });
    expect([approve.status, approve.error]).toEqual([400, 'User is not an admin on this instance!']);
  });

  test('messages to the operator', async () => {
    const message = ServerMessage.of({ id: -1, type: ServerMessageType.fromUser, sent: Date.now(), body: 'hi', dismissed: false });
    const signed = signAttached(crypto, alice.identity.secretKey, message.encode());
    expect((await api.call('peergos/v0/server-message/send', { username: 'alice' }, signed)).hex).toBe(ApiClient.cborTrue);
    const path = 'peergos/v0/server-message/retrieve';
    expect((await api.call(path, { username: 'alice', auth: api.request(path, alice.identity) })).hex).toBe('80');
    await server.context.messages.sendToUser('alice', 'hello');
    const list = decodeCbor((await api.call(path, { username: 'alice', auth: api.request(path, alice.identity) })).body);
    expect((list as readonly CborValue[]).map((item) => ServerMessage.fromCbor(item).body)).toContain('hello');
  });
});

describe('sign-in and second factors', () => {
  const login = 'peergos/v0/login';
  const signed = (name: string) => ({ username: 'alice', auth: api.request(`${login}/${name}`, alice.identity) });
  const getLogin = async (key: SigningKeyPair, more: Readonly<Record<string, string | Uint8Array>> = {}) =>
    api.call(`${login}/getLogin`, { username: 'alice', author: key.publicKey.encode(), auth: api.now(key), proxy: 'false', ...more });

  test('the password opens the login data, another one does not', async () => {
    const answer = await getLogin(alice.login);
    expect(LoginResponse.decode(answer.body).entryPoints).toEqual(alice.log.login!.data.entryPoints);
    expect((await getLogin(SigningKeyPair.generate(crypto))).error).toBe('Incorrect username or password');
  });

  test('login data can be replaced by the identity only', async () => {
    const { data } = alice.log.login!;
    const auth = (key: SigningKeyPair) => signDetached(crypto, key.secretKey, data.encode());
    expect(
      (await api.call(`${login}/setLogin`, { username: 'alice', local: 'false', auth: auth(alice.identity) }, data.encode())).hex,
    ).toBe('01');
    expect((await api.call(`${login}/setLogin`, { username: 'alice', auth: auth(alice.home) }, data.encode())).status).toBe(400);
  });

  test('a second factor from its set-up to its end', async () => {
    const { credentialId, key } = parseTotpKey((await api.call(`${login}/addTotp`, signed('addTotp'))).text);
    const code = () => totpCode(key, Math.floor(Date.now() / 1000));
    const enable = { ...signed('enableTotp'), credid: credentialId, code: code() };
    expect((await api.call(`${login}/enableTotp`, enable)).hex).toBe(ApiClient.cborTrue);
    const codes = BackupCodes.decode((await api.call(`${login}/genBackupCodes`, signed('genBackupCodes'))).body);
    expect(codes.codes.length).toBe(10);
    expect(decodeMfaMethods((await api.call(`${login}/listMfa`, signed('listMfa'))).body).length).toBe(2);
    const { request } = LoginResponse.decode((await getLogin(alice.login, { mfaTypes: '1,2,3,4' })).body);
    expect(request!.methods.map(({ type }) => type).toSorted((a, b) => a - b)).toEqual([1, 3]);
    expect(LoginResponse.decode((await getLogin(alice.login)).body).request!.methods.map(({ type }) => type)).toEqual([1]);
    const mfa = (text: string, id: Uint8Array = credentialId) => ({ mfa: MultiFactorAuthResponse.of(id, text).encode() });
    const wrong = await getLogin(alice.login, mfa('000000'));
    expect(wrong.error).toBe(`Invalid TOTP code for credId ${toHex(credentialId)}`);
    expect(LoginResponse.decode((await getLogin(alice.login, mfa(codes.codes[0]!, codes.credentialId))).body).entryPoints).toBeDefined();
    expect((await api.call(`${login}/registerWebauthnStart`, signed('registerWebauthnStart'))).body.length).toBe(32);
    const garbage = await api.call(
      `${login}/registerWebauthnComplete`,
      { ...signed('registerWebauthnComplete'), keyname: 'key' },
      'a261695820' + '44'.repeat(32) + '6172a3616141016163427b7d617340',
    );
    expect(garbage.status).toBe(400);
    expect(garbage.error).not.toMatch(/^Internal/u);
    expect((await api.call(`${login}/deleteMfa`, { ...signed('deleteMfa'), credid: credentialId })).hex).toBe(ApiClient.cborTrue);
    expect(LoginResponse.decode((await getLogin(alice.login)).body).entryPoints).toBeDefined();
  });

  test('a mount has its own factor', async () => {
    const { credentialId, key } = parseTotpKey((await api.call(`${login}/addMount`, { ...signed('addMount'), name: 'my%20laptop' })).text);
    const enable = { ...signed('enableMount'), credid: credentialId, code: totpCode(key, Math.floor(Date.now() / 1000)) };
    expect((await api.call(`${login}/enableMount`, enable)).hex).toBe(ApiClient.cborTrue);
    expect(decodeMfaMethods((await api.call(`${login}/listMfa`, signed('listMfa'))).body).map(({ name }) => name)).toContain('my laptop');
  });
});

describe('pages', () => {
  test('the landing page, and nothing published', async () => {
    const page = await fetch(`${server.localUrl}/`);
    expect(await page.text()).toContain('home server');
    expect(page.headers.get('content-security-policy')).toContain(`default-src 'self' http://localhost:${server.port}`);
    const missing = await fetch(`${server.localUrl}/public/alice/nothing`, { redirect: 'manual' });
    expect([missing.status, missing.headers.has('trailer')]).toEqual([400, true]);
    for (const path of ['alice/nothing', 'nobody/nothing']) {
      const opened = await fetch(`${server.localUrl}/public/${path}`, { headers: { accept: 'text/html,*/*;q=0.8' } });
      expect([opened.status, await opened.text()]).toEqual([404, expect.stringContaining('Nothing is published here')]);
    }
  });
});
