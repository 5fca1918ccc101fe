/**
 * A client that nobody here wrote lives on our server: it signs up, logs in again, moves files of 0 B, 5 MiB and 50 MiB, makes directories,
 * befriends, shares, and opens secret links.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { foreignClientMissing, foreignShell, foreignSignUp, isForeignClientThere, runAs, runProgram } from './foreign-programs.js';

const MiB = 1024 * 1024;
const TIMEOUT = 240_000;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.skipIf(!isForeignClientThere)(`a foreign client on our server${foreignClientMissing}`, () => {
  let daemon: DaemonProcess;
  let home: string;
  const password = randomBytes(12).toString('hex');

  /** Commands of a signed-in user; fails when one of them prints an error. */
  const as = async (username: string, ...commands: readonly string[]): Promise<string> =>
    runAs(daemon.url, username, password, home, commands);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'pyrgos-foreign-'));
    daemon = await startDaemonProcess({ 'max-users': '10' });
  }, 60_000);

  afterAll(async () => {
    await daemon?.stop();
    await rm(home, { recursive: true, force: true });
  });

  test.each(['alice', 'bob'])('%s signs up and logs in', { timeout: TIMEOUT }, async (username) => {
    await runProgram(foreignSignUp, [daemon.url, username, password], '', home);
    expect(await as(username, 'pwd', 'space')).toContain(`Connected to ${daemon.url}`);
  });

  test('a wrong password and a taken name are refused', { timeout: TIMEOUT }, async () => {
    await expect(
      runProgram(foreignShell, ['--server', daemon.url, '--username', 'alice', '--fresh'], 'wrong\nexit\n', home),
    ).rejects.toThrow(/Incorrect username or password/);
    await expect(runProgram(foreignSignUp, [daemon.url, 'alice', password], '', home)).rejects.toThrow();
  });

  test.each([0, 1, 5 * MiB, 5 * MiB + 1, 50 * MiB])('a file of %i bytes goes up and comes back', { timeout: TIMEOUT }, async (size) => {
    const bytes = randomBytes(size);
    const name = `file-${size}`;
    await writeFile(join(home, name), bytes);
    await as('alice', `put ${join(home, name)}`);
    // A fresh process: nothing is remembered.
    expect(await as('alice', 'ls', `get ${name} ${join(home, `${name}.back`)}`)).toContain(name);
    expect(sha256(await readFile(join(home, `${name}.back`)))).toBe(sha256(bytes));
  });

  test('directories: made, filled with a folder, listed, fetched, removed', { timeout: TIMEOUT }, async () => {
    const local = join(home, 'folder');
    await mkdir(join(local, 'inner'), { recursive: true });
    for (let i = 0; i < 12; i++) await writeFile(join(local, 'inner', `n${i}.txt`), `content ${i}`);
    await as('alice', 'mkdir docs', `put ${local} docs`);
    expect(await as('alice', 'ls docs/folder/inner')).toContain('n11.txt');
    await as('alice', `get docs/folder ${join(home, 'fetched')}`);
    const inner = existsSync(join(home, 'fetched', 'inner')) ? join(home, 'fetched', 'inner') : join(home, 'fetched', 'folder', 'inner');
    expect(await readFile(join(inner, 'n7.txt'), 'utf8')).toBe('content 7');
    await as('alice', 'rm docs/folder', 'y');
    expect(await as('alice', 'ls docs')).not.toContain('folder');
  });

  test(
    'friends: a request, its acceptance, a file shared for reading and a directory shared for writing',
    { timeout: TIMEOUT },
    async () => {
      await writeFile(join(home, 'shared.txt'), 'for bob');
      await as('bob', 'follow alice');
      expect(await as('alice', 'get_follow_requests')).toContain('bob');
      await as('alice', 'process_follow_request bob accept-and-reciprocate');
      // Her answer to his request, and her own.
      await as('bob', 'get_follow_requests', 'process_follow_request alice accept-and-reciprocate');
      await as('alice', 'mkdir project', `put ${join(home, 'shared.txt')}`, 'share_read shared.txt bob', 'share_write project bob');
      await as('bob', `get /alice/shared.txt ${join(home, 'shared.back')}`);
      expect(await readFile(join(home, 'shared.back'), 'utf8')).toBe('for bob');
      await writeFile(join(home, 'from-bob.txt'), 'by bob');
      await as('bob', 'cd /alice/project', `put ${join(home, 'from-bob.txt')}`);
      await as('alice', `get project/from-bob.txt ${join(home, 'from-bob.back')}`);
      expect(await readFile(join(home, 'from-bob.back'), 'utf8')).toBe('by bob');
    },
  );

  test('secret links: read-only, with a password, and with a limit of uses', { timeout: TIMEOUT }, async () => {
    const linkOf = (output: string): string => {
      const found = /(\S*secret\/z\S+#\S+)/.exec(output)?.[1];
      if (found === undefined) throw new Error(`no link in ${output}`);
      return found;
    };
    const openLink = async (link: string, ...lines: readonly string[]): Promise<string> =>
      runProgram(foreignShell, ['--server', daemon.url, '--links', link], [...lines, 'exit', ''].join('\n'), home);

    const plain = linkOf(await as('alice', 'link docs'));
    expect(await openLink(plain, 'ls')).toMatch(/docs|alice/);
    const limited = linkOf(await as('alice', 'link shared.txt --max-uses 1'));
    await openLink(limited, 'ls');
    await expect(openLink(limited, 'ls')).rejects.toThrow(/Maximum link retrievals exceed/);
    const guarded = linkOf(await as('alice', 'link shared.txt --password secret'));
    expect(await openLink(guarded, 'secret', 'ls')).toMatch(/alice|shared/);
  });

  test('everything is still there after the server was killed and started again', { timeout: TIMEOUT }, async () => {
    await daemon.kill();
    await daemon.restart();
    const back = join(home, 'after-kill');
    await as('alice', `get file-${5 * MiB} ${back}`);
    expect(sha256(await readFile(back))).toBe(sha256(await readFile(join(home, `file-${5 * MiB}`))));
  });
});
