import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DISK_RESERVE, FULL_DISK_COLLECTION_MILLISECONDS, FULL_DISK_COLLECTION_SHARE, UPLOAD_FREE_DISK } from '../limits.js';
import { DiskKeeper } from './disk-keeper.js';
import { DiskReserve } from './disk-reserve.js';
import { DiskRoom } from './disk-room.js';

let folder: string;
let reserve: DiskReserve;
let free: number;
let total: number;
let time: number;
let collections: number;
let collect: () => Promise<void>;
let sparing: boolean[];
let messages: string[];
let keeper: DiskKeeper;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-keeper-'));
  reserve = new DiskReserve(join(folder, 'reserve'));
  [free, total, time, collections, sparing, messages] = [1e12, 1e13, 0, 0, [], []];
  collect = async () => undefined;
  const log = (_: object, message: string): void => void messages.push(message);
  const room = new DiskRoom({ measure: async () => ({ free, total }), monotonic: () => time });
  keeper = new DiskKeeper({
    room,
    reserve,
    collect: async () => {
      collections++;
      await collect();
    },
    spare: (isSparing) => sparing.push(isSparing),
    logger: { info: log, warn: log },
    monotonic: () => time,
  });
});
afterEach(async () => {
  await keeper.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the reserve', () => {
  test('is made when there is room, really takes it, and is private', async () => {
    await keeper.check(true);
    const { blocks, mode, size } = await stat(join(folder, 'reserve'));
    expect(size).toBe(DISK_RESERVE);
    expect(blocks * 512).toBeGreaterThanOrEqual(DISK_RESERVE);
    expect(mode & 0o777).toBe(0o600);
    expect(collections).toBe(0);
  });

  test('is given up when there is less room than it has, and made again later', async () => {
    await keeper.check(true);
    free = DISK_RESERVE - 1;
    await keeper.check(true);
    expect(await readdir(folder)).toEqual([]);
    free = UPLOAD_FREE_DISK / 4;
    await keeper.check(true);
    expect(await readdir(folder)).toEqual([]);
    free = UPLOAD_FREE_DISK;
    await keeper.check(true);
    expect(await readdir(folder)).toEqual(['reserve']);
  });

  test('one that cannot be removed harms nothing', async () => {
    await mkdir(join(folder, 'reserve'));
    await writeFile(join(folder, 'reserve', 'file'), 'not ours');
    free = 1;
    await keeper.check(true);
    expect(await reserve.giveUp()).toBe(false);
  });

  test('one that the disk does not take leaves nothing behind', async () => {
    expect(await new DiskReserve(join(folder, 'no-folder', 'reserve')).make(1)).toBe(false);
    expect(await reserve.giveUp()).toBe(false);
  });
});

describe('garbage', () => {
  test('is collected when room is scarce, and not again for a while', async () => {
    free = UPLOAD_FREE_DISK - 1;
    await keeper.check(true);
    await keeper.check(true);
    expect(collections).toBe(1);
    time += FULL_DISK_COLLECTION_MILLISECONDS;
    await keeper.check(false);
    expect(collections).toBe(1);
    await keeper.check(true);
    expect(collections).toBe(2);
    expect(messages).toEqual(['the disk is nearly full: uploads are refused']);
  });

  test('is collected the less often the longer it takes', async () => {
    const duration = FULL_DISK_COLLECTION_MILLISECONDS;
    free = UPLOAD_FREE_DISK - 1;
    let finish = (): void => undefined;
    collect = async () =>
      new Promise<void>((resolve) => {
        finish = () => {
          time += duration;
          resolve();
        };
      });
    await keeper.check(true);
    finish();
    await keeper.idle();
    time += duration * FULL_DISK_COLLECTION_SHARE - 1;
    await keeper.check(true);
    expect(collections).toBe(1);
    time += 1;
    await keeper.check(true);
    expect(collections).toBe(2);
    finish();
  });

  test('a collection that fails harms nothing', async () => {
    free = UPLOAD_FREE_DISK - 1;
    collect = async () => Promise.reject(new Error('broken'));
    await keeper.check(true);
    await keeper.idle();
    expect(messages).toContain('garbage collection failed');
  });

  test('that it helped is said', async () => {
    free = UPLOAD_FREE_DISK - 1;
    collect = async () => {
      free = 1e12;
    };
    await keeper.check(true);
    await keeper.idle();
    expect(messages).toEqual(['the disk is nearly full: uploads are refused', 'the disk has room again: uploads are taken']);
  });
});

test('writing spares a disk that is small or nearly full', async () => {
  await keeper.check(true);
  free = UPLOAD_FREE_DISK - 1;
  await keeper.check(true);
  [free, total] = [1e9, 1e9];
  await keeper.check(true);
  expect(sparing.slice(-1)).toEqual([true]);
  expect(sparing.slice(0, 2)).toEqual([false, true]);
});
