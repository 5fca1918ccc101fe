/** Our client and a foreign one in one account: what one writes, the other reads. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type UserSession } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foreignClientMissing, foreignSignUp, isForeignClientThere, runAs, runProgram } from './foreign-programs.js';

const MiB = 1024 * 1024;
const SIZES = [0, 1, 4096, 4097, 5 * MiB - 1, 5 * MiB, 5 * MiB + 1, 50 * MiB];
const TIMEOUT = 300_000;
/** Many, so that the list of the directory has several chunks. */
const MANY = 1000;
/** As many as one chunk of a list holds: the foreign client takes those that it puts into a second one for lost. */
const FULL = 500;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.skipIf(!isForeignClientThere)(`our client and a foreign one${foreignClientMissing}`, () => {
  let daemon: DaemonProcess;
  let home: string;
  const password = randomBytes(12).toString('hex');
  const names = ['alice', 'bob'] as const;

  const theirs = async (username: string, ...commands: readonly string[]): Promise<string> =>
    runAs(daemon.url, username, password, home, commands);
  /** A new log-in, so nothing is remembered. */
  const ours = async (username: string): Promise<UserSession> => (await connect(daemon.url)).logIn({ username, password });
  const hashOf = async (session: UserSession, path: string): Promise<string> => {
    const hash = createHash('sha256');
    for await (const piece of await session.files.open(path)) hash.update(piece);
    return hash.digest('hex');
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'pyrgos-cross-'));
    daemon = await startDaemonProcess({ 'max-users': '10', 'default-quota': '2g' });
    // One account is made by our client, the other one by theirs; both are used by both.
    await (await connect(daemon.url)).signUp({ username: 'alice', password });
    await runProgram(foreignSignUp, [daemon.url, 'bob', password], '', home);
  }, 120_000);

  afterAll(async () => {
    await daemon?.stop();
    await rm(home, { recursive: true, force: true });
  });

  describe.each(names)('in the account of %s', (username) => {
    test('files of all sizes, both ways', { timeout: TIMEOUT }, async () => {
      const session = await ours(username);
      const written = SIZES.map((size) => ({ size, bytes: randomBytes(size) }));
      for (const { size, bytes } of written) {
        await session.files.write(`/${username}/ours-${size}`, new Uint8Array(bytes));
        await writeFile(join(home, `theirs-${size}`), bytes);
      }
      await theirs(username, ...SIZES.map((size) => `put ${join(home, `theirs-${size}`)}`));
      await theirs(username, ...SIZES.map((size) => `get ours-${size} ${join(home, `back-${size}`)}`));
      const again = await ours(username);
      for (const { size, bytes } of written) {
        expect(sha256(await readFile(join(home, `back-${size}`))), `ours, ${size} bytes`).toBe(sha256(bytes));
        expect((await again.files.stat(`/${username}/theirs-${size}`)).size).toBe(size);
        expect(await hashOf(again, `/${username}/theirs-${size}`), `theirs, ${size} bytes`).toBe(sha256(bytes));
      }
    });

    test('names beyond ASCII and directories', { timeout: TIMEOUT }, async () => {
      const { files } = await ours(username);
      const name = 'Größe – 日本語 🗼.txt';
      await files.write(`/${username}/höhe/tief/${name}`, new TextEncoder().encode('ours'), { parents: true });
      await theirs(username, `get höhe/tief ${join(home, `${username}-tief`)}`);
      expect(await readFile(join(home, `${username}-tief`, name), 'utf8')).toBe('ours');
      const local = join(home, `${username}-lokal`);
      await mkdir(join(local, 'ünter'), { recursive: true });
      await writeFile(join(local, 'ünter', name), 'theirs');
      await theirs(username, `put ${local} höhe`);
      const again = await ours(username);
      expect(new TextDecoder().decode(await again.files.read(`/${username}/höhe/${username}-lokal/ünter/${name}`))).toBe('theirs');
    });

    test(`directories of ${MANY} files, both ways`, { timeout: TIMEOUT }, async () => {
      const { files } = await ours(username);
      await files.makeDirectory(`/${username}/many`);
      const sources = Array.from({ length: MANY }, (_, i) => ({ path: [`o${i}.txt`], source: new TextEncoder().encode(`o${i}`) }));
      for await (const { outcome } of files.writeTree(`/${username}/many`, sources)) expect(outcome).toBe('created');
      const local = join(home, `${username}-many`);
      await mkdir(local);
      for (let i = 0; i < FULL; i++) await writeFile(join(local, `t${i}.txt`), `t${i}`);
      await theirs(username, `put ${local}`);
      const again = await ours(username);
      const found = new Set<string>();
      for await (const entry of again.files.list(`/${username}/${username}-many`)) if (!entry.isDamaged) found.add(entry.name);
      expect(found).toEqual(new Set(Array.from({ length: FULL }, (_, i) => `t${i}.txt`)));
      // Into a second chunk of their list, and out of the first one.
      await again.files.write(`/${username}/${username}-many/added.txt`, new TextEncoder().encode('added'));
      await again.files.remove(`/${username}/${username}-many/t0.txt`);
      const listed = await theirs(username, 'ls many', `ls ${username}-many`, `get many ${join(home, `${username}-back`)}`);
      for (let i = 0; i < MANY; i++) expect(listed).toContain(`o${i}.txt`);
      for (let i = 1; i < FULL; i++) expect(listed).toContain(`t${i}.txt`);
      expect(listed).toContain('added.txt');
      expect(listed).not.toMatch(/\bt0\.txt/);
      expect(await readFile(join(home, `${username}-back`, 'o999.txt'), 'utf8')).toBe('o999');
    });

    test('renamed, moved, changed and deleted by one, seen by the other', { timeout: TIMEOUT }, async () => {
      const { files } = await ours(username);
      await files.makeDirectory(`/${username}/a/b`, { parents: true });
      await files.write(`/${username}/a/one.txt`, new TextEncoder().encode('one'));
      await files.rename(`/${username}/a/one.txt`, 'two.txt');
      await files.move(`/${username}/a/two.txt`, `/${username}/a/b`);
      await files.append(`/${username}/a/b/two.txt`, new TextEncoder().encode(' and more'));
      await files.write(`/${username}/a/gone.txt`, new TextEncoder().encode('gone'));
      await files.remove(`/${username}/a/gone.txt`);
      expect(await theirs(username, 'ls a', `get a/b/two.txt ${join(home, `${username}-two`)}`)).not.toContain('gone.txt');
      expect(await readFile(join(home, `${username}-two`), 'utf8')).toBe('one and more');
      await theirs(username, 'rm a/b/two.txt');
      expect(await (await ours(username)).files.find(`/${username}/a/b/two.txt`)).toBeUndefined();
      await files.remove(`/${username}/a`);
      expect(await theirs(username, 'ls')).not.toMatch(/\ba\b\s*$/m);
    });
  });
});
