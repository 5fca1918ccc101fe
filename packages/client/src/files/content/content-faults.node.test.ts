import { concatBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import type { ServerOperation, ServerState } from '@pyrgos/testkit/stores';
import { describe, expect, it } from 'vitest';
import { networkError } from '../../../test/commit-world.js';
import { chunksOf, ContentWorld, CountedSource, streamOf } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { rotateAllKeys } from '../structure/rotate-all-keys.js';
import { findChild, type Item, type OperationView, type Sessions } from '../view/index.js';
import type { ContentPorts } from './content-ports.js';
import { appendContent, cleanFile, overwriteSection, truncateFile } from './edit-content.js';
import { setContent } from './set-content.js';
import { uploadFile } from './upload-file.js';
import { uploadSmallFiles } from './upload-small-files.js';
import { UploadTransactions } from './upload-transactions.js';

/** A change of an account, and what the home directory holds before and after it. */
interface Scenario {
  readonly name: string;
  readonly before: ReadonlyMap<string, Uint8Array>;
  readonly after: ReadonlyMap<string, Uint8Array>;
  readonly prepare?: (world: ContentWorld) => Promise<void>;
  readonly change: (operation: OperationView, home: Item, ports: ContentPorts) => Promise<unknown>;
}

const old = chunksOf(1, 1);
const large = chunksOf(1, 2, 5000);
const small = content(5000, 3);
const file = (operation: OperationView, home: Item): Promise<Item> => findChild(operation, home, 'f') as Promise<Item>;

const scenarios: readonly Scenario[] = [
  {
    name: 'a small upload',
    before: new Map([['f', old]]),
    after: new Map([
      ['f', old],
      ['g', small],
    ]),
    change: (operation, home, ports) => uploadFile(operation, ports, home, 'g', small),
  },
  {
    name: 'an upload with a record',
    before: new Map([['f', old]]),
    after: new Map([
      ['f', old],
      ['g', large],
    ]),
    change: (operation, home, ports) =>
      uploadFile(operation, ports, home, 'g', new CountedSource(large), { transactions: new UploadTransactions(home) }),
  },
  {
    name: 'a stream',
    before: new Map([['f', old]]),
    after: new Map([
      ['f', old],
      ['g', large],
    ]),
    change: (operation, home, ports) =>
      uploadFile(operation, ports, home, 'g', streamOf(large), { transactions: new UploadTransactions(home) }),
  },
  {
    name: 'many small files',
    before: new Map([['f', old]]),
    after: new Map([['f', old], ...Array.from({ length: 12 }, (_, i): [string, Uint8Array] => [`n${i}`, content(i * 700, i)])]),
    change: (operation, home, ports) =>
      uploadSmallFiles(
        operation,
        ports,
        home,
        Array.from({ length: 12 }, (_, i) => ({ name: `n${i}`, source: content(i * 700, i) })),
      ),
  },
  {
    name: 'new content in place of other',
    before: new Map([['f', old]]),
    after: new Map([['f', large]]),
    change: async (operation, home, ports) => setContent(operation, ports, await file(operation, home), new CountedSource(large)),
  },
  {
    name: 'writing into a file',
    before: new Map([['f', old]]),
    after: new Map([['f', concatBytes(old.subarray(0, CHUNK_SIZE - 1), content(3, 9), old.subarray(CHUNK_SIZE + 2))]]),
    change: async (operation, home, ports) =>
      overwriteSection(operation, ports, await file(operation, home), CHUNK_SIZE - 1, content(3, 9)),
  },
  {
    name: 'appending much',
    before: new Map([['f', old]]),
    after: new Map([['f', concatBytes(old, large)]]),
    // Not repeatable by itself: a second attempt would append twice, so it says what it expects.
    change: async (operation, home, ports) => {
      const item = await file(operation, home);
      if (item.properties.size === old.length) await appendContent(operation, ports, item, streamOf(large), { expectedSize: old.length });
    },
  },
  {
    name: 'truncating',
    before: new Map([['f', old]]),
    after: new Map([['f', old.subarray(0, 1000)]]),
    change: async (operation, home, ports) => truncateFile(operation, ports, await file(operation, home), 1000),
  },
  {
    name: 'cleaning',
    before: new Map([['f', old]]),
    after: new Map([['f', old]]),
    prepare: async (world) => {
      await world.run(async (operation, home) => rotateAllKeys(operation, home, await file(operation, home), { rotateSigner: false }));
    },
    change: async (operation, home, ports) => cleanFile(operation, ports, await file(operation, home)),
  },
];

/** What is in the home directory for a device that starts now. */
async function matches(world: ContentWorld, expected: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  if ((await world.names()).join() !== [...expected.keys()].sort().join()) return false;
  for (const [name, bytes] of expected) if (!(await world.has(name, bytes))) return false;
  return true;
}

type Fault = (operation: ServerOperation) => void;

/** Whether a request changes nothing on the server: to lose its answer is the same as to lose the request. */
function isRead({ name }: ServerOperation): boolean {
  return name.startsWith('get') || name === 'lookUpChamp';
}

/** Runs the change on a device that starts now; `fault` is called at every request, before or after its effect. */
async function attempt(world: ContentWorld, { change }: Scenario, when: 'before' | 'after', fault: Fault | undefined): Promise<unknown> {
  const { hooks } = world.files.base.server;
  const sessions: Sessions = world.files.newSessions();
  hooks[when] = fault;
  try {
    await world.run((operation, home) => change(operation, home, { ...world.ports, chunksPerCommit: 1 }), { sessions });
    return undefined;
  } catch (error) {
    return error;
  } finally {
    hooks.before = undefined;
    hooks.after = undefined;
  }
}

/** Each of these runs the change some thirty times. */
const timeout = 300_000;

describe.each(scenarios)('$name', { timeout }, (scenario) => {
  it.each(['before', 'after'] as const)('is all or nothing when any request fails, %s its effect, and can be repeated', async (when) => {
    const world = await ContentWorld.create();
    for (const [name, bytes] of scenario.before) await world.upload(name, bytes);
    await scenario.prepare?.(world);
    const { server } = world.files.base;
    const start: ServerState = server.saveState();
    // How it goes when nothing fails.
    let count = 0;
    const counts = (operation: ServerOperation): boolean => when === 'before' || !isRead(operation);
    expect(await attempt(world, scenario, when, (operation) => void (count += counts(operation) ? 1 : 0))).toBeUndefined();
    expect(await matches(world, scenario.after)).toBe(true);
    const chunks = await world.chunkCount();
    expect(await world.openRecords()).toBe(0);
    expect(count).toBeGreaterThan(3);
    let isSeenAfter = false;
    for (let at = 1; at <= count; at++) {
      server.restoreState(start);
      let seen = 0;
      const error = await attempt(world, scenario, when, (operation) => {
        if (counts(operation)) seen++;
        // From then on the server is gone, as in a crash of either side.
        if (seen >= at) throw new PyrgosError('storage', 'the server has failed');
      });
      const isAfter = await matches(world, scenario.after);
      if (error === undefined) expect(isAfter).toBe(true);
      else if (!isAfter) expect([at, await matches(world, scenario.before)]).toEqual([at, true]);
      isSeenAfter ||= isAfter;
      // The next device repeats it; nothing of the first attempt stays behind.
      if (!isAfter) {
        const again = await attempt(world, scenario, when, undefined);
        expect([at, again]).toEqual([at, undefined]);
        expect([at, await matches(world, scenario.after)]).toEqual([at, true]);
      }
      expect([at, await world.openRecords(), await world.chunkCount()]).toEqual([at, 0, chunks]);
    }
    // Its last requests come after the commit, or their answers do.
    expect(isSeenAfter).toBe(true);
  });

  it('goes through although every second request breaks, before or after its effect', async () => {
    for (const when of ['before', 'after'] as const) {
      const world = await ContentWorld.create();
      for (const [name, bytes] of scenario.before) await world.upload(name, bytes);
      await scenario.prepare?.(world);
      let seen = 0;
      const error = await attempt(world, scenario, when, ({ name }) => {
        if (name !== 'commitPointers' && ++seen % 2 === 1) throw networkError();
      });
      expect([when, error]).toEqual([when, undefined]);
      expect(await matches(world, scenario.after)).toBe(true);
    }
  });

  it('keeps all that it needs from a collector of garbage that runs all the time', async () => {
    const world = await ContentWorld.create();
    for (const [name, bytes] of scenario.before) await world.upload(name, bytes);
    await scenario.prepare?.(world);
    const { server } = world.files.base;
    const { owner } = world.files;
    const sessions = world.files.newSessions();
    const collect = async ({ name }: ServerOperation): Promise<void> => {
      if (name !== 'commitPointers') await server.collectGarbage(owner);
    };
    server.hooks.before = collect;
    server.hooks.after = collect;
    await world.run((operation, home) => scenario.change(operation, home, { ...world.ports, chunksPerCommit: 1 }), { sessions });
    server.hooks.before = undefined;
    server.hooks.after = undefined;
    await server.collectGarbage(owner);
    expect(await matches(world, scenario.after)).toBe(true);
  });
});
