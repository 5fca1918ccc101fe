import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let project: string;

/** A project as somebody else has it: outside of the workspace, with the built packages and one package of types. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'pyrgos-consumer-'));
  await mkdir(join(project, 'node_modules', '@types'), { recursive: true });
  await mkdir(join(project, 'node_modules', '@pyrgos'));
  for (const name of ['core', 'client'])
    await symlink(join(root, 'packages', name), join(project, 'node_modules', '@pyrgos', name), 'junction');
  for (const name of ['@types/node', 'undici-types'])
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name), 'junction');
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
});
afterAll(async () => rm(project, { recursive: true, force: true }));

/** What the compiler says, checking the declarations of all packages as well. */
async function compile(source: string, options: object): Promise<string> {
  const compilerOptions = { target: 'ES2022', strict: true, noEmit: true, skipLibCheck: false, module: 'NodeNext', ...options };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['main.ts'] }));
  await writeFile(join(project, 'main.ts'), source);
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project], (_, output) => resolve(output));
  });
}

const everything = [
  'client',
  'client/files',
  'client/session',
  'client/network',
  'client/commit',
  'core/abort',
  'core/accounts',
  'core/api',
  'core/arguments',
  'core/bytes',
  'core/codec',
  'core/containers',
  'core/crypto',
  'core/crypto/pool',
  'core/errors',
  'core/keys',
  'core/limits',
  'core/model',
  'core/social',
  'core/store',
]
  .map((name) => `import '@pyrgos/${name}';`)
  .join('\n');

test('a program for Node needs no types of browsers', async () => {
  const source = `${everything}
import { connect, PyrgosError } from '@pyrgos/client';
import { FileLocalStore } from '@pyrgos/client/node';
const server = await connect('http://localhost:8000', { store: await FileLocalStore.open('store') });
const session = await server.logIn({ username: 'ada', password: 'x' });
for await (const entry of session.files.list('/ada')) if (!entry.isDamaged) console.log(entry.name satisfies string);
export const code = (error: PyrgosError): string => error.code;
`;
  expect(await compile(source, { lib: ['ES2022'], types: ['node'] })).toBe('');
});

test('a page needs no types of Node', async () => {
  const source = `${everything}
import { browserSecurityKeys, connect, IndexedDbLocalStore } from '@pyrgos/client';
export const keys = browserSecurityKeys(navigator.credentials);
export const server = await connect(location.origin, { store: await IndexedDbLocalStore.open() });
`;
  expect(await compile(source, { lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [], module: 'ESNext', moduleResolution: 'bundler' })).toBe(
    '',
  );
});

test('what an option is by default can be said with undefined, also under exactOptionalPropertyTypes', async () => {
  const source = `
import { connect, createCryptoPool, loadCrypto } from '@pyrgos/client';
import { FileCache, FileLocalStore } from '@pyrgos/client/node';
const nothing = undefined;
await FileLocalStore.open('store', { clock: nothing });
await FileCache.open('blocks', { capacity: nothing, clock: nothing });
createCryptoPool({ size: nothing, backend: nothing });
await loadCrypto({ backend: nothing });
const settings = { store: nothing, blockCache: nothing, pool: nothing, clock: nothing, random: nothing, pointerCacheMilliseconds: nothing };
const server = await connect('http://localhost:8000', { ...settings, crypto: nothing, http: nothing, thumbnailer: nothing, chunksInFlight: nothing });
const user = { username: 'ada', password: 'x' };
const call = { signal: nothing, onProgress: nothing };
await server.signUp({ ...user, ...settings, ...call, token: nothing, cost: { logN: nothing, r: nothing }, identity: nothing, deviceKey: nothing });
const session = await server.logIn({ ...user, ...settings, ...call, deviceKey: nothing, secondFactor: nothing, secondFactorAttempts: nothing, upgradesBoxingKey: nothing });
await session.changePassword({ oldPassword: 'x', newPassword: 'y', cost: nothing, deviceKey: nothing, signal: nothing });
await session.space.request({ bytes: 1, annual: nothing }, { signal: nothing });
await session.space.usage({ pending: nothing, signal: nothing });
await session.space.payment({ newClientSecret: nothing });
const { files, identities } = session;
await files.open('/ada/x', { prefetch: nothing, cachedChunks: nothing, signal: nothing });
await files.read('/ada/x', { start: nothing, end: nothing, signal: nothing });
await files.stream('/ada/x', { start: nothing, end: nothing, ...call });
files.verify('/ada', { content: nothing, source: nothing, ...call });
await files.write('/ada/x', 'x', { ifVersion: nothing, onExisting: nothing, parents: nothing, thumbnail: nothing, ...call });
await files.rotateKeys('/ada/x', { newWritingSpace: nothing, ...call });
await identities.signProof({ service: 'Github', username: 'ada', isEncrypted: nothing });
await session.deleteAccount({ password: 'x', signal: nothing });
`;
  expect(await compile(source, { lib: ['ES2022'], types: ['node'], exactOptionalPropertyTypes: true })).toBe('');
});
