import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import type { RequestCounter } from '../network/index.js';
import { logIn, signUp } from '../session/index.js';
import { UserSession } from '../user-session.js';

const MiB = 1_048_576;
const password = 'nine copper kettles in the rain';
/** Repeats without pauses. */
const impatient = { now: () => Date.now(), sleep: async () => undefined };
const content = (size: number): Uint8Array => new Uint8Array(size).fill(5);

describe('on a real server', () => {
  let world: ServerWorld;
  beforeAll(async () => {
    world = await ServerWorld.start({ flags: { 'default-quota': '8m', 'quota-upload-limit-seconds': '1' } });
  });
  afterAll(async () => world.close());

  const account = async (username: string): Promise<{ readonly session: UserSession; readonly counter: RequestCounter }> => {
    const { network, counter } = world.counted({ clock: impatient });
    const session = new UserSession(await signUp(network, { username, password, clock: impatient }));
    counter.reset();
    return { session, counter };
  };
  const again = async (username: string): Promise<{ readonly session: UserSession; readonly counter: RequestCounter }> => {
    const { network, counter } = world.counted();
    const session = new UserSession(await logIn(network, { username, password }));
    counter.reset();
    return { session, counter };
  };

  test('few requests: directories, small files, listing', async () => {
    const { session, counter } = await account('ann');
    const { files } = session;
    const cost = async (call: () => Promise<unknown>): Promise<number> => {
      counter.reset();
      await call();
      return counter.storageRequests;
    };
    expect(await cost(async () => files.makeDirectory('/ann/d'))).toBeLessThanOrEqual(6);
    expect(await cost(async () => files.write('/ann/d/a', content(1000)))).toBeLessThanOrEqual(6);
    const list = async (): Promise<string[]> => {
      const names = [];
      for await (const { name } of files.list('/ann/d')) names.push(name ?? '');
      return names;
    };
    expect(await list()).toEqual(['a']);
    expect(await cost(list)).toBe(0);
    // In a program that has not seen any of it.
    const other = await again('ann');
    await other.session.files.makeDirectory('/ann/e');
    expect(other.counter.storageRequests).toBeLessThanOrEqual(6 + 2);
  });

  test('text goes in and comes out', async () => {
    const { files } = (await account('tess')).session;
    await files.write('/tess/text', 'Grüße, 灯台 🗼');
    expect(await files.readText('/tess/text')).toBe('Grüße, 灯台 🗼');
    await files.write('/tess/other', new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]));
    expect(await files.readText('/tess/other')).toBe('a\uFFFD');
    await files.write('/tess/empty', '');
    expect(await files.readText('/tess/empty')).toBe('');
    await expect(files.readText('/tess')).rejects.toMatchObject({ code: 'conflict.file' });
    await expect(files.readText('/tess/nothing')).rejects.toMatchObject({ code: 'not-found.file' });
  });

  test('a full quota is an error of its own, nothing of what did not fit is visible, and there is room again after deleting', async () => {
    const { session } = await account('ben');
    const { files } = session;
    await files.write('/ben/fits', content(3 * MiB));
    await expect(files.write('/ben/large', content(20 * MiB))).rejects.toMatchObject({ code: 'quota' });
    const { files: fresh } = (await again('ben')).session;
    expect(await fresh.find('/ben/large')).toBeUndefined();
    expect(await fresh.read('/ben/fits')).toEqual(content(3 * MiB));
    await fresh.remove('/ben/fits');
    await fresh.clearUnfinishedUploads();
    for await (const entry of fresh.list('/ben/.transactions')) expect(entry.name).toBeUndefined();
    await fresh.write('/ben/again', content(3 * MiB));
    const findings = [];
    for await (const finding of fresh.verify('/ben', { content: true })) findings.push(finding);
    expect(findings).toEqual([]);
  });

  test('a server that is gone is a network error, and the same call works when it is back', async () => {
    const { session } = await account('cleo');
    const { files } = session;
    await files.write('/cleo/a', content(10));
    await world.stop();
    await expect(files.write('/cleo/b', content(10))).rejects.toMatchObject({ code: 'network' });
    await world.restart();
    await files.write('/cleo/b', content(10));
    expect(await (await again('cleo')).session.files.read('/cleo/b')).toEqual(content(10));
  });
});
