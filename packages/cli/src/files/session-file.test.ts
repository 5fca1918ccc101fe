import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepWithKey, keepWithPassphrase, readKeyFile, readSessionFile, removeSessionFile } from './session-file.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pyrgos-session-'));
  path = join(folder, 'state', 'session');
});
afterEach(() => rmSync(folder, { recursive: true }));

const account = { server: 'https://files.example.org', username: 'ada' };

/** A log-in that "seals" by writing down the key, so that a pair can be judged. */
const logIn = async (): Promise<void> =>
  keepWithKey(path, (key) => ({ ...account, sealed: new Uint8Array(key.encode()), salt: undefined }));
const withPhrase = async (): Promise<void> =>
  keepWithPassphrase(path, { ...account, sealed: new Uint8Array([1]), salt: new Uint8Array(16) });

async function requireFitting(): Promise<void> {
  const kept = await readSessionFile(path);
  if (kept?.salt === undefined) expect(Buffer.from(kept?.sealed ?? [])).toEqual(Buffer.from((await readKeyFile(path)).encode()));
}

test('log-ins at the same time leave a session and a key that fit together, and nothing else', async () => {
  await Promise.all(Array.from({ length: 8 }, logIn));
  await requireFitting();
  expect(readdirSync(join(folder, 'state')).sort()).toEqual(['session', 'session.key']);
  expect(statSync(`${path}.key`).mode & 0o777).toBe(0o600);
  await Promise.all([logIn(), withPhrase(), logIn(), withPhrase(), logIn()]);
  await requireFitting();
});

test('what is there fits together at every moment while another session takes its place', async () => {
  await logIn();
  const others = Array.from({ length: 5 }, logIn);
  for (let look = 0; look < 50; look++) await requireFitting();
  await Promise.all(others);
  await requireFitting();
});

test('a key that others could read, or that is damaged, is not used again, and none is after a session was forgotten', async () => {
  const keyText = (): string => readFileSync(`${path}.key`, 'utf8');
  await logIn();
  const first = keyText();
  await logIn();
  expect(keyText()).toBe(first);
  chmodSync(`${path}.key`, 0o644);
  await logIn();
  const second = keyText();
  expect(second).not.toBe(first);
  writeFileSync(`${path}.key`, 'nonsense');
  await logIn();
  await requireFitting();
  const third = keyText();
  expect(await removeSessionFile(path)).toBe(true);
  await logIn();
  expect(new Set([first, second, third, keyText()]).size).toBe(4);
  await withPhrase();
  expect(readdirSync(join(folder, 'state'))).toEqual(['session']);
});

test('a folder that cannot be made or written into is told, with what to do', async () => {
  // Whoever runs this, nobody can make a folder below a file.
  writeFileSync(join(folder, 'state'), '');
  const refused = { code: 'storage', message: expect.stringContaining(join(folder, 'state')) as string };
  await expect(logIn()).rejects.toMatchObject(refused);
  rmSync(join(folder, 'state'));
  chmodSync(folder, 0o500);
  // The administrator can all the same.
  if (process.geteuid?.() !== 0 && process.platform !== 'win32') await expect(logIn()).rejects.toMatchObject(refused);
  chmodSync(folder, 0o700);
});
