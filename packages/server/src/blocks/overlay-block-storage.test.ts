import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cid } from '@pyrgos/core/codec';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crypto, rawBlock } from '../../test/block-fixture.js';
import { FileBlockStorage } from './file-block-storage.js';
import { OverlayBlockStorage } from './overlay-block-storage.js';

let folder: string;
let root: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-overlay-'));
  root = join(folder, 'lower');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const parts = { hasher: crypto, random: crypto };
const open = async (isNeeded: (cid: Cid) => boolean = () => true): Promise<OverlayBlockStorage> =>
  OverlayBlockStorage.open({
    lower: FileBlockStorage.forReading({ root, ...parts }),
    upper: await FileBlockStorage.open({ root: join(folder, 'upper'), ...parts }),
    root,
    hasher: crypto,
    isNeeded: (_, cid) => isNeeded(cid),
  });
const [stored, journaled, forgotten, added] = ['stored', 'journaled', 'forgotten', 'added'].map(rawBlock) as [
  ReturnType<typeof rawBlock>,
  ReturnType<typeof rawBlock>,
  ReturnType<typeof rawBlock>,
  ReturnType<typeof rawBlock>,
];

describe('blocks above a disk that cannot be written', () => {
  beforeEach(async () => {
    const lower = await FileBlockStorage.open({ root, ...parts });
    await lower.putMany('alice', [stored, journaled, forgotten]);
    await lower.close();
    // As after a power cut: these two are in the journal alone.
    const reader = FileBlockStorage.forReading({ root, ...parts });
    await reader.deleteMany('alice', [journaled.cid, forgotten.cid]);
  });

  test('are those below, those of its journal that are needed, and new ones; nothing below changes', async () => {
    const before = (await readdir(root, { recursive: true })).toSorted();
    const storage = await open((cid) => !cid.equals(forgotten.cid));
    await storage.putMany('alice', [added, stored]);
    for (const { bytes, cid } of [stored, journaled, added]) expect(await storage.get('alice', cid)).toEqual(bytes);
    expect(await storage.get('alice', forgotten.cid)).toBeUndefined();
    const listed: string[] = [];
    for await (const cid of storage.list('alice')) listed.push(cid.toString());
    expect(listed.toSorted()).toEqual([stored, journaled, added].map(({ cid }) => cid.toString()).toSorted());
    expect(await storage.has('alice', stored.cid)).toBe(true);
    expect(await storage.stat('alice', added.cid)).toMatchObject({ size: added.bytes.length });
    expect(await storage.stat('bob', added.cid)).toBeUndefined();
    await storage.deleteMany('alice', [added.cid]);
    expect(await storage.has('alice', added.cid)).toBe(false);
    await storage.close();
    expect((await readdir(root, { recursive: true })).toSorted()).toEqual(before);
  });
});
