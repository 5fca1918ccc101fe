import { PyrgosError } from '@pyrgos/core/errors';
import type { PointerStore } from '@pyrgos/core/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import { FileSystem } from '../files/file-system.js';
import { MemoryBlockCache, type Stores } from '../files/view/index.js';
import { HttpNetwork } from '../network/index.js';
import { MemoryLocalStore } from './local-store.js';
import { OnlineState } from './online-state.js';
import { rememberedPointers } from './remembered-pointers.js';

/** Nobody listens there. (Browsers refuse ports below 1024 of their own accord.) */
const NOBODY = 'http://127.0.0.1:59321';
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let world: FileWorld;
let store: MemoryLocalStore;
let blockCache: MemoryBlockCache;
beforeEach(async () => {
  world = await FileWorld.create();
  store = new MemoryLocalStore();
  blockCache = new MemoryBlockCache();
});

/** The files on this device, as they are seen with the server at `stores`. */
function files({ blocks, pointers }: Stores): FileSystem {
  const { crypto, clock } = world.base;
  const online = new OnlineState(clock);
  const sessions = world.newSessions({
    stores: { blocks, pointers: rememberedPointers({ pointers, store, crypto, online }) },
    blockCache,
    pointerCacheMilliseconds: 0,
  });
  return new FileSystem({ sessions, username: 'ada', home: world.home.capability, blocks, clock });
}

async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 'done';
  } catch (error) {
    expect(error).toBeInstanceOf(PyrgosError);
    return error;
  }
}

describe('what was read before, of a server that nobody is at (a real connection, in browsers too)', () => {
  test('can be read; changes and what was not read cannot', async () => {
    const online = files(world.base.server);
    await online.write('/ada/a/read.txt', 'read', { parents: true });
    await files(world.base.server).write('/ada/a/unread.bin', new Uint8Array(20_000));
    expect(text(await online.read('/ada/a/read.txt'))).toBe('read');

    const { crypto, clock } = world.base;
    const offline = files(new HttpNetwork({ server: NOBODY, crypto, clock }));
    expect(text(await offline.read('/ada/a/read.txt'))).toBe('read');
    const names: string[] = [];
    for await (const { name } of offline.names('/ada/a')) names.push(name ?? '');
    expect(names.sort()).toEqual(['read.txt', 'unread.bin']);
    expect(await outcome(offline.write('/ada/a/new.txt', 'new'))).toMatchObject({ code: 'network' });
    const checked = async (): Promise<void> => {
      for await (const finding of offline.verify('/ada')) throw finding.error;
    };
    // Nobody can say of a server that is away that it has everything.
    expect(await outcome(checked())).toMatchObject({ code: 'network' });
  });
});

describe('a change whose answer was lost', () => {
  const lost = (): PyrgosError => new PyrgosError('network', 'lost', { data: { reason: 'broken' }, retry: 'safe' });

  /** The server's pointers; the answer to the next update is lost, and `reads` looks after it find nobody. */
  function losing(reads: number): PointerStore {
    const { pointers } = world.base.server;
    let isLost = false;
    let left = reads;
    return {
      getPointer: async (...parameters) => {
        if (isLost && left-- > 0) throw lost();
        return pointers.getPointer(...parameters);
      },
      setPointer: async (...parameters) => pointers.setPointer(...parameters),
      setPointers: async (...parameters) => {
        const answer = await pointers.setPointers(...parameters);
        if (isLost) return answer;
        isLost = true;
        throw lost();
      },
    };
  }

  test('is looked for at the server, not in what this device remembers', async () => {
    const { server } = world.base;
    await files(server)
      .read('/ada/nothing')
      .catch(() => undefined);
    const device = files({ blocks: server.blocks, pointers: losing(1) });
    await device.makeDirectory('/ada/made');
    expect((await files(server).stat('/ada/made')).isDirectory).toBe(true);
    // Done twice it would have been a conflict with itself.
    expect(await outcome(device.makeDirectory('/ada/made'))).toMatchObject({ code: 'conflict.exists' });
  });

  test('is not made twice when others have changed the same and the server is away just when it is looked for', async () => {
    const { server } = world.base;
    const [there, observer] = [files(server), world.device()];
    await there.write('/ada/log', '0');
    const { pointers } = server;
    let isLost = false;
    let left = 1;
    const device = files({
      blocks: server.blocks,
      pointers: {
        setPointer: async (...call) => pointers.setPointer(...call),
        setPointers: async (...call) => {
          const answer = await pointers.setPointers(...call);
          if (isLost) return answer;
          isLost = true;
          await observer.append('/ada/log', 'B');
          throw lost();
        },
        getPointer: async (...call) => {
          if (isLost && left-- > 0) throw lost();
          return pointers.getPointer(...call);
        },
      },
    });
    await device.append('/ada/log', 'A');
    observer.refresh();
    expect(text(await observer.read('/ada/log'))).toBe('0AB');
  });

  test('is unknown when the server stays away', async () => {
    const { server } = world.base;
    const device = files({ blocks: server.blocks, pointers: losing(1000) });
    expect(await outcome(device.makeDirectory('/ada/made'))).toMatchObject({ code: 'network', retry: 'after' });
  });
});
