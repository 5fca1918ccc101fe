import { beforeEach, describe, expect, test } from 'vitest';
import { networkError, outcome } from '../../../test/commit-world.js';
import { FileWorld } from '../../../test/file-world.js';
import { BLOCK_RETRIES } from '../../commit/retry.js';
import { FileSystem } from '../file-system.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** The longest that one call to the server is repeated: nothing that a program calls may take much longer. */
const PATIENCE = Array.from({ length: BLOCK_RETRIES.attempts - 1 }, (_, i) => BLOCK_RETRIES.delay(i + 1, 0.9999)).reduce(
  (a, b) => a + b,
  0,
);

// The clock adds up what is waited for at the same time: the file has no fragments, which are read in parallel.
let world: FileWorld;
beforeEach(async () => {
  world = await FileWorld.create();
  await newDevice().write('/ada/a/b/c/f', new Uint8Array(3000), { parents: true });
});

function newDevice(): FileSystem {
  const { server, clock } = world.base;
  return new FileSystem({ sessions: world.newSessions(), username: 'ada', home: world.home.capability, blocks: server.blocks, clock });
}

const path = '/ada/a/b/c/f';
const calls: Readonly<Record<string, (files: FileSystem) => Promise<unknown>>> = {
  stat: async (files) => files.stat(path),
  find: async (files) => files.find(path),
  read: async (files) => files.read(path),
  list: async (files) => {
    for await (const entry of files.list('/ada/a/b/c')) if (entry.isDamaged) throw entry.error;
  },
  write: async (files) => files.write('/ada/a/g', bytes('new')),
  'write over a file': async (files) => files.write(path, bytes('new')),
  'write a tree': async (files) => files.writeTree('/ada/a', [{ path: ['g'], source: bytes('new') }]).next(),
  append: async (files) => files.append(path, bytes('new')),
  rename: async (files) => files.rename(path, 'g'),
  move: async (files) => files.move(path, '/ada'),
  copy: async (files) => files.copy(path, '/ada'),
  remove: async (files) => files.remove(path),
  'remove a tree': async (files) => files.remove('/ada/a'),
};

describe('a server that always says that it is overloaded', () => {
  test.each(Object.entries(calls))('%s ends with its error, after the patience of one call', async (_, call) => {
    const { server, clock } = world.base;
    // It stops at each request of the call in turn, and says so for ever.
    for (let at = 0, isReached = true; isReached; at++) {
      const files = newDevice();
      let count = 0;
      server.hooks.before = ({ name }) => {
        if (name !== 'closeTransaction' && count++ >= at) throw networkError();
      };
      const before = clock.time;
      const code = await outcome(call(files));
      server.hooks.before = undefined;
      isReached = count > at;
      expect([at, code]).toEqual([at, isReached ? 'network' : 'resolved']);
      expect([at, clock.time - before <= PATIENCE]).toEqual([at, true]);
      if (at > 40) break;
    }
  });

  test('also when it says so about many keys at a time only', async () => {
    const { server, clock } = world.base;
    server.hooks.before = ({ name }) => {
      if (name === 'lookUpChamp') throw networkError();
    };
    const before = clock.time;
    expect(await outcome(newDevice().stat(path))).toBe('network');
    expect(clock.time - before).toBeLessThanOrEqual(PATIENCE);
  });
});
