import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld, password } from '../../test/files-world.js';
import { matchesPattern } from './name-pattern.js';

let world: FilesWorld;
beforeAll(async () => {
  world = await FilesWorld.start();
});
afterAll(async () => world.stop());

/** Nothing but a kept session opens the account. */
const bare = { PYRGOS_SERVER: '', PYRGOS_USERNAME: '', PYRGOS_PASSWORD_FILE: '' };

test('patterns of names', () => {
  const fits = ['*', 'a*', '*.txt', '??.t?t', 'a*b*.txt', 'ab.txt'];
  for (const pattern of fits) expect(matchesPattern('ab.txt', pattern), pattern).toBe(true);
  for (const pattern of ['', 'a', 'A*', '?.txt', '*.tx', 'b*', 'ab.txt?', '[a]b.txt'])
    expect(matchesPattern('ab.txt', pattern), pattern).toBe(false);
  expect(matchesPattern('👩', '?')).toBe(true);
  // It takes no time that grows with a power of the number of stars.
  expect(matchesPattern('a'.repeat(2000), `${'*a'.repeat(500)}b`)).toBe(false);
});

describe('looking at an account', () => {
  beforeAll(async () => world.keepSession());
  afterAll(() => world.forgetSession());

  test('find, du, space', async () => {
    const { files } = world.session;
    await files.write('/ada/d/e/a.txt', 'abc', { parents: true });
    await files.write('/ada/d/b.txt', 'defg');
    await files.write('/ada/d/c.bin', 'h');
    const { stdout } = await world.run(['find', 'd', '--name', '*.txt']);
    expect(stdout.split('\n').sort()).toEqual(['', '/ada/d/b.txt', '/ada/d/e/a.txt']);
    expect((await world.run(['find', '--type', 'd'])).stdout).toBe('/ada\n/ada/d\n/ada/d/e\n');
    expect((await world.run(['du', 'd'])).stdout).toBe('      3 B  /ada/d/e\n      8 B  /ada/d\n');
    expect(await world.json(['du', '-s'])).toEqual([{ path: '/ada', bytes: 8, files: 3 }]);
    expect(await world.json(['space'])).toEqual([{ used: expect.any(Number), quota: 2 ** 30, free: expect.any(Number) }]);
    expect((await world.run(['space'])).stdout).toMatch(/^Total space used: [1-9][\d.]* kB\.\nYou may use 1.1 GB; /);
    expect((await world.run(['space', '--request', '2g'])).status).toBe(0);
    expect((await world.run(['space', '--request', 'much'])).status).toBe(2);
  });

  test('verify finds what the server has lost, and its exit code says so', async () => {
    const content = new Uint8Array(300_000).fill(7);
    await world.session.files.write('/ada/v/lost.bin', content, { parents: true });
    await world.session.files.write('/ada/v/fine.txt', 'fine');
    expect(await world.run(['verify', 'v', '--content'])).toEqual({ status: 0, stdout: '', stderr: '' });
    const blocks = join(world.daemon.dataDirectory, 'blocks', 'ada');
    const large = readdirSync(blocks, { recursive: true, encoding: 'utf8' }).filter((name) => {
      const info = statSync(join(blocks, name));
      return info.isFile() && info.size > 250_000;
    });
    expect(large.length).toBeGreaterThan(0);
    for (const name of large) rmSync(join(blocks, name));
    const found = await world.json(['verify', 'v', '--content']);
    expect(found[0]).toMatchObject({ event: 'finding', path: '/ada/v/lost.bin', part: 'content' });
    const { status, stdout } = await world.run(['verify', 'v', '--content']);
    expect([status, stdout]).toEqual([9, expect.stringMatching(/^\/ada\/v\/lost\.bin: content, chunk 0: /)]);
    // Its sibling comes all the same.
    const fetched = await world.run(['get', '-r', 'v', 'v']);
    expect([fetched.status, fetched.stderr]).toEqual([8, expect.stringContaining('/ada/v/lost.bin: ')]);
    expect([fetched.stdout, fetched.stderr]).toEqual([
      '',
      expect.stringContaining('\npyrgos: 1 fetched, 0 there already, 1 not fetched\n'),
    ]);
    expect(readFileSync(join(world.folder, 'v', 'fine.txt'), 'utf8')).toBe('fine');
    expect(readdirSync(join(world.folder, 'v'))).toEqual(['fine.txt']);
  });
});

describe('what is in the way, or missing, is named', () => {
  beforeAll(async () => world.keepSession());
  afterAll(() => world.forgetSession());

  test('a directory on the way', async () => {
    const { status, stderr } = await world.run(['mkdir', 'way/b/c']);
    expect([status, stderr]).toEqual([3, expect.stringMatching(/nothing at \/ada\/way\b.*-p/)]);
    expect((await world.run(['mkdir', '-p', 'way/b/c'])).status).toBe(0);
  });

  test('a file where a directory is meant', async () => {
    const { files } = world.session;
    await files.write('/ada/plain', 'abc');
    await files.write('/ada/other', 'abc');
    for (const args of [
      ['mv', 'other', 'plain/x'],
      ['cp', 'other', 'plain/x'],
      ['mkdir', 'plain/x'],
      ['mkdir', '-p', 'plain/x/y'],
    ]) {
      const { status, stderr } = await world.run(args);
      expect([args, status, stderr]).toEqual([args, 7, 'pyrgos: /ada/plain is a file, not a directory\n']);
    }
  });
});

describe('sessions', () => {
  test('login keeps a session that opens the account without a password, and logout ends that', async () => {
    const state = join(world.folder, 'state');
    const file = join(state, 'pyrgos', 'session');
    const env = { ...bare, XDG_STATE_HOME: state };
    expect((await world.run(['login'], { env: { XDG_STATE_HOME: state } })).status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(password);
    expect(await world.json(['stat', '/ada'], { env })).toEqual([expect.objectContaining({ path: '/ada' })]);

    // Somebody else may read it: it is refused.
    chmodSync(`${file}.key`, 0o644);
    expect(await world.run(['ls'], { env })).toMatchObject({ stdout: '', stderr: expect.stringContaining('set its mode to 600') });
    chmodSync(`${file}.key`, 0o600);
    // Another account is not opened with it.
    expect((await world.run(['ls'], { env: { ...env, PYRGOS_USERNAME: 'bob' } })).stderr).toContain('--password-file');

    expect((await world.run(['logout'], { env })).status).toBe(0);
    expect([existsSync(file), existsSync(`${file}.key`)]).toEqual([false, false]);
    expect(await world.run(['ls'], { env })).toMatchObject({ status: 2, stderr: expect.stringContaining('--server') });
  });

  test('a session can be sealed with a passphrase; damaged ones are told, and a new login replaces them', async () => {
    const file = join(world.folder, 'my-session');
    const env = { ...bare, PYRGOS_SESSION_FILE: file };
    writeFileSync(join(world.folder, 'phrase'), 'open sesame\n');
    writeFileSync(join(world.folder, 'wrong-phrase'), 'open barley\n');
    writeFileSync(file, 'nonsense', { mode: 0o600 });
    expect((await world.run(['ls'], { env })).stderr).toContain('log in again');
    const login = ['login', '--session-file', file, '--passphrase-file', 'phrase'];
    expect((await world.run(login)).status).toBe(0);
    expect(existsSync(`${file}.key`)).toBe(false);
    const open = async (phrase: string) => world.run(['stat', '/ada'], { env: { ...env, PYRGOS_PASSPHRASE_FILE: phrase } });
    expect((await open('phrase')).status).toBe(0);
    expect(await open('wrong-phrase')).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('passphrase of the kept session is wrong'),
    });
    expect(await world.run(['ls'], { env })).toMatchObject({ status: 2, stderr: expect.stringContaining('PYRGOS_PASSPHRASE_FILE') });
    expect((await world.run(['logout', '--session-file', file])).status).toBe(0);
  });

  test('passwd changes the password, and what is kept goes on', async () => {
    const file = join(world.folder, 'kept');
    expect((await world.run(['login', '--session-file', file])).status).toBe(0);
    const before = createHash('sha256').update(readFileSync(file)).digest('hex');
    writeFileSync(join(world.folder, 'weak'), 'ada\n');
    writeFileSync(join(world.folder, 'new'), 'eleven quiet rivers under glass\n');
    const passwd = (name: string): string[] => ['passwd', '--session-file', file, '--new-password-file', name];
    expect(await world.run(passwd('weak'))).toMatchObject({ status: 4, stdout: '' });
    expect((await world.run(passwd('new'))).status).toBe(0);
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).not.toBe(before);
    expect((await world.run(['ls'])).status).toBe(4);
    expect((await world.run(['stat', '/ada', '--session-file', file], { env: bare })).status).toBe(0);
    expect((await world.run(['stat', '/ada', '--password-file', 'new'])).status).toBe(0);
  });
});
