import type { PyrgosError } from '@pyrgos/core/errors';
import { describe, expect, test } from 'vitest';
import {
  DISK_RESERVE,
  FREE_DISK_MEMORY_MILLISECONDS,
  JOURNALED_BLOCK_SIZE,
  SMALL_UPLOAD_FREE_DISK,
  UPLOAD_FREE_DISK,
  UPLOAD_FREE_FILES,
} from '../limits.js';
import { diskFloors, DiskRoom, type DiskSpace, measureDisk, sizeOnDisk } from './disk-room.js';

const TOTAL = 1e12;
const MIB = 1_048_576;

/** A disk on which only what a test says is written. */
function disk(
  free: number,
  total = TOTAL,
): { space: DiskSpace; looks: number; time: number; fails: boolean; room: DiskRoom; refusals: number } {
  const world = { space: { free, total }, looks: 0, time: 0, fails: false, refusals: 0 };
  const room = new DiskRoom({
    measure: async () => {
      world.looks++;
      const { space } = world;
      await Promise.resolve();
      if (world.fails) throw new Error('unknown');
      return space;
    },
    monotonic: () => world.time,
  });
  room.onRefused(() => world.refusals++);
  return Object.assign(world, { room });
}

describe('floors', () => {
  test('are the same on all large disks, and shares of small ones', () => {
    const large = { upload: UPLOAD_FREE_DISK, smallUpload: SMALL_UPLOAD_FREE_DISK, reserve: DISK_RESERVE, isSmallDisk: false };
    for (const total of [1e10, 1e12, 1e15]) expect(diskFloors(total)).toEqual(large);
    for (const total of [0, 1e6, 24 * MIB, 60 * MIB, 1e9, 2e9]) {
      const { isSmallDisk, reserve, smallUpload, upload } = diskFloors(total);
      expect(isSmallDisk).toBe(true);
      expect(upload).toBeLessThanOrEqual(total / 8);
      expect(smallUpload).toBeLessThanOrEqual(upload);
      expect(reserve).toBeLessThanOrEqual(smallUpload);
    }
  });

  test('small blocks are in the journal, too', () => {
    const [small, large] = [new Uint8Array(JOURNALED_BLOCK_SIZE), new Uint8Array(JOURNALED_BLOCK_SIZE + 1)];
    expect(sizeOnDisk([small])).toBeGreaterThan(2 * small.length);
    expect(sizeOnDisk([large])).toBeLessThan(2 * large.length);
    expect(sizeOnDisk([small, large])).toBe(sizeOnDisk([small]) + sizeOnDisk([large]));
  });
});

describe('a disk that can hold few more files', () => {
  const uploads = async (free: number, files: number): Promise<readonly [upload: string, small: string, isLow: boolean]> => {
    const world = disk(TOTAL);
    world.space = { free: TOTAL, total: TOTAL, files: { free, total: files } };
    const book = async (isSmall: boolean): Promise<string> =>
      world.room.book(1, isSmall).then(
        () => 'taken',
        ({ code }: PyrgosError) => code,
      );
    return [await book(false), await book(true), world.room.isLow];
  };

  test('is full for uploads, and later for small ones', async () => {
    expect(await uploads(UPLOAD_FREE_FILES, 1e9)).toEqual(['taken', 'taken', false]);
    expect(await uploads(UPLOAD_FREE_FILES - 1, 1e9)).toEqual(['storage', 'taken', true]);
    expect(await uploads(UPLOAD_FREE_FILES / 2 - 1, 1e9)).toEqual(['storage', 'storage', true]);
    // One that never held many.
    expect(await uploads(100, 1600)).toEqual(['taken', 'taken', false]);
    expect(await uploads(99, 1600)).toEqual(['storage', 'taken', true]);
  });

  test('tells users to delete something only while that can help', async () => {
    const world = disk(TOTAL);
    world.space = { free: TOTAL, total: TOTAL, files: { free: 0, total: 1e9 } };
    await expect(world.room.book(1, false)).rejects.toThrow('the upload was refused. Deleting something makes room');
    await expect(world.room.book(1, true)).rejects.toThrow('the change was refused. Only who runs the server');
  });

  test('uploads at the same time cannot make more than it holds', async () => {
    const world = disk(TOTAL);
    world.space = { free: TOTAL, total: TOTAL, files: { free: UPLOAD_FREE_FILES + 100, total: 1e9 } };
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, async () => world.room.book(1, false, 10)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value();
    world.time += FREE_DISK_MEMORY_MILLISECONDS;
    await world.room.book(1, false, 100);
    await expect(world.room.book(1, false, 1)).rejects.toMatchObject({ code: 'storage' });
  });

  test('is looked at, where there is such a limit', async () => {
    const { files } = await measureDisk('.');
    if (files !== undefined) expect(files.total).toBeGreaterThanOrEqual(files.free);
  });
});

describe('bookings', () => {
  test('many uploads take one look', async () => {
    const world = disk(TOTAL);
    for (let i = 0; i < 100; i++) (await world.room.book(MIB, false))();
    expect(world.looks).toBe(1);
    world.time += FREE_DISK_MEMORY_MILLISECONDS;
    (await world.room.book(MIB, false))();
    expect(world.looks).toBe(2);
  });

  test('uploads at the same time cannot take more than there is', async () => {
    const world = disk(UPLOAD_FREE_DISK + 10 * MIB);
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, async () => world.room.book(MIB, false)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(refused?.reason).toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/disk of this server is full/),
      retry: 'safe',
    });
    expect(world.refusals).toBe(90);
  });

  test('what goes on while the disk is measured counts in full', async () => {
    const world = disk(UPLOAD_FREE_DISK + 10 * MIB);
    const leave = await world.room.book(8 * MIB, false);
    world.time += FREE_DISK_MEMORY_MILLISECONDS;
    await expect(world.room.book(3 * MIB, false)).rejects.toMatchObject({ code: 'storage' });
    // Written and over, and then something else was deleted.
    leave();
    leave();
    world.space = { free: UPLOAD_FREE_DISK + 2 * MIB, total: TOTAL };
    await expect(world.room.book(3 * MIB, false)).rejects.toMatchObject({ code: 'storage' });
    world.space = { free: UPLOAD_FREE_DISK + 3 * MIB, total: TOTAL };
    await world.room.book(3 * MIB, false);
  });

  test('what is booked while somebody looks counts, too', async () => {
    const world = disk(UPLOAD_FREE_DISK + 3 * MIB);
    await world.room.book(MIB, false);
    const looking = world.room.look();
    await world.room.book(MIB, false);
    await looking;
    await world.room.book(MIB, false);
    await expect(world.room.book(MIB, false)).rejects.toMatchObject({ code: 'storage' });
  });

  test('small uploads go on to a lower floor', async () => {
    const world = disk(SMALL_UPLOAD_FREE_DISK + 2 * MIB);
    await expect(world.room.book(1, false)).rejects.toMatchObject({ code: 'storage' });
    await world.room.book(2 * MIB, true);
    await expect(world.room.book(1, true)).rejects.toMatchObject({ code: 'storage' });
  });

  test('where the system does not tell everything is tried', async () => {
    const world = disk(0);
    world.fails = true;
    await world.room.book(1e15, false);
    expect(world.room.isLow).toBe(false);
  });
});

test('the disk is low when an upload was refused, until it would fit', async () => {
  const world = disk(UPLOAD_FREE_DISK + 3 * MIB);
  await world.room.look();
  expect(world.room.isLow).toBe(false);
  await expect(world.room.book(4 * MIB, false)).rejects.toMatchObject({ code: 'storage' });
  await world.room.look();
  expect(world.room.isLow).toBe(true);
  world.space = { free: UPLOAD_FREE_DISK + 4 * MIB, total: TOTAL };
  await world.room.look();
  expect(world.room.isLow).toBe(false);
  world.space = { free: UPLOAD_FREE_DISK - 1, total: TOTAL };
  await world.room.look();
  expect(world.room.isLow).toBe(true);
});
