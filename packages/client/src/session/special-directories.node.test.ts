import { PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { networkError } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { FileSystem } from '../files/file-system.js';
import { deleteItems } from '../files/structure/index.js';
import { CommittedView, findChild, type Item, listEntries, openItem, OperationView } from '../files/view/index.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { Account } from './account.js';
import { logIn } from './log-in.js';
import { restoreSpecialDirectories } from './special-directories.js';

const password = 'violet anchor sleeps beneath copper';
const names = ['.capabilitycache', '.transactions', 'shared'];
let world: ServerWorld;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

const enter = async (username: string): Promise<Account> => logIn(world.network(), { crypto: world.quick, username, password });

async function homeOf(account: Account): Promise<{ readonly view: CommittedView; readonly home: Item }> {
  const view = new CommittedView(account.sessions, { fresh: true });
  return { view, home: await openItem(view, account.home) };
}

async function listed(account: Account): Promise<readonly string[]> {
  const { view, home } = await homeOf(account);
  const found: string[] = [];
  for await (const { name = '' } of listEntries(view, home)) found.push(name);
  return found.sort();
}

/** Takes directories away as a program can that does not know what they are for. */
async function remove(account: Account, ...removed: readonly string[]): Promise<void> {
  const { sessions, home } = account;
  sessions.refresh();
  await sessions.of(home.owner).update([home.writer], async (start, committer) => {
    const operation = new OperationView(sessions, committer, start);
    const directory = await openItem(operation, home);
    for (const name of removed) await deleteItems(operation, directory, [(await findChild(operation, directory, name))!]);
    return operation.snapshot;
  });
}

describe('the directories that an account must have (chapter 04 section 11.2, chapter 05 section 10.4)', () => {
  test('are made anew by logging in when somebody has deleted them', async () => {
    const server = new PyrgosServer(world.network(), { crypto: world.quick });
    const session = await server.signUp({ username: 'alice', password });
    await session.files.write('/alice/file', new Uint8Array(10));
    expect(await listed(session.account)).toEqual([...names, 'file'].sort());
    for (const removed of [['.transactions'], ['shared', '.capabilitycache'], names]) {
      await remove(session.account, ...removed);
      expect((await listed(session.account)).length).toBe(4 - removed.length);
      const account = await enter('alice');
      expect(await listed(account)).toEqual([...names, 'file'].sort());
      const { view, home } = await homeOf(account);
      for (const name of names) {
        const directory = (await findChild(view, home, name))!;
        expect([directory.isDirectory, directory.properties.isHidden, directory.isWritable, directory.node.batIds.length]).toEqual([
          true,
          true,
          true,
          2,
        ]);
      }
    }
  });

  test('cost a log-in nothing when they are there', async () => {
    const { network, counter } = world.counted();
    const account = await logIn(network, { crypto: world.quick, username: 'alice', password });
    const before = counter.count();
    await restoreSpecialDirectories(account, undefined);
    expect(counter.count()).toBe(before);
    expect(counter.count('blocks', 'putBlocks')).toBe(0);
  });

  test('are no condition of logging in', async () => {
    const server = new PyrgosServer(world.network(), { crypto: world.quick });
    const session = await server.signUp({ username: 'bob', password });
    await remove(session.account, '.transactions');
    const network = world.network();
    const full = changedNetwork(network, {
      blocks: overriding(network.blocks, {
        putBlocks: async () => {
          throw new PyrgosError('quota', 'the account is full');
        },
      }),
    });
    const account = await logIn(full, { crypto: world.quick, username: 'bob', password });
    expect(await listed(account)).toEqual(['.capabilitycache', 'shared']);
  });

  test('come back with the first large upload as well', async () => {
    const server = new PyrgosServer(world.network(), { crypto: world.quick });
    const session = await server.signUp({ username: 'carol', password });
    await remove(session.account, '.transactions');
    const cancel = new AbortController();
    const bytes = new Uint8Array(3 * CHUNK_SIZE).fill(7);
    const onProgress = ({ done }: { readonly done: number }): void => {
      if (done >= CHUNK_SIZE) cancel.abort();
    };
    await expect(session.files.write('/carol/large', bytes, { signal: cancel.signal, onProgress })).rejects.toMatchObject({
      code: 'aborted',
    });
    await session.files.write('/carol/large', bytes);
    expect(await session.files.read('/carol/large', { start: bytes.length - 1 })).toEqual(Uint8Array.of(7));
    expect((await session.files.stat('/carol/.transactions')).isHidden).toBe(true);
    expect(await session.files.clearUnfinishedUploads()).toBe(0);
  });
});

describe('at log-in', () => {
  const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(7);
  const account = async (): Promise<{ readonly world: FileWorld; readonly files: FileSystem; readonly account: Account }> => {
    const small = await FileWorld.create();
    const { server, clock } = small.base;
    const sessions = small.newSessions();
    const home = small.home.capability;
    const files = new FileSystem({ sessions, username: 'ada', home, blocks: server.blocks, clock });
    return { world: small, files, account: { sessions, home, mirrorBat: undefined, clock } as unknown as Account };
  };

  test('a directory that is listed and gone comes back', async () => {
    const { world: small, files, account: opened } = await account();
    const gone = await small.addDirectory(small.home, '.transactions');
    await small.remove(small.signer, gone.locations);
    await restoreSpecialDirectories(opened, undefined);
    files.refresh();
    expect(await files.find('/ada/.transactions')).toMatchObject({ isDirectory: true, isHidden: true });
  });

  test('is given up when the server does not take it in time', async () => {
    const { world: small, account: opened } = await account();
    const { server, log } = small.base;
    let late = (): void => undefined;
    let cancelled = 0;
    server.hooks.before = async ({ name }) => {
      if (name !== 'putBlocks') return;
      late();
      throw networkError();
    };
    await restoreSpecialDirectories(opened, undefined, (_milliseconds, fire) => {
      late = fire;
      return () => void cancelled++;
    });
    expect(cancelled).toBe(1);
    expect(log.filter(({ name }) => name === 'putBlocks').length).toBeLessThanOrEqual(1);
    server.hooks.before = undefined;
    await restoreSpecialDirectories(opened, undefined);
    expect((await listed(opened)).length).toBe(3);
  });

  test('ends when the caller gives up', async () => {
    const { world: small, account: opened } = await account();
    const cancel = new AbortController();
    small.base.server.hooks.before = async ({ name }) => {
      if (name === 'putBlocks') cancel.abort();
    };
    await expect(restoreSpecialDirectories(opened, cancel.signal)).rejects.toMatchObject({ code: 'aborted' });
  });

  test('costs few requests when the home directory is large and the account full', async () => {
    const { world: small, files, account: opened } = await account();
    const entries = Array.from({ length: 300 }, (_, i) => ({ path: [`f${i}`], source: bytes(i) }));
    for await (const { outcome } of files.writeTree('/ada', entries)) expect(outcome).toBe('created');
    opened.sessions.refresh();
    let requests = 0;
    small.base.server.hooks.before = async ({ name }) => {
      requests++;
      if (name === 'putBlocks') throw new PyrgosError('quota', 'the account is full');
    };
    await restoreSpecialDirectories({ ...opened, sessions: small.newSessions() } as unknown as Account, undefined);
    expect(requests).toBeLessThanOrEqual(5);
  });
});
