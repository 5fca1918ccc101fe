import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TwoPeople } from '../../test/two-people.js';
import { parseExpiry } from './expiry.js';

test('when a link ends, as people say it', () => {
  const now = new Date(2026, 5, 1, 12).getTime();
  expect(['30m', '24h', '7d', '2 W'].map((text) => parseExpiry(text, now).getTime() - now)).toEqual([
    1_800_000, 86_400_000, 604_800_000, 1_209_600_000,
  ]);
  expect(parseExpiry('2026-12-31', now)).toEqual(new Date(2026, 11, 31, 23, 59, 59));
  expect(parseExpiry('2026-06-01', now)).toEqual(new Date(2026, 5, 1, 23, 59, 59));
  expect(parseExpiry('2026-12-31T12:00:00Z', now).toISOString()).toBe('2026-12-31T12:00:00.000Z');
  for (const text of ['', '7', 'd', '0d', '-1d', '2026-02-30', '2026-13-01', '2025-01-01', 'tomorrow', '9999999d', '31.12.2026']) {
    expect(() => parseExpiry(text, now), text).toThrow(/^(?:Say 30m|That is over)/u);
  }
});

describe('secret links', () => {
  let people: TwoPeople;
  const place = (name: string): string => join(people.world.folder, name);
  beforeAll(async () => {
    people = await TwoPeople.start();
    await people.ada.files.write('/ada/album/sea/bay.txt', 'waves', { parents: true });
    await people.ada.files.write('/ada/notes.txt', 'notes');
    mkdirSync(place('tree/deep'), { recursive: true });
    writeFileSync(place('tree/deep/a.txt'), 'a');
    writeFileSync(place('link-password'), 'three quiet otters\n');
  });
  afterAll(async () => people?.stop());

  test('only the link is printed, and it opens without an account', async () => {
    const { status, stderr, stdout } = await people.asAda(['link', 'create', 'album']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^http:\/\/localhost:\d+\/secret\/[^\n]+#[A-Za-z0-9]{12}\n$/u);
    const link = stdout.trim();
    writeFileSync(place('link'), stdout);
    expect(await people.asStranger(['ls', link])).toMatchObject({ status: 0, stdout: 'sea\n', stderr: '' });
    mkdirSync(place('out'));
    expect((await people.asStranger(['get', '-r', link, 'out'])).status).toBe(0);
    expect(readFileSync(place('out/album/sea/bay.txt'), 'utf8')).toBe('waves');
    expect((await people.asStranger(['cat', '--link-file', 'link', 'sea/bay.txt'])).stdout).toBe('waves');
    expect((await people.asStranger(['find', '--link-file', '-'], { input: stdout })).stdout).toBe(
      '/ada/album\n/ada/album/sea\n/ada/album/sea/bay.txt\n',
    );
    expect((await people.asStranger(['verify', link])).status).toBe(0);
    // Without its server, from the settings.
    writeFileSync(place('short'), link.replace(/^.*?secret/u, 'secret'));
    const env = { PYRGOS_SERVER: people.world.server };
    expect((await people.asStranger(['ls', '--link-file', 'short'], { env })).stdout).toBe('sea\n');
    expect((await people.asStranger(['ls', '--link-file', 'short'])).status).toBe(2);
    // Nothing can be changed through it.
    expect((await people.asStranger(['put', 'tree/deep/a.txt', link])).status).toBe(4);
    expect((await people.asStranger(['rm', '--link-file', 'link', 'sea/bay.txt'])).status).toBe(4);
  });

  test('links that cannot be are told, and never shown', async () => {
    const link = (await people.asAda(['link', 'create', 'notes.txt'])).stdout.trim();
    const secret = link.slice(link.indexOf('#') + 1);
    const cases: readonly (readonly [string, number, string])[] = [
      [link.slice(0, link.indexOf('#')), 2, 'copy it again'],
      [`${link}x`, 4, 'Copy it again'],
      [link.replace(/\/\d+#/u, '/1#'), 3, 'There is no such link'],
      ['http://[', 2, 'copy it again'],
    ];
    for (const [text, code, message] of cases) {
      const { status, stderr, stdout } = await people.asStranger(['ls', text]);
      expect([text, status, stdout, stderr]).toEqual([text, code, '', expect.stringContaining(message)]);
      expect(stderr).not.toContain(secret);
    }
    expect((await people.asStranger(['ls', link, '--link-file', 'link'])).status).toBe(2);
    expect((await people.asStranger(['stat', link, 'more'])).stderr).not.toContain(secret);
    expect((await people.asStranger(['cat', link])).stdout).toBe('notes');
    expect((await people.asStranger(['get', link, 'fetched.txt'])).status).toBe(0);
    expect(readFileSync(place('fetched.txt'), 'utf8')).toBe('notes');
  });

  test('a link that stands where it has no business is refused, and its secret is never told', async () => {
    const link = (await people.asAda(['link', 'create', 'notes.txt'])).stdout.trim();
    const secret = link.slice(link.indexOf('#') + 1);
    for (const args of [
      ['put', link, 'notes.txt'],
      ['share', link, 'bob'],
      ['publish', link],
      ['link', 'delete', link],
      ['ls', ` ${link}`],
      ['stat', `x${link}`],
      ['ls', link.replace('http://', '')],
      ['ls', 'album', link.replace('http://', ''), '--json'],
    ]) {
      const { status, stderr, stdout } = await people.asAda(args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toContain('--link-file');
      expect(`${stdout}${stderr}`).not.toContain(secret);
    }
  });

  test('a password, an end and a number of uses, which can be changed', async () => {
    expect((await people.asAda(['link', 'create', 'album', '--link-password-file', 'nothing'])).status).toBe(2);
    writeFileSync(place('weak'), '1234\n');
    expect((await people.asAda(['link', 'create', 'album', '--link-password-file', 'weak'])).status).toBe(4);
    const wishes = ['--link-password-file', 'link-password', '--expires', '7d', '--max-uses', '4'];
    const [made] = await people.json('ada', ['link', 'create', 'album/sea', ...wishes]);
    expect(made).toMatchObject({ event: 'created', path: '/ada/album/sea', hasPassword: true, maxRetrievals: 4, isWritable: false });
    const link = String(made?.['link']);
    expect(await people.asStranger(['ls', link])).toMatchObject({ status: 4, stderr: expect.stringContaining('--link-password-file') });
    writeFileSync(place('wrong'), 'four loud otters\n');
    expect((await people.asStranger(['ls', link, '--link-password-file', 'wrong'])).status).toBe(4);
    expect((await people.asStranger(['ls', link, '--link-password-file', 'link-password'])).stdout).toBe('bay.txt\n');
    const [listed] = await people.json('ada', ['link', 'list', 'album/sea']);
    expect(listed).toMatchObject({ label: made?.['label'], retrievals: 3, retrievalsLeft: 1, hasPassword: true });
    expect(listed).not.toHaveProperty('link');
    expect(await people.json('ada', ['link', 'list', 'album/sea', '--show'])).toEqual([expect.objectContaining({ link })]);
    expect((await people.asAda(['link', 'list', 'album/sea'])).stdout).toMatch(
      /^ *\d+ {2}read {3}1 of 4 uses left +until [-\d]+ [:\d]+ +password {2}\/ada\/album\/sea\n$/u,
    );
    expect((await people.asAda(['link', 'edit', 'album/sea'])).status).toBe(2);
    const edited = await people.json('ada', ['link', 'edit', 'album/sea', '--without-password', '--never-expires', '--unlimited-uses']);
    expect(edited).toEqual([expect.objectContaining({ event: 'edited', hasPassword: false })]);
    expect((await people.asStranger(['ls', link])).stdout).toBe('bay.txt\n');
    await people.asAda(['link', 'edit', 'album/sea', '--max-uses', '4']);
    expect(await people.asStranger(['ls', link])).toMatchObject({ status: 4, stderr: expect.stringContaining('Ask whoever sent it') });
  });

  test('through a link for writing things are stored', async () => {
    await people.ada.files.makeDirectory('/ada/box');
    const link = (await people.asAda(['link', 'create', 'box', '--write'])).stdout.trim();
    writeFileSync(place('box-link'), link);
    expect((await people.asStranger(['put', 'tree/deep/a.txt', link])).status).toBe(0);
    expect((await people.asStranger(['put', '-r', 'tree', link])).status).toBe(0);
    expect((await people.asStranger(['mkdir', '--link-file', 'box-link', 'new'])).status).toBe(0);
    expect((await people.asStranger(['mv', '--link-file', 'box-link', 'a.txt', 'new'])).status).toBe(0);
    expect((await people.asAda(['find', 'box', '--type', 'f'])).stdout.split('\n').sort()).toEqual([
      '',
      '/ada/box/new/a.txt',
      '/ada/box/tree/deep/a.txt',
    ]);
    expect((await people.asStranger(['rm', '-r', link])).status).toBe(2);
  });

  test('links end', async () => {
    const [first, second] = await Promise.all([people.ada.links.create('/ada/notes.txt'), people.ada.links.create('/ada/album')]);
    expect(first.label).not.toBe(second.label);
    expect(await people.asAda(['link', 'delete', 'notes.txt'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('say which one'),
    });
    expect((await people.asAda(['link', 'delete', 'notes.txt', String(first.label)])).status).toBe(0);
    expect((await people.asAda(['link', 'delete', 'notes.txt', String(first.label)])).status).toBe(3);
    expect((await people.asAda(['link', 'delete', 'notes.txt', '--all'])).status).toBe(0);
    expect((await people.asAda(['link', 'delete', 'notes.txt'])).status).toBe(3);
    expect((await people.asAda(['link', 'delete', 'album', '--all'])).status).toBe(0);
    expect((await people.asStranger(['ls', '--link-file', 'link'])).status).toBe(3);
    expect(await people.json('ada', ['link', 'list', 'album'])).toEqual([expect.objectContaining({ path: '/ada/album/sea' })]);
  });
});
