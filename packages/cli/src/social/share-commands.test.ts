import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TwoPeople } from '../../test/two-people.js';

describe('sharing', () => {
  let people: TwoPeople;
  beforeAll(async () => {
    people = await TwoPeople.start();
    const { files } = people.ada;
    await files.write('/ada/album/sea/bay.txt', 'waves', { parents: true });
    await files.write('/ada/album/evil\u001b]0;owned\u0007.txt', 'x');
    await files.makeDirectory('/ada/inbox');
    await files.write('/ada/notes.txt', 'notes');
    mkdirSync(join(people.world.folder, 'tree', 'deep'), { recursive: true });
    writeFileSync(join(people.world.folder, 'tree', 'deep', 'a.txt'), 'a');
  });
  afterAll(async () => people?.stop());

  test('only with those who follow the account; nobody is wrong use', async () => {
    expect(await people.asAda(['share', 'album', 'bob'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('Directory not shared: specified-user bob is not following you'),
    });
    expect((await people.asAda(['share', 'album'])).status).toBe(2);
    expect((await people.asAda(['share', 'album', '--group', 'enemies'])).status).toBe(2);
    expect((await people.asAda(['share', 'nothing', 'bob'])).status).toBe(3);
    await people.befriend();
  });

  test('a friend reads what is shared by its path, with all commands, and cannot change it', async () => {
    expect(await people.json('ada', ['share', 'album', 'bob'])).toEqual([
      { event: 'shared', path: '/ada/album', access: 'read', recipients: [{ user: 'bob' }] },
    ]);
    expect((await people.asBob(['ls', '/'])).stdout).toBe('ada\nbob\n');
    expect((await people.asBob(['ls', '/ada/album'])).stdout).toBe(`${String.raw`evil\u{1b}]0;owned\u{7}.txt`}\nsea\n`);
    expect((await people.asBob(['find', '/ada', '--type', 'f', '--name', 'b*'])).stdout).toBe('/ada/album/sea/bay.txt\n');
    expect(await people.json('bob', ['du', '-s', '/ada/album'])).toEqual([{ path: '/ada/album', bytes: 6, files: 2 }]);
    expect((await people.asBob(['cat', '/ada/album/sea/bay.txt'])).stdout).toBe('waves');
    expect((await people.asBob(['get', '-r', '/ada/album', 'copy'])).status).toBe(0);
    expect(readFileSync(join(people.world.folder, 'copy', 'sea', 'bay.txt'), 'utf8')).toBe('waves');
    for (const args of [
      ['put', 'tree/deep/a.txt', '/ada/album'],
      ['put', '-r', 'tree', '/ada/album'],
      ['rm', '/ada/album/sea/bay.txt'],
      ['mkdir', '-p', '/ada/album/x/y'],
      ['share', '--write', '/ada/album', 'ada'],
    ]) {
      const { status, stderr } = await people.asBob(args);
      expect([args, status], stderr).toEqual([args, 4]);
    }
  });

  test('into a directory that is shared for writing files and trees are put', async () => {
    expect((await people.asAda(['share', 'inbox', 'bob', '--write'])).status).toBe(0);
    expect((await people.asBob(['put', 'tree/deep/a.txt', '/ada/inbox/one.txt'])).status).toBe(0);
    expect(await people.json('bob', ['put', '-r', 'tree', '/ada/inbox'])).toContainEqual(
      expect.objectContaining({ event: 'summary', stored: 1, problems: 0 }),
    );
    expect((await people.asBob(['mkdir', '-p', '/ada/inbox/x/y'])).status).toBe(0);
    expect((await people.asAda(['find', 'inbox'])).stdout.split('\n').sort()).toEqual([
      '',
      '/ada/inbox',
      '/ada/inbox/one.txt',
      '/ada/inbox/tree',
      '/ada/inbox/tree/deep',
      '/ada/inbox/tree/deep/a.txt',
      '/ada/inbox/x',
      '/ada/inbox/x/y',
    ]);
    expect((await people.asBob(['rm', '-r', '/ada/inbox'])).status).toBe(4);
  });

  test('what is shared is listed on both sides', async () => {
    expect((await people.asAda(['share', 'notes.txt', '--group', 'friends'])).status).toBe(0);
    const { stdout } = await people.asAda(['shared']);
    expect(stdout.split('\n').sort()).toEqual([
      '',
      'to    all friends       read   /ada/notes.txt',
      'to    bob               read   /ada/album',
      'to    bob               write  /ada/inbox',
    ]);
    expect((await people.asAda(['shared', 'album', '--by-me'])).stdout).toBe('to    bob               read   /ada/album\n');
    const received = await people.json('bob', ['shared', '--with-me']);
    expect(received.map(({ access, direction, owner, path, sharers }) => [direction, path, owner, access, sharers])).toEqual(
      expect.arrayContaining([
        ['with-me', '/ada/album', 'ada', 'read', ['ada']],
        ['with-me', '/ada/inbox', 'ada', 'write', ['ada']],
        ['with-me', '/ada/notes.txt', 'ada', 'read', ['ada']],
      ]),
    );
    expect(await people.json('ada', ['shared', '--with-me'])).toEqual([]);
  });

  test('sharing ends, for one or for all, and there is nothing to end twice', async () => {
    expect((await people.asAda(['unshare', 'album', 'bob'])).status).toBe(0);
    expect((await people.asBob(['ls', '/ada/album'])).status).toBe(3);
    expect(await people.asAda(['unshare', 'album', 'bob'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("'/ada/album' is not shared with bob"),
    });
    expect((await people.asAda(['unshare', 'inbox', 'bob', '--write'])).status).toBe(0);
    expect((await people.asAda(['shared', 'inbox'])).stdout).toBe('to    bob               read   /ada/inbox\n');
    expect((await people.asBob(['ls', '/ada/inbox'])).status).toBe(0);
    expect((await people.asBob(['mkdir', '/ada/inbox/more'])).status).toBe(4);
    expect((await people.asAda(['unshare', 'inbox', 'bob'])).status).toBe(0);
    expect((await people.asBob(['ls', '/ada/inbox'])).status).toBe(3);
    expect((await people.asAda(['unshare', 'notes.txt', '--all', 'bob'])).status).toBe(2);
    expect((await people.asAda(['unshare', 'notes.txt', '--all'])).status).toBe(0);
    expect(await people.asAda(['unshare', 'notes.txt', '--all'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('not shared with anybody'),
    });
    expect((await people.asBob(['cat', '/ada/notes.txt'])).status).toBe(3);
    // What is shared of a profile is no file to anybody.
    await people.ada.profiles.setText('bio', 'Counts.');
    await people.ada.profiles.setAudience('bio', [{ user: 'bob' }]);
    expect((await people.asAda(['shared', '--by-me'])).stdout).toBe('');
    expect((await people.asAda(['shared', '--by-me', '--all'])).stdout).toContain('/ada/.profile/bio\n');
    expect((await people.asAda(['shared', '.profile'])).stdout).toContain('/ada/.profile/bio\n');
    expect((await people.asBob(['shared', '--with-me'])).stdout).toBe('');
  });

  test('what is published has an address that opens without an account, until it is private again', async () => {
    const { status, stdout } = await people.asAda(['publish', 'album']);
    expect([status, stdout]).toEqual([0, `${people.world.server}/public/ada/album\n`]);
    const url = stdout.trim();
    // Browsers are sent to the page, which opens it.
    expect((await fetch(`${url}/sea/bay.txt`, { redirect: 'manual' })).headers.get('location')).toContain('#');
    expect((await people.asStranger(['cat', `${url}/sea/bay.txt`])).stdout).toBe('waves');
    expect((await people.asStranger(['ls', url])).stdout).toContain('sea\n');
    expect((await people.asAda(['shared', '--by-me'])).stdout).toBe('to    the whole world   read   /ada/album\n');
    expect((await people.asAda(['unpublish', 'album'])).status).toBe(0);
    expect((await people.asStranger(['ls', url])).status).toBe(3);
    expect((await people.asAda(['unpublish', 'album'])).status).toBe(3);
    expect((await people.asAda(['unpublish'])).status).toBe(2);
    expect((await people.asAda(['publish', '--web-site', 'album/sea'])).status).toBe(0);
    expect((await people.asAda(['unpublish', '--web-site'])).status).toBe(0);
  });
});
