import { PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { ServerWorld } from '../../test/server-world.js';
import { deleteItems } from '../files/structure/index.js';
import { CommittedView, findChild, type Item, listEntries, openItem, OperationView } from '../files/view/index.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { Account } from './account.js';
import { logIn } from './log-in.js';
import { restoreSpecialDirectories } from './special-directories.js';

const password = 'correct horse battery staple';
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
