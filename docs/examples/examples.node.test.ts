import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type UserSession } from '@pyrgos/client';
import { loadConfig } from '@pyrgos/server/config';
import { type Operator, openOperator } from '@pyrgos/server/operator';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { follow } from '../../packages/client/test/received-world.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hint, signUpWithAGoodPassword } from './choose-a-password.js';
import { commitToAServer } from './commit-to-a-server.js';
import { encryptAChunk } from './encrypt-a-chunk.js';
import { filesOfAnAccount } from './files-of-an-account.js';
import { answerRequests, askToBeFriends, endFriendship } from './friends.js';
import { takeHome } from './friends-spaces.js';
import { handleErrors } from './handle-errors.js';
import { answerLast, beginChat, pictures as picturesOf, readChats } from './chats.js';
import { changeTogether } from './change-together.js';
import { largeFiles } from './large-files.js';
import { countNews } from './live-updates.js';
import { leave, makeRoom } from './space-and-leaving.js';
import { whatChanged } from './merkle-map.js';
import { takeBack } from './new-keys.js';
import { answerNewest, postPicture, readNews } from './newsfeed.js';
import { isReally, proveAccount } from './other-people.js';
import { lend, putInto, takeLinksBack, whyNot } from './secret-links.js';
import { publish, readPublished, unpublishAll } from './publishing.js';
import { pictures } from './pictures.js';
import { secondFactors } from './second-factors.js';
import { stayLoggedIn } from './stay-logged-in.js';
import { streamAFile, uploadAFolder } from './upload-a-folder.js';
import { watchMessages } from './watch-messages.js';

const guide = readFileSync(new URL('../sdk.md', import.meta.url), 'utf8');

/** The operator of a running server. */
async function operatorOf({ dataDirectory }: DaemonProcess): Promise<Operator> {
  const { config } = await loadConfig({ dataDirectory, environment: {}, flags: new Map() });
  return (await openOperator(config)).operator;
}

describe('the examples of docs/sdk.md', () => {
  test.each([
    'files-of-an-account.ts',
    'pictures.ts',
    'new-keys.ts',
    'other-people.ts',
    'friends.ts',
    'newsfeed.ts',
    'chats.ts',
    'live-updates.ts',
    'secret-links.ts',
    'publishing.ts',
    'large-files.ts',
    'change-together.ts',
    'upload-a-folder.ts',
    'second-factors.ts',
    'stay-logged-in.ts',
    'handle-errors.ts',
    'space-and-leaving.ts',
    'choose-a-password.ts',
    'browser/main.ts',
    'browser/vite.config.ts',
    'encrypt-a-chunk.ts',
    'merkle-map.ts',
    'commit-to-a-server.ts',
  ])('%s is what the guide shows', (file) => {
    const source = readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
    expect(guide).toContain(`\`\`\`ts\n${source}\`\`\``);
  });

  describe('on a server', () => {
    let daemon: DaemonProcess;
    let operator: Operator;
    const password = 'seven lanterns over quiet water';

    beforeAll(async () => {
      // A home server as people start it: closed, with one link.
      daemon = await startDaemonProcess();
      operator = await operatorOf(daemon);
    });
    afterAll(async () => daemon.stop());
    const signUp = async (username: string): Promise<UserSession> => {
      const token = (await operator.createTokens(1))[0]?.token ?? '';
      return (await connect(daemon.url)).signUp({ username, password, token });
    };

    test('the files of an account', async () => {
      const found = await filesOfAnAccount(daemon.signUpLink ?? '', 'ada', password);
      expect(found).toHaveLength(21);
      expect(found[0]).toBe('0.txt, 7 bytes, text/plain');
      expect(found.at(-1)).toBe('bread, a lighthouse');
    });

    test('several devices and one file', async () => {
      const { files } = await signUp('carla');
      const devices = [
        files,
        ...(await Promise.all([1, 2].map(async () => (await (await connect(daemon.url)).logIn({ username: 'carla', password })).files))),
      ];
      await files.write('/carla/list', new Uint8Array());
      await Promise.all(devices.map(async (device, i) => changeTogether(device, '/carla/list', (content) => `${content}${i}\n`)));
      files.refresh();
      const lines = new TextDecoder()
        .decode(await files.read('/carla/list'))
        .trim()
        .split('\n');
      expect(lines.sort()).toEqual(['0', '1', '2']);
    });

    test('large files', async () => {
      const { files } = await signUp('bert');
      expect(await largeFiles(files, new Uint8Array(12_000_000).fill(7))).toBe(12_000_000);
    });

    describe('with a folder', () => {
      let folder: string;
      beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), 'pyrgos-example-'));
      });
      afterEach(async () => rm(folder, { recursive: true, force: true }));

      test('a folder of the disk, and a stream', async () => {
        const { files } = await signUp('cleo');
        await mkdir(join(folder, 'a', 'b'), { recursive: true });
        await writeFile(join(folder, 'a', 'b', 'small'), 'x');
        await mkdir(join(folder, 'a', 'empty'));
        await writeFile(join(folder, 'large'), new Uint8Array(11_000_000).fill(3));
        const { signal } = new AbortController();
        expect(await uploadAFolder(files, folder, signal)).toEqual({
          outcomes: new Map([
            ['a/b/small', 'created'],
            ['large', 'created'],
          ]),
          bytes: 11_000_001,
        });
        expect((await files.stat('/cleo/a/empty')).isDirectory).toBe(true);
        const again = await uploadAFolder(files, folder, signal);
        expect(new Set(again.outcomes.values())).toEqual(new Set(['unchanged']));
        expect(await streamAFile(files, '/cleo/large', 20_000_000)).toBe(11_000_000);
        const some = await streamAFile(files, '/cleo/large', 1);
        expect([some > 0, some < 11_000_000]).toEqual([true, true]);
      });

      test('staying logged in, another password, space', async () => {
        const server = await connect(daemon.url);
        (await signUp('dora')).close();
        const newPassword = 'eight lanterns over quiet water';
        const used = await stayLoggedIn(daemon.url, folder, { username: 'dora', password, newPassword });
        expect([used > 0, used < 1]).toEqual([true, true]);
        (await server.logIn({ username: 'dora', password: newPassword })).close();
      });
    });

    test('choosing a password', async () => {
      expect(hint('password123456', 'hugo')).toBe('refused: common');
      expect(hint(password, 'hugo')).toBe('strong');
      const link = (token: string): string => `${daemon.url}/?token=${token}`;
      const [one, two] = (await operator.createTokens(2)).map(({ token }) => token);
      expect(await signUpWithAGoodPassword(link(one ?? ''), 'hugo', password)).toBe(password);
      const made = await signUpWithAGoodPassword(link(two ?? ''), 'ines', 'password123456');
      expect(made.split('-')).toHaveLength(7);
      (await (await connect(daemon.url)).logIn({ username: 'ines', password: made })).close();
    });

    test('second factors', async () => {
      (await signUp('emil')).close();
      expect(await secondFactors(daemon.url, 'emil', password)).toBe(2);
    });

    test('pictures', async () => {
      const { files } = await signUp('paul');
      const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
      expect(await pictures(files, dot, dot)).toEqual([`lighthouse.png: image, 2024-06-01, a preview of ${dot.length} bytes`]);
    });

    test('new keys', async () => {
      const { files } = await signUp('nina');
      await files.write('/nina/shared by mistake/file', 'text', { parents: true });
      expect(await takeBack(files, '/nina/shared by mistake')).toBe(1);
      expect(await files.read('/nina/shared by mistake/file')).toEqual(new TextEncoder().encode('text'));
    });

    test('what others share', async () => {
      const [one, two] = [await signUp('theodor'), await signUp('gerda')];
      await follow(two, one);
      await one.files.write('/theodor/letter.txt', 'Dear Gerda');
      await one.files.makeDirectory('/theodor/answers');
      await one.shares.share('/theodor/letter.txt', [{ user: 'gerda' }]);
      await one.shares.share('/theodor/answers', [{ user: 'gerda' }], { access: 'write' });
      expect((await takeHome(two)).sort()).toEqual(['/theodor/answers from theodor', '/theodor/letter.txt from theodor']);
      expect(await two.files.readText('/gerda/letter.txt')).toBe('Dear Gerda');
      expect(await one.files.readText('/theodor/answers/seen by gerda.txt')).toBe('Thank you!');
    });

    test('who somebody is', async () => {
      const [one, two] = [await signUp('olga'), await signUp('otto')];
      let question = '';
      const ask = async (asked: string): Promise<boolean> => {
        question = asked;
        return true;
      };
      expect(await isReally(one, 'otto', ask)).toBe(true);
      expect(question).toMatch(/^Does otto see \d{60}\?$/);
      expect(question).toContain((await two.identities.safetyNumber('olga')).fingerprint.display);
      expect(await isReally(one, 'otto', async () => false)).toBe(true);
      expect(await proveAccount(one, 'Mastodon', 'olga@example.social')).toMatch(
        /^I am olga on Peergos and olga@example.social on Mastodon\n/,
      );
    });

    test('friends', async () => {
      const [one, two] = [await signUp('paula'), await signUp('peter')];
      expect(await askToBeFriends(one, 'peter')).toBe('peter will be asked.');
      const asked: string[] = [];
      const ask = async (question: string): Promise<boolean> => asked.push(question) > 0;
      expect(await answerRequests(two, ask)).toMatchObject({ friends: ['paula'], incoming: [] });
      expect(asked).toEqual(['Become a friend of paula?']);
      expect(await answerRequests(one, ask)).toMatchObject({ friends: ['peter'], outgoing: [] });
      await endFriendship(one, 'peter');
      expect(await one.friends.state()).toMatchObject({ friends: [], followers: [], following: [], blocked: ['peter'] });
      expect(await two.friends.state()).toMatchObject({ friends: [], followers: ['paula'], following: [] });
      expect(await askToBeFriends(one, 'peter')).toBe('You follow peter again.');
    });

    test('chats', async () => {
      const [one, two] = [await signUp('carol'), await signUp('conrad')];
      await one.friends.follow('conrad');
      await two.friends.accept('carol');
      await one.friends.state();
      const chat = await beginChat(one, ['conrad'], new Blob([new Uint8Array(3)], { type: 'image/png' }));
      expect(await readChats(two)).toEqual(['Holidays: 1 unread, last conrad: ']);
      const [theirs] = (await two.chats.list()).chats;
      const answer = await answerLast(await two.chats.open(theirs?.id ?? ''), 'Where is that?');
      expect(answer?.replyTo).toMatchObject({ author: 'carol', text: 'Hello!', hasAttachments: true });
      expect(await readChats(two)).toEqual(['Holidays: 0 unread, last conrad: Where is that?']);
      expect(await readChats(one)).toEqual(['Holidays: 1 unread, last conrad: Where is that?']);
      expect(await picturesOf(chat)).toEqual([new Uint8Array(3)]);
      expect((await answerLast(chat, 'At home'))?.replyTo?.text).toBe('Where is that?');
    });

    test('messages as they come', async () => {
      const [one, two] = [await signUp('mara'), await signUp('milo')];
      await one.friends.follow('milo');
      await two.friends.accept('mara');
      await one.friends.state();
      const controller = new AbortController();
      const told: string[] = [];
      const watching = watchMessages(one, (_, { author, text }) => void told.push(`${author}: ${text}`), controller.signal);
      const chat = await one.chats.create({ invite: ['milo'] });
      const theirs = await two.chats.join({ id: chat.id, inviter: 'mara' });
      // Until it is known what was there before.
      await expect.poll(async () => (await chat.summary()).members, { timeout: 60_000 }).toEqual(['mara', 'milo']);
      for (const text of ['here I am', 'and once more']) await theirs.send({ text });
      await expect.poll(() => told, { timeout: 60_000 }).toEqual(['milo: here I am', 'milo: and once more']);
      controller.abort();
      await watching;
    });

    test('the newsfeed', async () => {
      const [one, two] = [await signUp('nora'), await signUp('nils')];
      await one.friends.follow('nils');
      await two.friends.accept('nora');
      await one.friends.state();
      expect(await postPicture(one, 'look', new Blob([new Uint8Array(3)], { type: 'image/png' }))).toMatch(/^\/nora\/\.posts\//);
      expect(await readNews(two)).toEqual(['nora: look (1 files, 0 comments)']);
      expect(await answerNewest(two, 'nora', 'beautiful')).toEqual([]);
      expect(await readNews(one)).toEqual(['nils: beautiful (0 files, 0 comments)', 'nora: look (1 files, 1 comments)']);
      expect(await answerNewest(two, 'nora', 'indeed')).toEqual(['nils: beautiful']);
      await two.posts.edit((await two.feed.page()).items[0]?.path ?? '', 'really beautiful');
      expect(await answerNewest(two, 'nobody', 'x')).toEqual([]);
    });

    test('live updates', async () => {
      const [one, two] = [await signUp('livia'), await signUp('luca')];
      const controller = new AbortController();
      const told: (readonly number[])[] = [];
      let show: (isShown: boolean) => void = () => undefined;
      const counting = countNews(
        one,
        (requests, news) => void told.push([requests, news]),
        (listener) => (show = listener),
        controller.signal,
      );
      await expect.poll(() => told.at(-1), { timeout: 60_000 }).toEqual([0, 0]);
      await two.friends.follow('livia');
      await expect.poll(() => told.at(-1), { timeout: 60_000 }).toEqual([1, 0]);
      show(false);
      await one.friends.accept('luca');
      await two.friends.state();
      await postPicture(two, 'look', new Blob([new Uint8Array(3)], { type: 'image/png' }));
      show(true);
      await expect.poll(() => told.at(-1), { timeout: 60_000 }).toEqual([0, 1]);
      controller.abort();
      await counting;
    });

    test('secret links', async () => {
      const session = await signUp('lena');
      const { files } = session;
      await files.write('/lena/album/first.txt', 'text', { parents: true });
      const link = await lend(session, '/lena/album', 'quite a good secret');
      const answers = ['wrong', 'quite a good secret'];
      expect((await putInto(daemon.url, link, async () => answers.shift() ?? '')).sort()).toEqual(['first.txt', 'greeting.txt']);
      files.refresh();
      expect(await files.readText('/lena/album/greeting.txt')).toBe('Hello lena!');
      const error = await putInto(daemon.url, link, async () => 'wrong').catch(whyNot);
      expect(error).toBe('The password is wrong.');
      expect(await takeLinksBack(session, '/lena/album')).toEqual(['/lena/album was opened 2 times of 20']);
      expect(await putInto(daemon.url, link, async () => '').catch(whyNot)).toBe('There is no such link any more.');
    });

    test('publishing', async () => {
      const session = await signUp('pia');
      await session.files.write('/pia/site/index.html', 'Welcome', { parents: true });
      expect(await publish(session, '/pia/site')).toMatch(/\/public\/pia\/site$/);
      expect(await readPublished(daemon.url, '/pia/site/index.html')).toBe('Welcome');
      expect(await unpublishAll(session)).toEqual(['/pia/site']);
      await expect(readPublished(daemon.url, '/pia/site/index.html')).rejects.toMatchObject({ code: 'not-found.file' });
    });

    test('errors', async () => {
      const session = await signUp('fred');
      expect(await handleErrors(daemon.url, session)).toEqual([
        'There is no such file.',
        'There is something of this name already.',
        'Wrong user name or password.',
        'Cancelled.',
      ]);
    });

    test('space, deleting, leaving', async () => {
      const session = await signUp('cora');
      await session.files.write('/cora/old/film', new Uint8Array(100_000), { parents: true });
      expect(await makeRoom(session, 1000)).toBeGreaterThan(2 ** 30 - 50_000);
      expect(await operator.listRequests()).toEqual([]);
      await makeRoom(session, 2 ** 31);
      expect(await operator.listRequests()).toMatchObject([{ username: 'cora' }]);
      await leave(session, password);
      expect((await operator.listUsers()).map(({ name }) => name)).not.toContain('cora');
      expect(await operator.listRequests()).toEqual([]);
      await expect(signUp('cora')).rejects.toMatchObject({ code: 'conflict.exists' });
      await expect((await connect(daemon.url)).signUp({ username: 'gina', password })).rejects.toMatchObject({
        code: 'denied.signup',
        data: { reason: 'closed' },
      });
    });
  });

  test('encrypting a chunk', async () => {
    expect(await encryptAChunk(new Uint8Array(100))).toBe(0);
    expect(await encryptAChunk(new Uint8Array(2_500_000))).toBe(3);
  });

  test('committing to a server', async () => {
    expect(await commitToAServer()).toEqual(['content', 42]);
  });

  test('a Merkle map', async () => {
    const changed = (await whatChanged()).map(({ left, right }) => [left, right]);
    expect(changed).toHaveLength(2);
    expect(changed).toEqual(
      expect.arrayContaining([
        [7, 700],
        [8, undefined],
      ]),
    );
  });
});
