/**
 * People who use different clients: ada and eve have ours, bob and dan a foreign one that nobody here wrote. They follow each other, share, make links and publish; what one does the other
 * sees. In the account of bob, at the end, both clients are used: what the foreign one has shared, ours takes back.
 *
 * What the foreign shell cannot do, and what is therefore shown in one direction only:
 *   - it ends no share, neither for reading nor for writing, deletes no link, unfollows nobody and removes no follower;
 *   - it publishes nothing (`make_public`), and opens nothing that is published;
 *   - it changes no file in place: of a file shared for writing it can only be shown that what we have written is what it reads;
 *   - it answers requests with `accept`, `accept-and-reciprocate` or `reject`; following back alone is none of its words;
 *   - it does not find what is shared with a group of which its user is a member, and shares with none;
 *   - in a folder that somebody else shares for writing it makes files and deletes them, but writes into no directory below it ("no writer available", also when the folder is shared by itself);
 *     `mkdir` with a path of somebody else makes directories in the own home;
 *   - of a link for writing that leads to a link node, as ours do, it finds the path and nothing behind it.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type LinkSession, type UserSession } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foreignClientMissing, foreignShell, foreignSignUp, isForeignClientThere, runAs, runProgram } from './foreign-programs.js';

const TIMEOUT = 300_000;
const MiB = 1024 * 1024;
const userPassword = 'quite a good secret';

describe.skipIf(!isForeignClientThere)(`people with our client and people with a foreign one${foreignClientMissing}`, () => {
  let daemon: DaemonProcess;
  let home: string;
  let files = 0;
  const password = randomBytes(12).toString('hex');

  const theirs = async (username: string, ...commands: readonly string[]): Promise<string> =>
    runAs(daemon.url, username, password, home, commands);
  /** A new log-in, so nothing is remembered. */
  const ours = async (username: string): Promise<UserSession> => (await connect(daemon.url)).logIn({ username, password });
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const openLink = async (text: string, given?: string): Promise<LinkSession> =>
    (await connect(daemon.url)).openLink(text, { password: given });
  /** What the foreign client gets of a path; rejects when it gets nothing. */
  const fetched = async (username: string, path: string): Promise<Buffer> => {
    const local = join(home, `fetched-${++files}`);
    await theirs(username, `get ${path} ${local}`);
    return readFile(local);
  };
  const text = async (username: string, path: string): Promise<string> => (await fetched(username, path)).toString('utf8');
  /** A file on the disk for the foreign client to put somewhere, by its name. */
  const local = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(home, name);
    await writeFile(path, content);
    return path;
  };
  const linkOf = (output: string): string => {
    const found = /(\S*secret\/z\S+#\S+)/.exec(output)?.[1];
    if (found === undefined) throw new Error(`no link in ${output}`);
    return found;
  };
  const openTheirs = async (link: string, ...lines: readonly string[]): Promise<string> => {
    const output = await runProgram(foreignShell, ['--server', daemon.url, '--links', link], [...lines, 'exit', ''].join('\n'), home);
    if (/(?:^|> )error: /m.test(output)) throw new Error(output);
    return output;
  };
  const relations = async (session: UserSession): Promise<object> => {
    const { incoming, outgoing, followers, following } = await session.friends.state();
    return { incoming: incoming.map(({ username }) => username), outgoing, followers, following };
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'pyrgos-social-'));
    daemon = await startDaemonProcess({ 'max-users': '20', 'default-quota': '1g' });
    for (const username of ['ada', 'eve']) (await (await connect(daemon.url)).signUp({ username, password })).close();
    for (const username of ['bob', 'dan', 'fay', 'gus']) await runProgram(foreignSignUp, [daemon.url, username, password], '', home);
  }, 240_000);

  afterAll(async () => {
    await daemon?.stop();
    await rm(home, { recursive: true, force: true });
  });

  describe('following', () => {
    test('ours asks, theirs accepts and follows back', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      await ada.friends.follow('bob');
      expect(await relations(ada)).toEqual({ incoming: [], outgoing: ['bob'], followers: [], following: [] });
      expect(await theirs('bob', 'get_follow_requests')).toContain('ada');
      await theirs('bob', 'process_follow_request ada accept-and-reciprocate');
      expect(await relations(await ours('ada'))).toEqual({ incoming: [], outgoing: [], followers: ['bob'], following: ['bob'] });
      expect(await theirs('bob', 'get_follow_requests')).toContain('No pending');
    });

    test('theirs asks, ours accepts and follows back', { timeout: TIMEOUT }, async () => {
      await theirs('dan', 'follow ada');
      const ada = await ours('ada');
      expect(await relations(ada)).toEqual({ incoming: ['dan'], outgoing: [], followers: ['bob'], following: ['bob'] });
      expect(await ada.friends.accept('dan')).toBe(true);
      // It takes our answer for a request that it has to answer.
      await theirs('dan', 'get_follow_requests', 'process_follow_request ada accept-and-reciprocate');
      expect(await relations(await ours('ada'))).toEqual({
        incoming: [],
        outgoing: [],
        followers: ['bob', 'dan'],
        following: ['bob', 'dan'],
      });
    });

    test('theirs asks, ours accepts only', { timeout: TIMEOUT }, async () => {
      await theirs('fay', 'follow eve');
      const eve = await ours('eve');
      expect(await eve.friends.accept('fay', { reciprocate: false })).toBe(true);
      expect(await relations(await ours('eve'))).toEqual({ incoming: [], outgoing: [], followers: ['fay'], following: [] });
    });

    test('ours asks, theirs accepts only, or refuses', { timeout: TIMEOUT }, async () => {
      const eve = await ours('eve');
      await eve.friends.follow('bob');
      await eve.friends.follow('dan');
      await theirs('bob', 'get_follow_requests', 'process_follow_request eve accept');
      await theirs('dan', 'get_follow_requests', 'process_follow_request eve reject');
      expect(await relations(await ours('eve'))).toEqual({ incoming: [], outgoing: [], followers: ['fay'], following: ['bob'] });
    });

    test('theirs asks, ours refuses', { timeout: TIMEOUT }, async () => {
      await theirs('gus', 'follow ada');
      const ada = await ours('ada');
      expect(await ada.friends.deny('gus')).toBe(true);
      expect(await relations(await ours('ada'))).toEqual({
        incoming: [],
        outgoing: [],
        followers: ['bob', 'dan'],
        following: ['bob', 'dan'],
      });
      await expect(theirs('gus', 'cd /ada', 'ls')).rejects.toThrow();
    });
  });

  describe('what ours shares', () => {
    const big = new Uint8Array(randomBytes(6 * MiB));

    test('for reading: a file and a folder', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      await ada.files.makeDirectory('/ada/read/sub', { parents: true });
      await ada.files.write('/ada/read/sub/größe.txt', bytes('in a folder'));
      await ada.files.write('/ada/big.bin', big);
      await ada.shares.share('/ada/big.bin', [{ user: 'bob' }, { user: 'dan' }]);
      await ada.shares.share('/ada/read', [{ user: 'bob' }, { user: 'dan' }]);
      for (const who of ['bob', 'dan']) {
        expect((await fetched(who, '/ada/big.bin')).equals(big)).toBe(true);
        expect(await text(who, '/ada/read/sub/größe.txt')).toBe('in a folder');
      }
      await expect(theirs('bob', `put ${await local('no.txt', 'no')} /ada/read`)).rejects.toThrow(/no writer available/);
    });

    test('for writing: a file and a folder, into which theirs writes', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      await ada.files.makeDirectory('/ada/write/sub', { parents: true });
      await ada.files.write('/ada/write/old.txt', bytes('old'));
      await ada.files.write('/ada/written.txt', bytes('mine'));
      await ada.shares.share('/ada/write', [{ user: 'bob' }, { user: 'dan' }], { access: 'write' });
      await ada.shares.share('/ada/written.txt', [{ user: 'bob' }, { user: 'dan' }], { access: 'write' });
      const put = await local('by-bob.txt', 'by bob');
      await theirs('bob', 'cd /ada/write', `put ${put}`, 'rm old.txt');
      const { files: seen } = await ours('ada');
      expect(await seen.readText('/ada/write/by-bob.txt')).toBe('by bob');
      expect(await seen.find('/ada/write/old.txt')).toBeUndefined();
      await seen.append('/ada/write/by-bob.txt', bytes(' and ada'));
      await seen.append('/ada/written.txt', bytes(' and mine'));
      for (const who of ['bob', 'dan']) {
        expect(await text(who, '/ada/write/by-bob.txt')).toBe('by bob and ada');
        expect(await text(who, '/ada/written.txt')).toBe('mine and mine');
      }
    });

    test('and takes back, for reading: who stays reads what is new, the other does not', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      for (const path of ['/ada/big.bin', '/ada/read']) expect(await ada.shares.unshare(path, [{ user: 'bob' }])).toBe(true);
      await ada.files.write('/ada/big.bin', bytes('secret of now'), { onExisting: 'replace' });
      await ada.files.write('/ada/read/new.txt', bytes('secret of now'));
      for (const path of ['/ada/big.bin', '/ada/read/new.txt', '/ada/read/sub/größe.txt']) {
        await expect(fetched('bob', path), path).rejects.toThrow();
      }
      expect(await text('dan', '/ada/big.bin')).toBe('secret of now');
      expect(await text('dan', '/ada/read/new.txt')).toBe('secret of now');
      expect(await text('dan', '/ada/read/sub/größe.txt')).toBe('in a folder');
    });

    test('and takes back, for writing', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      for (const path of ['/ada/write', '/ada/written.txt']) expect(await ada.shares.unshare(path, [{ user: 'bob' }])).toBe(true);
      await ada.files.write('/ada/write/new.txt', bytes('secret of now'));
      await ada.files.append('/ada/written.txt', bytes(', now'));
      const put = await local('late.txt', 'late');
      await expect(theirs('bob', 'cd /ada/write', `put ${put}`)).rejects.toThrow(/no such path/);
      for (const path of ['/ada/written.txt', '/ada/write/new.txt']) await expect(fetched('bob', path), path).rejects.toThrow();
      expect(await text('dan', '/ada/written.txt')).toBe('mine and mine, now');
      await theirs('dan', 'cd /ada/write', `put ${put}`);
      const { files: seen } = await ours('ada');
      expect(await seen.readText('/ada/write/late.txt')).toBe('late');
    });

    test('keeps with a follower under a new name and place', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      await ada.files.rename('/ada/read', 'renamed');
      expect(await text('dan', '/ada/renamed/new.txt').catch(async () => text('dan', '/ada/read/new.txt'))).toBe('secret of now');
    });
  });

  describe('what theirs shares', () => {
    test('for reading: a file and a folder', { timeout: TIMEOUT }, async () => {
      const big = randomBytes(6 * MiB);
      await mkdir(join(home, 'shelf', 'sub'), { recursive: true });
      await writeFile(join(home, 'shelf', 'sub', 'tief.txt'), 'in a folder');
      await theirs(
        'bob',
        `put ${await local('theirs.bin', big)}`,
        `put ${join(home, 'shelf')}`,
        'share_read theirs.bin ada',
        'share_read shelf ada',
        'share_read theirs.bin eve',
        'share_read shelf eve',
      );
      for (const who of ['ada', 'eve']) {
        const session = await ours(who);
        expect(Buffer.from(await session.files.read('/bob/theirs.bin')).equals(big)).toBe(true);
        expect(await session.files.readText('/bob/shelf/sub/tief.txt')).toBe('in a folder');
        await expect(session.files.write('/bob/shelf/new.txt', bytes('no'))).rejects.toMatchObject({ code: 'denied.file' });
        const received: string[] = [];
        for await (const { path, access, error } of session.shares.received()) if (error === undefined) received.push(`${path} ${access}`);
        expect(received).toEqual(expect.arrayContaining(['/bob/theirs.bin read', '/bob/shelf read']));
      }
    });

    test('for writing: a file and a folder, into which ours writes', { timeout: TIMEOUT }, async () => {
      await theirs(
        'bob',
        'mkdir desk',
        `put ${await local('plain.txt', 'plain')} desk`,
        `put ${await local('open.txt', 'open')}`,
        'share_write desk ada',
        'share_write open.txt ada',
        'share_write desk eve',
        'share_write open.txt eve',
      );
      const { files: seen } = await ours('ada');
      await seen.write('/bob/desk/by-ada.txt', bytes('by ada'));
      await seen.makeDirectory('/bob/desk/made');
      await seen.write('/bob/desk/made/deep.bin', new Uint8Array(6 * MiB).fill(7));
      await seen.rename('/bob/desk/plain.txt', 'renamed.txt');
      await seen.append('/bob/open.txt', bytes(' and more'));
      expect(await text('bob', 'desk/by-ada.txt')).toBe('by ada');
      expect((await fetched('bob', 'desk/made/deep.bin')).equals(new Uint8Array(6 * MiB).fill(7))).toBe(true);
      expect(await text('bob', 'desk/renamed.txt')).toBe('plain');
      expect(await text('bob', 'open.txt')).toBe('open and more');
      const eve = await ours('eve');
      expect(await eve.files.readText('/bob/desk/by-ada.txt')).toBe('by ada');
      await eve.files.write('/bob/open.txt', bytes('shorter'), { onExisting: 'replace' });
      expect(await text('bob', 'open.txt')).toBe('shorter');
    });

    test('ours takes back in the same account: who stays keeps access', { timeout: TIMEOUT }, async () => {
      const bob = await ours('bob');
      const withAll = { readers: [{ user: 'ada' }, { user: 'eve' }] };
      expect(await bob.shares.sharedWith('/bob/theirs.bin')).toMatchObject(withAll);
      expect(await bob.shares.sharedWith('/bob/shelf')).toMatchObject(withAll);
      for (const path of ['/bob/theirs.bin', '/bob/shelf', '/bob/desk', '/bob/open.txt']) {
        expect(await bob.shares.unshare(path, [{ user: 'eve' }]), path).toBe(true);
      }
      await bob.files.write('/bob/theirs.bin', bytes('secret of now'), { onExisting: 'replace' });
      await bob.files.write('/bob/shelf/new.txt', bytes('secret of now'));
      await bob.files.write('/bob/desk/new.txt', bytes('secret of now'));
      await bob.files.append('/bob/open.txt', bytes('!'));
      const eve = await ours('eve');
      const ada = await ours('ada');
      for (const path of ['/bob/theirs.bin', '/bob/shelf/new.txt', '/bob/desk/new.txt', '/bob/open.txt']) {
        await expect(eve.files.readText(path), path).rejects.toMatchObject({
          code: expect.stringMatching(/^(?:not-found|denied)\./) as string,
        });
      }
      for (const path of ['/bob/theirs.bin', '/bob/shelf/new.txt', '/bob/desk/new.txt']) {
        expect(await ada.files.readText(path), path).toBe('secret of now');
      }
      expect(await ada.files.readText('/bob/open.txt')).toBe('shorter!');
      await ada.files.write('/bob/desk/again.txt', bytes('again'));
      expect(await text('bob', 'desk/again.txt')).toBe('again');
    });
  });

  describe('secret links', () => {
    test('of ours, opened by theirs: plain, with a password, with an expiry, used up, for writing', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      await ada.files.makeDirectory('/ada/linked/sub', { parents: true });
      await ada.files.write('/ada/linked/sub/one.txt', bytes('one'));
      const back = (name: string): string => join(home, `link-${name}`);
      const folder = await ada.links.create('/ada/linked');
      await openTheirs(folder.url ?? folder.text, `get /ada/linked/sub/one.txt ${back('plain')}`);
      expect(await readFile(back('plain'), 'utf8')).toBe('one');
      const file = await ada.links.create('/ada/linked/sub/one.txt', { userPassword, expires: new Date(Date.now() + 3_600_000) });
      await openTheirs(file.url ?? file.text, userPassword, `get /ada/linked/sub/one.txt ${back('guarded')}`);
      expect(await readFile(back('guarded'), 'utf8')).toBe('one');
      const once = await ada.links.create('/ada/linked/sub/one.txt', { maxRetrievals: 1 });
      await openTheirs(once.url ?? once.text, `get /ada/linked/sub/one.txt ${back('once')}`);
      await expect(openTheirs(once.url ?? once.text, 'ls')).rejects.toThrow(/Maximum link retrievals exceed/);
      const open = await ada.links.create('/ada/linked', { writable: true });
      // A link for writing leads to the link node (chapter 06 section 11.3): it finds the path there, and nothing behind it. Ours does.
      expect(await openTheirs(open.url ?? open.text, 'pwd')).toContain('/ada/linked');
      await (await openLink(open.text)).files.write('/ada/linked/through-link.txt', bytes('through'));
      expect(await (await ours('ada')).files.readText('/ada/linked/through-link.txt')).toBe('through');
      await ada.links.delete('/ada/linked', folder.label);
      await expect(openTheirs(folder.url ?? folder.text, 'ls')).rejects.toThrow(/No secret link/);
    });

    test('of theirs, opened by ours: plain, with a password, with an expiry, used up, for writing', { timeout: TIMEOUT }, async () => {
      await theirs('dan', 'mkdir linked', `put ${await local('one.txt', 'one')} linked`);
      const plain = await openLink(linkOf(await theirs('dan', 'link linked')));
      expect(plain).toMatchObject({ owner: 'dan', path: '/dan/linked', isDirectory: true, isWritable: false });
      expect(await plain.files.readText('/dan/linked/one.txt')).toBe('one');
      const guarded = linkOf(await theirs('dan', 'link linked/one.txt --password secret --expiry 24h'));
      expect(await (await openLink(guarded, 'secret')).files.readText('/dan/linked/one.txt')).toBe('one');
      await expect(openLink(guarded, 'wrong')).rejects.toMatchObject({ code: 'denied.link', data: { reason: 'password' } });
      const once = linkOf(await theirs('dan', 'link linked/one.txt --max-uses 1'));
      await openLink(once);
      await expect(openLink(once)).rejects.toMatchObject({ code: 'denied.link', data: { reason: 'used-up' } });
      const writable = await openLink(linkOf(await theirs('dan', 'link linked --write')));
      expect(writable.isWritable).toBe(true);
      await writable.files.write('/dan/linked/through.txt', bytes('through'));
      expect(await text('dan', 'linked/through.txt')).toBe('through');
    });

    test('of theirs are listed, changed and deleted by ours in the same account', { timeout: TIMEOUT }, async () => {
      const dan = await ours('dan');
      const links = [];
      for await (const link of dan.links.list()) links.push(link);
      expect(links.map(({ path, isWritable }) => `${path} ${isWritable}`).sort()).toEqual([
        '/dan/linked false',
        '/dan/linked true',
        '/dan/linked/one.txt false',
        '/dan/linked/one.txt false',
      ]);
      const guarded = links.find(({ hasPassword }) => hasPassword);
      if (guarded === undefined) throw new Error('there is one with a password');
      const changed = await dan.links.update(guarded.path, guarded.label, { userPassword });
      expect(await (await openLink(changed.text, userPassword)).files.readText('/dan/linked/one.txt')).toBe('one');
      for (const { path, label } of links) expect(await dan.links.delete(path, label)).toBe(true);
      await expect(openLink(changed.text, userPassword)).rejects.toMatchObject({ code: 'not-found.link' });
    });
  });

  describe('publishing', () => {
    test('of ours: theirs reads it as a friend, and everybody without an account', { timeout: TIMEOUT }, async () => {
      const ada = await ours('ada');
      await ada.files.makeDirectory('/ada/public');
      await ada.files.write('/ada/public/page.txt', bytes('for all'));
      await ada.publishing.publish('/ada/public');
      const anybody = await (await connect(daemon.url)).openPublic('/ada/public/page.txt');
      expect(await anybody.files.readText('/ada/public/page.txt')).toBe('for all');
      expect(await ada.publishing.unpublish('/ada/public')).toBe(true);
      await expect((await connect(daemon.url)).openPublic('/ada/public/page.txt')).rejects.toMatchObject({ code: 'not-found.file' });
    });

    test('in an account of theirs, by ours', { timeout: TIMEOUT }, async () => {
      const bob = await ours('bob');
      await bob.publishing.publish('/bob/shelf');
      const anybody = await (await connect(daemon.url)).openPublic('/bob/shelf/sub/tief.txt');
      expect(await anybody.files.readText('/bob/shelf/sub/tief.txt')).toBe('in a folder');
      // Publishing changes no keys: who had it has it still, and the foreign client is not confused by it.
      expect(await (await ours('ada')).files.readText('/bob/shelf/new.txt')).toBe('secret of now');
      await theirs('bob', `put ${await local('later.txt', 'later')} shelf`);
      expect(await (await connect(daemon.url)).openPublic('/bob/shelf/later.txt')).toMatchObject({ owner: 'bob' });
    });
  });
});
