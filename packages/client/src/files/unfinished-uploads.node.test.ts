import { equalBytes } from '@pyrgos/core/bytes';
import { CidCodec } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { chunksOf, ContentWorld } from '../../test/content-world.js';
import { content } from '../../test/file-world.js';
import { StructureWorld } from '../../test/structure-world.js';
import type { ByteSource } from './content/index.js';
import { FileSystem } from './file-system.js';

let world: ContentWorld;
/** Two devices of one user. */
let here: FileSystem;
let there: FileSystem;
beforeEach(async () => {
  world = await ContentWorld.create();
  [here, there] = [device(), device()];
  await here.makeDirectory('/ada/d');
  there.refresh();
});

function device(): FileSystem {
  const { files, ports } = world;
  return new FileSystem({ ...ports, sessions: files.newSessions(), username: 'ada', home: files.home.capability });
}

/** Enough for a commit while the rest is being read. */
const large = chunksOf(6);

/** The source of a large file that calls `inTheMiddle` once, when a part of it is committed. */
function sourceOf(bytes: Uint8Array, inTheMiddle: () => Promise<unknown>): ByteSource {
  let isCalled = false;
  return {
    size: bytes.length,
    open: async function* (offset: number) {
      for (let at = offset; at < bytes.length; at += CHUNK_SIZE) {
        if (at >= bytes.length - CHUNK_SIZE && !isCalled && (await device().find('/ada/.transactions')) !== undefined) {
          isCalled = true;
          await inTheMiddle();
        }
        yield bytes.subarray(at, at + CHUNK_SIZE);
      }
    },
  };
}

async function findings(): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, part, error } of device().verify('/ada', { content: true })) found.push(`${path} ${part} ${error.message}`);
  return found;
}

/** A moment that a test waits for or brings about. */
function moment(): { readonly reached: Promise<void>; readonly reach: () => void } {
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

describe('clearing unfinished uploads', () => {
  /** Another device uploads a file, and `here` sees its record before it is finished and has another name. */
  async function finishUnseen(): Promise<void> {
    const source = sourceOf(large, async () => {
      here.refresh();
      const records: unknown[] = [];
      for await (const { name } of here.names('/ada/.transactions')) records.push(name);
      expect(records).toHaveLength(1);
      // So that nothing is looked for anew only because it was not known.
      await here.find('/ada/d');
    });
    await there.write('/ada/d/f', source);
    await there.rename('/ada/d/f', 'g');
  }

  test('leaves a file that was finished and renamed since this device has looked', async () => {
    await finishUnseen();
    expect(await here.clearUnfinishedUploads()).toBe(0);
    expect(await findings()).toEqual([]);
    expect(equalBytes(await device().read('/ada/d/g'), large)).toBe(true);
  });

  test('... also when another change of this device comes first', async () => {
    await finishUnseen();
    await Promise.all([here.makeDirectory('/ada/e'), here.clearUnfinishedUploads()]);
    expect(await findings()).toEqual([]);
  });

  test('... also when it is finished while the call waits for its turn', async () => {
    const { hooks } = world.files.base.server;
    const isSlow = moment();
    const goOn = moment();
    let making: Promise<unknown> | undefined;
    let clearing: Promise<number> | undefined;
    await there.write(
      '/ada/d/f',
      sourceOf(large, async () => {
        here.refresh();
        hooks.before = async ({ name }) => {
          if (!name.startsWith('setPointer')) return;
          hooks.before = undefined;
          isSlow.reach();
          await goOn.reached;
        };
        making = here.makeDirectory('/ada/e');
        await isSlow.reached;
        clearing = here.clearUnfinishedUploads();
        // Until it waits.
        for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
      }),
    );
    await there.rename('/ada/d/f', 'g');
    goOn.reach();
    await making;
    expect(await clearing).toBe(0);
    expect(await findings()).toEqual([]);
  });

  test('... also when it is finished between the look at the records and the commit', async () => {
    const { hooks } = world.files.base.server;
    const isSlow = moment();
    const goOn = moment();
    let clearing: Promise<number> | undefined;
    await there.write(
      '/ada/d/f',
      sourceOf(large, async () => {
        hooks.before = async ({ name }) => {
          if (!name.startsWith('setPointer')) return;
          hooks.before = undefined;
          isSlow.reach();
          await goOn.reached;
        };
        clearing = here.clearUnfinishedUploads();
        await isSlow.reached;
      }),
    );
    await there.rename('/ada/d/f', 'g');
    goOn.reach();
    expect(await clearing).toBe(0);
    expect(await findings()).toEqual([]);
  });

  test('of an upload that is running on another device lets that begin anew, and leaves nothing', async () => {
    const before = await world.chunkCount();
    let cleared = 0;
    const source = sourceOf(large, async () => {
      cleared = await here.clearUnfinishedUploads();
    });
    expect(await outcome(there.write('/ada/d/f', source))).toBe('resolved');
    expect(cleared).toBe(1);
    expect(await findings()).toEqual([]);
    expect(await world.openRecords()).toBe(0);
    expect(await world.chunkCount()).toBe(before + 7);
  });
});

describe('what another session has left of an upload', () => {
  /** `there` is cut off in the middle, right after `here` has looked at everything. */
  async function cutOff(): Promise<void> {
    for await (const { name } of here.names('/ada/.transactions')) throw new Error(`there is a record: ${name}`);
    await here.find('/ada/d');
    const gone = sourceOf(large, async () => {
      throw new PyrgosError('storage', 'the disk is gone');
    });
    expect(await outcome(there.write('/ada/d/f', gone))).toBe('storage');
    sentBlocks();
  }
  /** Fragments of content that were sent since the last call. */
  const sentBlocks = (): number =>
    world.files.base.log
      .splice(0)
      .flatMap(({ name, cids }) => (name === 'putBlocks' ? (cids ?? []) : []))
      .filter(({ codec }) => codec === CidCodec.raw).length;

  test('a moment ago is resumed', async () => {
    const before = await world.chunkCount();
    await cutOff();
    const { outcome: what } = await here.write('/ada/d/f', large);
    expect(what).toBe('created');
    // Of the chunks, of five fragments each, four are there.
    expect(sentBlocks()).toBeLessThan(20);
    expect(equalBytes(await device().read('/ada/d/f'), large)).toBe(true);
    expect(await world.chunkCount()).toBe(before + 7);
    expect(await world.openRecords()).toBe(0);
  });

  test('... also by one that uploads a tree', async () => {
    await cutOff();
    for await (const { outcome: what } of here.writeTree('/ada', [{ path: ['d', 'f'], source: large }])) expect(what).toBe('created');
    expect(sentBlocks()).toBeLessThan(20);
    expect(await world.openRecords()).toBe(0);
  });
});

describe('an upload into a writing space of its own, whose commits cannot rely on the record,', () => {
  const long = chunksOf(10);
  let structure: StructureWorld;

  beforeEach(async () => {
    structure = await StructureWorld.create();
    const { files } = structure;
    await files.addLinkedDirectory(files.home, 's', 150);
    [here, there] = [files.device(), files.device()];
    await there.find('/ada/s');
  });

  /** Has something done when `there` is about to send the second part of its upload. */
  function beforeSecondPart(work: () => Promise<unknown>): void {
    const { hooks } = structure.files.base.server;
    const { publicKeyHash: space } = structure.files.base.signer(150);
    let parts = 0;
    hooks.before = async ({ name, writers = [] }) => {
      if (name !== 'setPointers' || !writers.some((writer) => writer.equals(space)) || ++parts !== 2) return;
      here.refresh();
      await work();
    };
  }

  async function isSound(content: Uint8Array): Promise<void> {
    expect((await structure.inspect()).problems).toEqual([]);
    expect(equalBytes(await structure.files.device().read('/ada/s/f'), content)).toBe(true);
    expect(await here.clearUnfinishedUploads()).toBe(0);
  }

  test('leaves nothing behind when it is cleared meanwhile', async () => {
    let cleared: number | undefined;
    beforeSecondPart(async () => {
      cleared = await here.clearUnfinishedUploads();
    });
    await there.write('/ada/s/f', long);
    expect(cleared).toBe(1);
    await isSound(long);
  });

  test('... or other content is written to its path', async () => {
    const other = chunksOf(1, 1, 5000);
    beforeSecondPart(async () => here.write('/ada/s/f', other));
    expect((await there.write('/ada/s/f', long)).outcome).toBe('replaced');
    await isSound(long);
  });

  test('leaves the file alone that another device has made of it', async () => {
    beforeSecondPart(async () => {
      await here.write('/ada/s/f', long);
      await here.rename('/ada/s/f', 'g');
    });
    await there.write('/ada/s/f', long);
    await isSound(long);
    expect(equalBytes(await structure.files.device().read('/ada/s/g'), long)).toBe(true);
  });
});

describe('an upload that was cut off is begun anew in a directory that has taken the place of its own,', () => {
  async function cutOff(): Promise<void> {
    const gone = sourceOf(large, async () => {
      throw new PyrgosError('storage', 'the disk is gone');
    });
    expect(await outcome(here.write('/ada/d/f', gone))).toBe('storage');
  }

  test('which was renamed', async () => {
    const before = await world.chunkCount();
    await cutOff();
    await here.rename('/ada/d', 'd.bak');
    await here.makeDirectory('/ada/d');
    await here.write('/ada/d/f', large);
    expect(await findings()).toEqual([]);
    expect(await world.openRecords()).toBe(0);
    there.refresh();
    await there.rename('/ada/d/f', 'g');
    expect(equalBytes(await device().read('/ada/d/g'), large)).toBe(true);
    await here.remove('/ada/d/g');
    // Nothing stays but the other directory.
    expect(await world.chunkCount()).toBe(before + 1);
    expect(await findings()).toEqual([]);
  });

  test('which was removed', async () => {
    const before = await world.chunkCount();
    await cutOff();
    await here.remove('/ada/d');
    await here.makeDirectory('/ada/d');
    await here.write('/ada/d/f', large);
    await here.makeDirectory('/ada/e');
    await here.move('/ada/d/f', '/ada/e', { name: 'g' });
    expect(equalBytes(await device().read('/ada/e/g'), large)).toBe(true);
    await here.remove('/ada/e/g');
    expect(await world.chunkCount()).toBe(before + 1);
    expect(await findings()).toEqual([]);
  });
});

test('an upload that is resumed gets the properties that its call names, and otherwise those of the one that was cut off', async () => {
  const gone = (): ByteSource =>
    sourceOf(large, async () => {
      throw new PyrgosError('storage', 'the disk is gone');
    });
  const first = { mimeType: 'image/x-first', isHidden: true, created: new Date(5000), modified: new Date(6000) };
  expect(await outcome(here.write('/ada/d/f', gone(), first))).toBe('storage');
  const { entry: kept } = await here.write('/ada/d/f', large);
  expect(kept).toMatchObject(first);
  expect(await outcome(here.write('/ada/d/g', gone(), first))).toBe('storage');
  const second = { mimeType: 'image/x-second', isHidden: false, created: new Date(1000), modified: new Date(2000) };
  const { entry: named } = await here.write('/ada/d/g', large, second);
  expect(named).toMatchObject(second);
  expect(await device().stat('/ada/d/g')).toMatchObject(second);
  expect(await findings()).toEqual([]);
});

describe('a file that appears while a large one of its name is being written', () => {
  const small = content(100);
  const appears = (): ByteSource => sourceOf(large, async () => here.write('/ada/d/f', small));

  test('is replaced, in place, and nothing of the upload stays', async () => {
    const before = await world.chunkCount();
    const source = appears();
    const { outcome: what } = await there.write('/ada/d/f', source);
    expect(what).toBe('replaced');
    expect(equalBytes(await device().read('/ada/d/f'), large)).toBe(true);
    expect(await findings()).toEqual([]);
    expect(await world.openRecords()).toBe(0);
    expect(await world.chunkCount()).toBe(before + 7);
  });

  test.each(['error', 'skip'] as const)('stays with onExisting %s, and nothing of the upload does', async (onExisting) => {
    const before = await world.chunkCount();
    const writing = there.write('/ada/d/f', appears(), { onExisting });
    expect(await outcome(writing)).toBe(onExisting === 'error' ? 'conflict.exists' : 'resolved');
    expect(await device().read('/ada/d/f')).toEqual(small);
    expect(await world.openRecords()).toBe(0);
    expect(await world.chunkCount()).toBe(before + 1);
  });

  test('costs no record of a file of more than one chunk that was broken off before', async () => {
    const before = await world.chunkCount();
    const gone = sourceOf(large, async () => {
      throw new PyrgosError('storage', 'the disk is gone');
    });
    expect(await outcome(there.write('/ada/d/f', gone))).toBe('storage');
    expect(await world.openRecords()).toBe(1);
    await here.write('/ada/d/f', small);
    await here.write('/ada/d/f', large);
    expect(await world.openRecords()).toBe(0);
    expect(await world.chunkCount()).toBe(before + 7);
    expect(await findings()).toEqual([]);
  });
});
