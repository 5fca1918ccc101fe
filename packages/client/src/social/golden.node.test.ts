import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex } from '@pyrgos/core/bytes';
import { decodeBase64 } from '@pyrgos/core/codec';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { PyrgosServer } from '../pyrgos-server.js';
import { answerWithCode } from '../session/index.js';
import { totpCode } from '../session/totp.js';
import type { LinkSession } from './link-session.js';
import type { OwnLink } from './own-link.js';

const folder = goldenFolder();

/** A file or directory as the reference client has seen it. */
interface ExpectedItem {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly size?: number;
  readonly sha256?: string;
  readonly mimeType?: string;
  readonly hidden: boolean;
  readonly writable: boolean;
  readonly modified: { readonly epochSeconds: number };
}

interface Expected {
  readonly secretLinks: readonly {
    readonly id: string;
    readonly link: string;
    readonly userPassword: string;
    readonly asksForUserPassword: boolean;
    readonly entryPath: string;
    readonly targetPath: string;
    readonly writable: boolean;
    readonly tree: readonly ExpectedItem[];
    /** Of one that was deleted. */
    readonly error?: string;
  }[];
  readonly publicFiles: readonly {
    readonly path: string;
    readonly capability: string;
    readonly tree: readonly ExpectedItem[];
  }[];
}

describe.skipIf(folder === undefined)(`links and published files of a real server (${goldenMissing})`, () => {
  let world: ServerWorld;
  let expected: Expected;

  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    expected = JSON.parse(await readFile(join(folder ?? '', 'expect.json'), 'utf8')) as Expected;
  });
  afterAll(async () => world.close());

  const server = (): PyrgosServer => new PyrgosServer(world.network(), { crypto: world.crypto });

  async function treeOf({ files }: LinkSession, path: string): Promise<ExpectedItem[]> {
    const found: ExpectedItem[] = [];
    const open = [path];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const entry = await files.stat(next);
      const { isDirectory, size, mimeType } = entry;
      const sha256 = (): string => createHash('sha256').update(bytes).digest('hex');
      const bytes = isDirectory ? new Uint8Array() : await files.read(next);
      found.push({
        path: next,
        isDirectory,
        ...(isDirectory ? {} : { size, sha256: sha256(), mimeType }),
        hidden: entry.isHidden,
        writable: entry.isWritable,
        modified: { epochSeconds: Math.floor(entry.modified.getTime() / 1000) },
      });
      if (isDirectory) for await (const { name } of files.names(next)) open.push(`${next}/${name ?? ''}`);
    }
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  const inOrder = (tree: readonly ExpectedItem[]): ExpectedItem[] => [...tree].sort((a, b) => (a.path < b.path ? -1 : 1));

  test('every secret link opens, and shows what the reference has seen', async () => {
    expect(expected.secretLinks.length).toBeGreaterThan(2);
    for (const { link, userPassword, asksForUserPassword, entryPath, targetPath, writable, tree, error } of expected.secretLinks) {
      if (error !== undefined) {
        await expect(server().openLink(link)).rejects.toMatchObject({ code: 'not-found.link' });
        continue;
      }
      let asked = 0;
      const session = await server().openLink(link, {
        password: () => {
          asked++;
          return userPassword;
        },
      });
      expect(asked).toBe(asksForUserPassword ? 1 : 0);
      expect(session).toMatchObject({ owner: 'alice', path: targetPath, entryPath, isWritable: writable });
      expect(await treeOf(session, targetPath)).toMatchObject(inOrder(tree).map(({ path, ...item }) => ({ path, ...known(item) })));
    }
  });

  test('everything that is published can be read', async () => {
    for (const { path, capability, tree } of expected.publicFiles) {
      const listed: string[] = [];
      for await (const one of server().listPublic('alice')) listed.push(one);
      expect(listed).toContain(path);
      const session = await server().openPublic(path);
      expect(await treeOf(session, path)).toMatchObject(inOrder(tree).map(({ path: own, ...item }) => ({ path: own, ...known(item) })));
      const redirected = await world.network().publicFiles.capability('alice', path.slice('/alice/'.length));
      expect(redirected.equals(AbsoluteCapability.decode(decodeBase64(capability)))).toBe(true);
    }
  });

  test('their owner finds them, changes one, and ends another; who has one for writing writes', async () => {
    const { users } = JSON.parse(await readFile(join(folder ?? '', 'inputs.json'), 'utf8')) as {
      readonly users: readonly { readonly username: string; readonly password: string; readonly totp?: { readonly secretHex: string } }[];
    };
    const { username, password, totp } = users.find((user) => user.username === 'alice') ?? { username: '', password: '' };
    const alice = await server().logIn({
      username,
      password,
      upgradesBoxingKey: false,
      ...(totp && {
        secondFactor: async ({ methods: [method] }) =>
          method && answerWithCode(method, await totpCode(fromHex(totp.secretHex), Math.floor(Date.now() / 1000))),
      }),
    });
    const listed = new Map<string, OwnLink>();
    for await (const link of alice.links.list()) listed.set(link.text, link);
    const live = expected.secretLinks.filter(({ error }) => error === undefined);
    expect([...listed.keys()].sort()).toEqual(live.map(({ link }) => link).sort());
    for (const { link, targetPath, writable, userPassword } of live) {
      expect(listed.get(link)).toMatchObject({ path: targetPath, isWritable: writable, userPassword });
    }
    const limited = [...listed.values()].find(({ maxRetrievals }) => maxRetrievals === 1000);
    expect(limited?.expires?.toISOString()).toBe('2099-01-02T03:04:05.000Z');
    const changed = await alice.links.update(limited?.path ?? '', limited?.label ?? 0n, {
      expires: null,
      userPassword: 'a new good secret',
    });
    await server().openLink(changed.text, { password: 'a new good secret' });
    expect(await alice.links.delete(changed.path, changed.label)).toBe(true);
    await expect(server().openLink(changed.text)).rejects.toMatchObject({ code: 'not-found.link' });
    const { link = '', targetPath = '' } = live.find(({ writable }) => writable) ?? {};
    const session = await server().openLink(link);
    await session.files.write(`${targetPath}/from-pyrgos.txt`, new TextEncoder().encode('hello'));
    alice.files.refresh();
    expect(await alice.files.readText(`${targetPath}/from-pyrgos.txt`)).toBe('hello');
    const published: string[] = [];
    for await (const { path } of alice.publishing.list()) published.push(path);
    expect(published).toEqual(expect.arrayContaining(expected.publicFiles.map(({ path }) => path)));
    expect(await alice.publishing.unpublish(published[0] ?? '')).toBe(true);
    await expect(server().openPublic(published[0] ?? '')).rejects.toMatchObject({ code: 'not-found.file' });
  });

  /** What an entry of this SDK says as well. */
  function known({
    isDirectory,
    size,
    sha256,
    mimeType,
    hidden,
    writable,
    modified,
  }: Omit<ExpectedItem, 'path'>): Omit<ExpectedItem, 'path'> {
    const content = isDirectory ? {} : { size, sha256, mimeType };
    return { isDirectory, hidden, writable, modified: { epochSeconds: modified.epochSeconds }, ...(content as object) };
  }
});
