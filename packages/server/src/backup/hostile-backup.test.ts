import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpaceRequest, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import { Cid, CidCodec, encodeCbor, formatBlockStoreName } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { OwnerProof, ProofOfWork, PublicKeyHash, signAttached, SigningKeyPair, SigningPrivateKeyAndPublicHash } from '@pyrgos/core/keys';
import { MemoryBlocks, OwnedKeys, PointerUpdate, WriterData } from '@pyrgos/core/model';
import { type NewAccount, WireClient } from '@pyrgos/testkit/server';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../config/index.js';
import { systemClock } from '../ports/clock.js';
import { type RunningServer, startServer } from '../server.js';
import { restoreBackup } from './index.js';
import { STATE_SEAL_FILE } from './state-seal.js';

/** Whatever the server accepts from a user must not spoil the backup of the others. */

let folder: string;
let crypto: CryptoProvider;
let server: RunningServer;
let client: WireClient;
let mallory: NewAccount;

const start = async (name: string): Promise<RunningServer> => {
  const flags = new Map([
    ['port', '0'],
    ['max-users', '5'],
    ['log-to-file', 'false'],
  ]);
  const { config } = await loadConfig({ dataDirectory: join(folder, name), environment: {}, flags });
  return startServer(config, { logger: pino({ level: 'silent' }) });
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-hostile-'));
  crypto = await loadCrypto();
  server = await start('data');
  client = new WireClient(server.localUrl, crypto);
  mallory = await client.signUp('mallory');
}, 60_000);
afterEach(async () => {
  client.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Backs the server up and restores that; the summaries of both. */
const roundTrip = async () => {
  const backup = await server.operator.backUp(join(folder, 'backup'));
  const restored = await restoreBackup({ source: join(folder, 'backup'), directory: join(folder, 'restored'), crypto, clock: systemClock });
  // Without the hash it has to pass the checks that guess at damage as well.
  await rm(join(folder, 'backup', STATE_SEAL_FILE));
  const again = await restoreBackup({ source: join(folder, 'backup'), directory: join(folder, 'again'), crypto, clock: systemClock });
  expect(again).toEqual(restored);
  return { backup, restored };
};

test('links to blocks that were never stored are written down, not a reason to have no backup', async () => {
  const writer = client.homeWriter(mallory);
  const ghost = Cid.ofSha256(new Uint8Array(32).fill(5), CidCodec.raw);
  const ghostNode = Cid.ofSha256(new Uint8Array(32).fill(6), CidCodec.dagCbor);
  const [tree] = await client.put(mallory, writer.signer, [encodeCbor([ghost, ghostNode, ghost])], false, 't');
  if (tree === undefined) throw new Error('no CID');
  const data = WriterData.of(writer.signer.publicKeyHash, { tree });
  const [target] = await client.put(mallory, writer.signer, [data.encode()], false, 't');
  if (target === undefined) throw new Error('no CID');
  await client.setPointer(mallory, writer, target);
  const { backup, restored } = await roundTrip();
  expect(backup.incomplete).toEqual([{ username: 'mallory', missing: 2, damaged: 0 }]);
  expect(restored).toMatchObject({ users: 1, deletedNames: 0, blocks: backup.blocks, bytes: backup.bytes });
});

test('a block that the disk cannot read any more is a gap, not a reason to have no backup', async () => {
  const writer = client.homeWriter(mallory);
  const leaf = encodeCbor('a leaf');
  const [cid] = await client.put(mallory, writer.signer, [leaf], false, 't');
  if (cid === undefined) throw new Error('no CID');
  const [tree] = await client.put(mallory, writer.signer, [encodeCbor([cid])], false, 't');
  const [target] = await client.put(mallory, writer.signer, [WriterData.of(writer.signer.publicKeyHash, { tree }).encode()], false, 't');
  if (target === undefined) throw new Error('no CID');
  await client.setPointer(mallory, writer, target);
  const name = formatBlockStoreName(cid);
  const file = join(folder, 'data', 'blocks', 'mallory', name.slice(-2, -1), `${name}.data`);
  await rm(file);
  // As a bad sector: there, of the right name, and an error of the system when it is read.
  await mkdir(file);
  const { backup } = await roundTrip();
  expect(backup.incomplete).toEqual([{ username: 'mallory', missing: 0, damaged: 1 }]);
  // As after a repair of the file system: nobody but the database knows that it was there.
  await rmdir(file);
  const { incomplete } = await server.operator.backUp(join(folder, 'later'));
  expect(incomplete).toEqual([{ username: 'mallory', missing: 0, damaged: 1 }]);
});

test('a writer whose key is a block, as old accounts have them', async () => {
  const writer = client.homeWriter(mallory);
  const home = writer.signer.publicKeyHash;
  const keys = SigningKeyPair.generate(crypto);
  const keyBlock = keys.publicKey.encode();
  const hash = PublicKeyHash.fromCid(Cid.ofSha256(crypto.sha256(keyBlock), CidCodec.dagCbor));
  const old = SigningPrivateKeyAndPublicHash.of(hash, keys.secretKey);
  await client.put(mallory, writer.signer, [keyBlock], false, 't');
  const memory = new MemoryBlocks(crypto);
  const fresh: Uint8Array[] = [];
  const sink = {
    putCbor: (bytes: Uint8Array): Cid => {
      fresh.push(bytes);
      return memory.putCbor(bytes);
    },
  };
  const owned = OwnedKeys.empty(memory, { owner: home });
  await owned.add(OwnerProof.create(crypto, old, home), sink);
  fresh.push(WriterData.of(home, { owned: owned.flush(sink) }).encode());
  const parent = (await client.put(mallory, writer.signer, fresh, false, 't')).at(-1);
  if (parent === undefined) throw new Error('no CID');
  await client.setPointer(mallory, writer, parent);
  const [target] = await client.put(mallory, old, [WriterData.of(hash, {}).encode()], false, 't');
  if (target === undefined) throw new Error('no CID');
  await client.setPointer(mallory, { signer: old, pointer: undefined }, target);
  const { backup, restored } = await roundTrip();
  expect(backup.incomplete).toEqual([]);
  expect(restored).toMatchObject({ users: 1, recounted: [] });
});

test('a request for space that is older than the current identity of its user', async () => {
  const request = SpaceRequest.of({ username: 'mallory', bytes: 5, annual: false, time: Date.now() });
  const signed = signAttached(crypto, mallory.identity.secretKey, request.encode());
  await client.call(`peergos/v0/storage/request?owner=${mallory.identity.publicKey.hash.toString()}&req=${toHex(signed)}`);
  const next = SigningKeyPair.generate(crypto);
  const chain = UserPublicKeyLink.createChain(crypto, mallory.identity.signer, next.signer, 'mallory', '2099-01-01', [
    await client.serverId(),
  ]);
  await server.context.services.core.updateChain('mallory', chain, ProofOfWork.empty(), '');
  expect((await roundTrip()).restored).toMatchObject({ users: 1 });
});

test('counts people, not the account of the server and names that are gone, alike when it is written and when it is read', async () => {
  await client.signUp('carol');
  await client.signUp('dave');
  await server.operator.deleteUser('carol');
  const dave = await client.signUp('erin');
  const { signer } = dave.identity;
  const { body, path } = client.setPointerCall(dave, signer, PointerUpdate.next(await client.getPointer(dave, signer), undefined));
  await client.call(path, body);
  const { backup, restored } = await roundTrip();
  const counts = { users: 2, deletedNames: 2, blocks: backup.blocks, bytes: backup.bytes };
  expect([backup, restored]).toMatchObject([counts, counts]);
  expect((await server.operator.listUsers()).map(({ name }) => name)).toEqual(['dave', 'mallory']);
});

test('the configuration and the list of banned users come along, for their owner only', async () => {
  const text = 'basic-auth = me:sesame\n';
  await writeFile(join(folder, 'data', 'config'), text, { mode: 0o644 });
  await writeFile(join(folder, 'data', 'blacklist.txt'), 'trudy\n');
  const { backup, restored } = await roundTrip();
  expect([backup.files, restored.files]).toEqual([
    ['config', 'blacklist.txt'],
    ['config', 'blacklist.txt'],
  ]);
  for (const place of ['backup', 'restored']) {
    expect(await readFile(join(folder, place, 'config'), 'utf8')).toBe(text);
    expect((await stat(join(folder, place, 'config'))).mode & 0o777).toBe(0o600);
  }
  // What is there stays.
  const kept = join(folder, 'kept');
  await mkdir(kept);
  await writeFile(join(kept, 'config'), '# mine\n');
  const again = await restoreBackup({ source: join(folder, 'backup'), directory: kept, crypto, clock: systemClock });
  expect(again.files).toEqual(['blacklist.txt']);
  expect(await readFile(join(kept, 'config'), 'utf8')).toBe('# mine\n');
  expect(await readFile(join(kept, 'blacklist.txt'), 'utf8')).toBe('trudy\n');
});

test('a file of the operator that is none, or too long, is refused', async () => {
  await server.operator.backUp(join(folder, 'backup'));
  await rm(join(folder, 'backup', 'config'));
  await mkdir(join(folder, 'backup', 'config'));
  const restore = async () =>
    restoreBackup({ source: join(folder, 'backup'), directory: join(folder, 'restored'), crypto, clock: systemClock });
  await expect(restore()).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('no plain file') });
  await rmdir(join(folder, 'backup', 'config'));
  await writeFile(join(folder, 'backup', 'config'), '#'.repeat(2 ** 22 + 1));
  await expect(restore()).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('must not exceed') });
  await rm(join(folder, 'backup', 'config'));
  expect((await restore()).files).toEqual([]);
});

test.each(['state.json', STATE_SEAL_FILE, 'blocks.car'])(
  'what has come in the place of %s and is no file is named, and not waited for',
  async (name) => {
    await server.operator.backUp(join(folder, 'backup'));
    const path = join(folder, 'backup', name);
    const places = [
      async () => mkdir(path),
      ...(process.platform === 'win32' ? [] : [async () => expect(spawnSync('mkfifo', [path]).status).toBe(0)]),
    ];
    for (const put of places) {
      await rm(path, { recursive: true });
      await put();
      const restored = restoreBackup({ source: join(folder, 'backup'), directory: join(folder, 'restored'), crypto, clock: systemClock });
      const error: unknown = await restored.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'storage', message: expect.stringContaining(`${path} is no plain file`) });
      await expect(stat(join(folder, 'restored', 'blocks'))).rejects.toMatchObject({ code: 'ENOENT' });
    }
  },
);
