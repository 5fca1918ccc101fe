import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { WireClient } from '@pyrgos/testkit/server';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../config/index.js';
import { systemClock } from '../ports/clock.js';
import { startServer } from '../server.js';
import { DamagedBackupError, restoreBackup } from './index.js';
import { STATE_SEAL_FILE } from './state-seal.js';

/** Blocks have their hashes; the seal is what state.json has. */

let folder: string;
let original: string;
let backup: string;
let crypto: CryptoProvider;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-seal-'));
  original = join(folder, 'original');
  crypto = await loadCrypto();
  const flags = new Map([
    ['port', '0'],
    ['max-users', '2'],
    ['log-to-file', 'false'],
  ]);
  const { config } = await loadConfig({ dataDirectory: join(folder, 'data'), environment: {}, flags });
  const server = await startServer(config, { logger: pino({ level: 'silent' }) });
  const client = new WireClient(server.localUrl, crypto);
  await client.signUp('alice');
  await server.operator.backUp(original);
  client.close();
  await server.close();
}, 60_000);
beforeEach(async () => {
  backup = await mkdtemp(join(folder, 'backup-'));
  await cp(original, backup, { recursive: true });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const restore = async () => restoreBackup({ source: backup, directory: join(backup, 'restored'), crypto, clock: systemClock });

const problems = async (): Promise<string> => {
  const error: unknown = await restore().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DamagedBackupError);
  return (error as DamagedBackupError).problems.join('\n');
};

test('is what sha256sum writes, for the owner only', async () => {
  const digest = createHash('sha256')
    .update(await readFile(join(backup, 'state.json')))
    .digest('hex');
  expect(await readFile(join(backup, STATE_SEAL_FILE), 'utf8')).toBe(`${digest}  state.json\n`);
  expect((await stat(join(backup, STATE_SEAL_FILE))).mode & 0o777).toBe(0o600);
  expect(await restore()).toMatchObject({ users: 1 });
});

test.each([
  ['the time', /"dumpedAt": "20/],
  ['the password of the PKI', /"peergosPassword": "/],
  ['a login', /"entryPoints": ".{30}/],
  ['a quota', /"bytes": 1/],
])('a changed character in %s, which nothing else would find', async (_, before) => {
  const text = await readFile(join(backup, 'state.json'), 'utf8');
  const match = before.exec(text);
  if (match === null) throw new Error('the format has changed');
  const position = match.index + match[0].length;
  const changed = text[position] === '1' ? '2' : '1';
  await writeFile(join(backup, 'state.json'), text.slice(0, position) + changed + text.slice(position + 1));
  expect(await problems()).toContain('state.json: is not as it was written');
});

test('a seal that is damaged itself', async () => {
  await writeFile(join(backup, STATE_SEAL_FILE), 'no hash\n');
  expect(await problems()).toContain('state.json.sha256: holds no hash');
  await writeFile(join(backup, STATE_SEAL_FILE), `${'0'.repeat(64)}  state.json\n`);
  expect(await problems()).toContain('state.json: is not as it was written');
});

test('none at all, as a backup made elsewhere has it', async () => {
  await rm(join(backup, STATE_SEAL_FILE));
  expect(await restore()).toMatchObject({ users: 1 });
});
