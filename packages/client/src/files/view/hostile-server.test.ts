import { equalBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { content, FileWorld } from '../../../test/file-world.js';
import { LIES, lyingStores } from '../../../test/lying-stores.js';
import { CommittedView } from './committed-view.js';
import { FileReader } from './file-reader.js';
import { pathOf } from './find-path.js';
import { listChildren } from './list-children.js';
import { openItem } from './open-item.js';

/** What a client has learnt: paths to contents, and how it ended. */
interface Learnt {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly errors: readonly PyrgosError[];
}

const largeSize = 1_100_000;

/** 25 small files over three chunks, one of two fragments, and a directory in another writing space. */
async function build(): Promise<FileWorld> {
  const world = await FileWorld.create();
  world.entriesPerChunk = 10;
  await world.addFiles(
    world.home,
    Array.from({ length: 25 }, (_, i) => ({ name: `${i}`, content: content(i) })),
  );
  await world.addFile(world.home, 'large', content(largeSize));
  const shared = await world.addLinkedDirectory(world.home, 'shared', 200);
  await world.addFile(shared, 'inside', content(7));
  return world;
}

/** Reads everything it can reach. Errors of anything but the family fail the test. */
async function readAll(world: FileWorld, view: CommittedView): Promise<Learnt> {
  const files = new Map<string, Uint8Array>();
  const errors: PyrgosError[] = [];
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      errors.push(error);
    }
  };
  await guarded(async () => {
    const open = [await openItem(view, world.home.capability)];
    for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
      const children = listChildren(view, directory);
      await guarded(async () => {
        for await (const child of children) {
          if (child.isDangling) errors.push(child.error);
          else if (child.isDirectory) open.push(child);
          else {
            await guarded(async () => {
              const bytes = await new FileReader(view, child).read(0, child.properties.size);
              files.set(await pathOf(view, child), bytes);
            });
          }
        }
      });
    }
  });
  return { files, errors };
}

describe('a server that lies', () => {
  test('never makes the client believe anything wrong, nor miss anything without an error', async () => {
    const world = await build();
    const honest = await readAll(world, new CommittedView(world.newSessions()));
    expect([honest.files.size, honest.errors]).toEqual([27, []]);
    expect(equalBytes(honest.files.get('/ada/large')!, content(largeSize))).toBe(true);
    const probe = lyingStores(world.base.server, { at: -1, lie: 'flip', isStubborn: false }, () => 0);
    await readAll(world, new CommittedView(world.newSessions({ stores: probe.stores })));
    const requests = probe.count();
    const random = seededRandom(5);
    for (const lie of LIES) {
      for (let at = 0; at < requests; at++) {
        for (const isStubborn of [false, true]) {
          const lying = lyingStores(world.base.server, { at, lie, isStubborn }, random.nextInteger);
          const learnt = await readAll(world, new CommittedView(world.newSessions({ stores: lying.stores })));
          const name = `${lie} at ${at}${isStubborn ? ' and after' : ''}`;
          for (const [path, bytes] of learnt.files) expect(equalBytes(bytes, honest.files.get(path)!), `${name}: ${path}`).toBe(true);
          if (learnt.files.size < honest.files.size) expect(learnt.errors.length, name).toBeGreaterThan(0);
        }
      }
    }
  }, 240_000);

  test('about a pointer, after the client has seen a newer one, is caught', async () => {
    const world = await FileWorld.create();
    const sessions = world.newSessions();
    const old = await world.base.server.pointers.getPointer(world.owner, world.signer.publicKeyHash);
    await world.addFile(world.home, 'new', content(1));
    await world.openHome(new CommittedView(sessions, { fresh: true }));
    const state = world.base.server.saveState();
    state.pointers.set(world.signer.publicKeyHash.key, old!);
    world.base.server.restoreState(state);
    await expect(world.openHome(new CommittedView(sessions, { fresh: true }))).rejects.toMatchObject({ code: 'denied.stale' });
  });
});
