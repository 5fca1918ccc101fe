import { equalBytes } from '@pyrgos/core/bytes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { ServerWorld } from '../../test/server-world.js';
import { connect, type FileSystem, type UserSession } from '../index.js';
import type { RotateKeysOptions } from './file-system-options.js';
import { CommittedView, FileReader, type Item, openItem } from './view/index.js';

const password = 'nine copper kettles in the rain';
const content = (size: number, fill = 5): Uint8Array => new Uint8Array(size).fill(fill);

describe('keys on a real server', () => {
  let world: ServerWorld;
  let stranger: UserSession;
  beforeAll(async () => {
    world = await ServerWorld.start();
    stranger = await signUp('stranger');
  });
  afterAll(async () => world.close());

  async function signUp(username: string): Promise<UserSession> {
    return (await connect(world.url, { crypto: world.quick })).signUp({ username, password });
  }
  async function anotherSession(username: string): Promise<UserSession> {
    return (await connect(world.url, { crypto: world.quick })).logIn({ username, password });
  }
  async function anotherDevice(username: string): Promise<FileSystem> {
    return (await anotherSession(username)).files;
  }
  /** What is there when its keys have been changed. */
  async function rotate(session: UserSession, path: string, options: RotateKeysOptions = {}): Promise<Item> {
    await session.files.rotateKeys(path, options);
    return itemAt(session, path);
  }
  /** What somebody else who has got the capability of an entry reads of it, or the code of the error. */
  async function readByStranger(capability: Item['capability']): Promise<Uint8Array | string> {
    const view = new CommittedView(stranger.account.sessions, { fresh: true });
    try {
      const item = await openItem(view, capability.toReadOnly());
      return item.isDirectory ? 'a directory' : await new FileReader(view, item).read(0, item.properties.size);
    } catch (error) {
      return (error as { readonly code: string }).code;
    }
  }
  /** `/<user>/docs` with a few files, a directory and many small ones. */
  async function populated(username: string): Promise<UserSession> {
    const session = await signUp(username);
    const { files } = session;
    await files.write(`/${username}/docs/small`, 'small', { parents: true });
    await files.write(`/${username}/docs/large`, content(6_000_000));
    await files.write(`/${username}/docs/empty`, '');
    const many = Array.from({ length: 30 }, (_, i) => ({ path: ['many', `${i}`], source: content(100 + i, i) }));
    for await (const { outcome } of files.writeTree(`/${username}/docs`, many)) expect(outcome).toBe('created');
    return session;
  }
  async function expectWhole(files: FileSystem, directory: string): Promise<void> {
    expect(new TextDecoder().decode(await files.read(`${directory}/small`))).toBe('small');
    expect(equalBytes(await files.read(`${directory}/large`), content(6_000_000))).toBe(true);
    expect((await files.stat(`${directory}/empty`)).size).toBe(0);
    for (const i of [0, 13, 29]) expect(await files.read(`${directory}/many/${i}`)).toEqual(content(100 + i, i));
    for await (const finding of files.verify(files.homePath, { content: true })) throw finding.error;
  }

  test('rotateKeys: who had the old keys finds nothing, and nothing else changes', async () => {
    const session = await populated('ann');
    const { files } = session;
    const before = await files.stat('/ann/docs');
    const itemBefore = await itemAt(session, '/ann/docs');
    const small = (await itemAt(session, '/ann/docs/small')).capability;
    expect(await readByStranger(itemBefore.capability)).toBe('a directory');
    expect(new TextDecoder().decode((await readByStranger(small)) as Uint8Array)).toBe('small');
    const told: number[] = [];
    const rotated = await files.rotateKeys('/ann/docs', { onProgress: ({ done }) => void told.push(done) });
    expect(rotated).toMatchObject({ path: '/ann/docs', name: 'docs', kind: 'directory', created: before.created });
    expect(rotated.version).not.toBe(before.version);
    expect((await itemAt(session, '/ann/docs')).writer.equals(itemBefore.writer)).toBe(true);
    expect(told.at(-1)).toBe(35);
    for (const capability of [itemBefore.capability, small]) expect(await readByStranger(capability)).toMatch(/^(?:not-found|denied)\./);
    await expectWhole(files, '/ann/docs');
    await expectWhole(await anotherDevice('ann'), '/ann/docs');
  });

  test('reencrypt: content gets fresh keys, each file once, and goes on after it was cut off', async () => {
    const { files } = await populated('ben');
    await files.write('/ben/apart', 'not rotated');
    expect(await files.reencrypt('/ben')).toBe(0);
    const dataKeys = async (): Promise<(string | undefined)[]> => {
      const device = await anotherSession('ben');
      const paths = ['docs/small', 'docs/large', 'docs/empty', 'docs/many/7', 'apart'];
      const items = await Promise.all(paths.map(async (path) => itemAt(device, `/ben/${path}`)));
      return items.map(({ opened }) => (opened.isDirty ? undefined : Array.from(opened.dataKey?.bytes ?? []).join()));
    };
    const before = await dataKeys();
    expect(before).not.toContain(undefined);
    await files.rotateKeys('/ben/docs');
    expect((await dataKeys()).slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    const cancel = new AbortController();
    const cutOff = files.reencrypt('/ben', { signal: cancel.signal, onProgress: ({ items = 0 }) => items > 0 && cancel.abort() });
    await expect(cutOff).rejects.toMatchObject({ code: 'aborted' });
    let done = 0;
    const rest = await files.reencrypt('/ben', { onProgress: (told) => void (done = told.done) });
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThan(33);
    expect(done).toBeGreaterThan(0);
    expect(await files.reencrypt('/ben')).toBe(0);
    const after = await dataKeys();
    expect(after).not.toContain(undefined);
    for (let i = 0; i < 4; i++) expect(after[i]).not.toBe(before[i]);
    expect(after[4]).toBe(before[4]);
    await expectWhole(files, '/ben/docs');
  });

  test('a writing space of its own, and back: whatever works with files works there', async () => {
    const session = await populated('cleo');
    const { files } = session;
    const before = await itemAt(session, '/cleo/docs');
    const own = await rotate(session, '/cleo/docs', { newWritingSpace: true });
    expect(own.writer.equals(before.writer)).toBe(false);
    await expectWhole(await anotherDevice('cleo'), '/cleo/docs');
    // Nested ones are replaced, too.
    const inner = await rotate(session, '/cleo/docs/many', { newWritingSpace: true });
    const again = await rotate(session, '/cleo/docs', { newWritingSpace: true });
    expect(again.writer.equals(own.writer)).toBe(false);
    const nested = await itemAt(session, '/cleo/docs/many');
    expect([own, again, inner].some(({ writer }) => writer.equals(nested.writer))).toBe(false);
    // Without the option they stay.
    expect((await rotate(session, '/cleo/docs')).writer.equals(again.writer)).toBe(true);
    expect(await files.reencrypt('/cleo')).toBe(33);
    await files.append('/cleo/docs/small', '!');
    await files.write('/cleo/docs/many/new', 'x');
    await files.move('/cleo/docs/many/new', '/cleo');
    await files.truncate('/cleo/docs/small', 5);
    await files.rename('/cleo/docs', 'papers');
    await expectWhole(await anotherDevice('cleo'), '/cleo/papers');
    await files.remove('/cleo/papers');
    expect(await (await anotherDevice('cleo')).find('/cleo/papers')).toBeUndefined();
    expect(await session.space.usage()).toBeLessThan(1_000_000);
  });

  test('of a file; of nothing, of a home directory and of what the account needs it is an error', async () => {
    const session = await signUp('dora');
    const { files } = session;
    await files.write('/dora/file', 'text');
    const old = (await itemAt(session, '/dora/file')).capability;
    const entry = await files.rotateKeys('/dora/file', { newWritingSpace: true });
    expect(entry).toMatchObject({ name: 'file', size: 4, kind: 'file' });
    expect(await readByStranger(old)).toMatch(/^(?:not-found|denied)\./);
    expect(await files.reencrypt('/dora/file')).toBe(1);
    expect(await files.reencrypt('/dora/file')).toBe(0);
    await expect(files.rotateKeys('/dora/nothing')).rejects.toMatchObject({ code: 'not-found.file' });
    await expect(files.reencrypt('/dora/nothing')).rejects.toMatchObject({ code: 'not-found.file' });
    for (const path of ['/dora', '/', '/dora/.transactions', '/dora/shared']) {
      await expect(files.rotateKeys(path)).rejects.toMatchObject({ code: 'argument', data: { field: 'path' } });
    }
  });

  test('while other devices write there nothing is lost', async () => {
    const { files } = await populated('emil');
    const other = await anotherDevice('emil');
    const writes = Array.from({ length: 6 }, async (_, i) => other.write(`/emil/docs/many/other ${i}`, `${i}`));
    await Promise.all([...writes, files.rotateKeys('/emil/docs'), files.write('/emil/docs/mine', 'mine')]);
    await files.reencrypt('/emil');
    const seen = await anotherDevice('emil');
    for (let i = 0; i < 6; i++) expect(new TextDecoder().decode(await seen.read(`/emil/docs/many/other ${i}`))).toBe(`${i}`);
    expect(new TextDecoder().decode(await seen.read('/emil/docs/mine'))).toBe('mine');
    await expectWhole(seen, '/emil/docs');
  });

  test('cancelled, everything is as it was', async () => {
    const { files } = await populated('fay');
    const { version } = await files.stat('/fay/docs');
    const cancel = new AbortController();
    const rotation = files.rotateKeys('/fay/docs', { signal: cancel.signal, onProgress: ({ done }) => done > 3 && cancel.abort() });
    await expect(rotation).rejects.toMatchObject({ code: 'aborted' });
    const seen = await anotherDevice('fay');
    expect((await seen.stat('/fay/docs')).version).toBe(version);
    await expectWhole(seen, '/fay/docs');
  });
});
