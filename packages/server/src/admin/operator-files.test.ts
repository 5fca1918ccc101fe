import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BLACKLIST_CHECK_MS, BLACKLIST_REREAD_MS, MAX_BLACKLIST_SIZE, MAX_EMAIL_LENGTH } from '../limits.js';
import { Blacklist } from './blacklist.js';
import { WaitList } from './wait-list.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-admin-'));
});
afterEach(async () => rm(folder, { recursive: true }));

describe('wait list', () => {
  const path = (): string => join(folder, 'waiting-list.txt');

  test('takes what looks like an address, one a line', async () => {
    const list = new WaitList(path());
    const good = ['a@b.org', 'A.b_c%d+e-f@sub.Example.COM', `${'x'.repeat(MAX_EMAIL_LENGTH - 8)}@abc.org`];
    const bad = ['', 'a', '@b.org', 'a@b', 'a@b.o', 'a@b.toolong', 'a b@c.org', 'a@b.org\n', 'a@b.org\nc@d.org', 'é@b.org', `x${good[2]}`];
    for (const email of good) expect([email, await list.join(email)]).toEqual([email, true]);
    for (const email of bad) expect([email, await list.join(email)]).toEqual([email, false]);
    expect(await readFile(path(), 'utf8')).toBe(good.map((email) => `${email}\n`).join(''));
  });

  test('is full at its limit, also after a restart and when many come at once', async () => {
    await writeFile(path(), 'first@b.org\ncut-off@b.or');
    const list = new WaitList(path(), 5);
    const results = await Promise.all(Array.from({ length: 9 }, async (_, i) => list.join(`n${i}@b.org`)));
    expect(results.filter(Boolean)).toHaveLength(3);
    expect(await new WaitList(path(), 5).join('late@b.org')).toBe(false);
    expect((await readFile(path(), 'utf8')).split('\n')).toEqual(['first@b.org', 'cut-off@b.or', 'n0@b.org', 'n1@b.org', 'n2@b.org', '']);
  });

  test('a file that cannot be written is an error, and works again when it can', async () => {
    const list = new WaitList(join(folder, 'missing', 'list.txt'));
    await expect(list.join('a@b.org')).rejects.toMatchObject({ code: 'storage', data: { system: 'ENOENT' } });
    await symlink(folder, join(folder, 'missing'));
    expect(await list.join('a@b.org')).toBe(true);
  });
});

describe('banned users', () => {
  const clock = { time: 1_700_000_000_000, now: (): number => clock.time };
  const path = (): string => join(folder, 'blacklist.txt');
  /** As editors do: a new file in the place of the old one. */
  async function write(text: string): Promise<void> {
    await writeFile(`${path()}.new`, text);
    await rename(`${path()}.new`, path());
  }

  test('nobody without a file; one name a line, comments and spaces aside', async () => {
    const list = new Blacklist(path(), clock);
    expect(await list.isBanned('mallory')).toBe(false);
    await write('# bad people\n\n  mallory \r\ntrudy\n#eve\n__proto__');
    expect(await list.isBanned('mallory')).toBe(false);
    clock.time += BLACKLIST_CHECK_MS;
    const names = ['mallory', 'trudy', '__proto__', 'eve', '#eve', '', 'alice', 'constructor'];
    expect(await Promise.all(names.map(async (name) => list.isBanned(name)))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    await rm(path());
    clock.time += BLACKLIST_CHECK_MS;
    expect(await list.isBanned('mallory')).toBe(false);
  });

  test('a file that becomes unreadable stays in force; one that is so from the beginning is an error', async () => {
    await write('mallory');
    const list = new Blacklist(path(), clock);
    expect(await list.isBanned('mallory')).toBe(true);
    await write(`trudy\n${' '.repeat(MAX_BLACKLIST_SIZE)}`);
    clock.time += BLACKLIST_CHECK_MS;
    expect([await list.isBanned('mallory'), await list.isBanned('trudy')]).toEqual([true, false]);
    await expect(new Blacklist(path(), clock).isBanned('mallory')).rejects.toMatchObject({ code: 'storage' });
    await write(`trudy\n${' '.repeat(MAX_BLACKLIST_SIZE - 6)}`);
    expect(await new Blacklist(path(), clock).isBanned('trudy')).toBe(true);
    clock.time += BLACKLIST_REREAD_MS;
    expect(await list.isBanned('trudy')).toBe(true);
  });
});
