import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { ServerWorld } from '../../test/server-world.js';
import { answerWithCode, logIn, totpCode } from '../session/index.js';
import { UserSession } from '../user-session.js';
import type { FileEntry } from './file-entry.js';

const folder = goldenFolder();

interface Time {
  readonly epochSeconds: number;
  readonly nano: number;
}

/** A file or directory as the reference client has seen it. */
interface ExpectedItem {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly size?: number;
  readonly sha256?: string;
  readonly mimeType?: string;
  readonly type?: string;
  readonly hasThumbnail?: boolean;
  readonly thumbnail?: { readonly mimeType: string; readonly size: number; readonly sha256: string };
  readonly treeHashRoot?: string;
  readonly hidden: boolean;
  readonly writable: boolean;
  readonly modified: Time;
  readonly created: Time;
  readonly writer: string;
}

interface User {
  readonly username: string;
  readonly password: string;
  readonly totp?: { readonly secretHex: string };
}

const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder ?? '', name), 'utf8')) as T;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(folder === undefined)(`all files of a real server (${goldenMissing})`, () => {
  let world: ServerWorld;
  let users: readonly User[];
  let homes: ReadonlyMap<string, readonly ExpectedItem[]>;
  let absent: readonly { readonly path: string }[];

  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    const expected = await read<{
      users: Record<string, { home: readonly ExpectedItem[] }>;
      legacyAccount: { username: string; password: string; home: readonly ExpectedItem[] };
      absentPaths: readonly { path: string }[];
    }>('expect.json');
    const { legacyAccount } = expected;
    homes = new Map([
      ...Object.entries(expected.users).map(([name, { home }]) => [name, home] as const),
      [legacyAccount.username, legacyAccount.home],
    ]);
    users = [...(await read<{ users: readonly User[] }>('inputs.json')).users, legacyAccount];
    absent = expected.absentPaths;
  });
  afterAll(async () => world.close());

  const logInAs = async (username: string): Promise<UserSession> => {
    const user = users.find((candidate) => candidate.username === username);
    if (user === undefined) throw new Error(`golden-1 has no ${username}`);
    const { totp } = user;
    const account = await logIn(world.network(), {
      username,
      password: user.password,
      upgradesBoxingKey: false,
      ...(totp === undefined
        ? {}
        : {
            secondFactor: async ({ methods: [method] }) =>
              method === undefined
                ? undefined
                : answerWithCode(method, await totpCode(fromHex(totp.secretHex), Math.floor(Date.now() / 1000))),
          }),
    });
    return new UserSession(account);
  };

  /** An entry in the terms of the reference client. */
  async function describeEntry(session: UserSession, entry: FileEntry): Promise<ExpectedItem> {
    const { properties, capability } = await itemAt(session, entry.path);
    const time = ({ seconds, nanoseconds }: typeof properties.modified): Time => ({ epochSeconds: Number(seconds), nano: nanoseconds });
    const { thumbnail, treeHash } = properties;
    const hash = createHash('sha256');
    if (!entry.isDirectory) for await (const piece of await session.files.open(entry.path)) hash.update(piece);
    return {
      path: entry.path,
      isDirectory: entry.isDirectory,
      ...(entry.isDirectory
        ? {}
        : {
            size: entry.size,
            sha256: hash.digest('hex'),
            mimeType: entry.mimeType,
            type: entry.type,
            hasThumbnail: thumbnail !== undefined,
            ...(thumbnail === undefined
              ? {}
              : { thumbnail: { mimeType: thumbnail.mimeType, size: thumbnail.bytes.length, sha256: sha256(thumbnail.bytes) } }),
            ...(treeHash === undefined ? {} : { treeHashRoot: toHex(treeHash.root.hash) }),
          }),
      hidden: entry.isHidden,
      writable: entry.isWritable,
      modified: time(properties.modified),
      created: time(properties.created),
      writer: capability.writer.toString(),
    };
  }

  /** Everything below a directory, and itself. */
  async function* walk(session: UserSession, directory: FileEntry): AsyncGenerator<FileEntry> {
    yield directory;
    for await (const child of session.files.list(directory.path)) {
      if (child.isDamaged) throw child.error;
      // Of the account of the server the reference client was only asked for what is not hidden.
      if (session.username === 'peergos' && child.isHidden) continue;
      if (child.isDirectory) yield* walk(session, child);
      else yield child;
    }
  }

  test.each(['alice', 'bob', 'carol', 'dave', 'erin', 'peergos'])('%s finds everything as the reference client does', async (username) => {
    const session = await logInAs(username);
    const home = homes.get(username) ?? [];
    expect(home.length).toBeGreaterThan(0);
    const expected = new Map(home.map((item) => [item.path, item]));
    const found = new Map<string, ExpectedItem>();
    for await (const entry of walk(session, await session.files.stat(session.files.homePath))) {
      found.set(entry.path, await describeEntry(session, entry));
    }
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [path, item] of found) {
      const wanted = expected.get(path);
      const wantedFacts = Object.fromEntries(Object.keys(item).map((key) => [key, wanted?.[key as keyof ExpectedItem]]));
      const { modified, created } = item;
      expect(item, path).toEqual({
        ...wantedFacts,
        modified: { epochSeconds: wanted?.modified.epochSeconds, nano: wanted?.modified.nano },
        created: { epochSeconds: wanted?.created.epochSeconds, nano: wanted?.created.nano },
      });
      expect([modified.epochSeconds, created.epochSeconds].every(Number.isSafeInteger)).toBe(true);
    }
    const findings = [];
    for await (const finding of session.files.verify(session.files.homePath, { content: true })) findings.push(finding);
    expect(findings).toEqual([]);
  });

  test('what was moved or deleted is not there', async () => {
    const sessions = new Map<string, UserSession>();
    for (const { path } of absent) {
      const [, username = ''] = path.split('/');
      const session = sessions.get(username) ?? (await logInAs(username));
      sessions.set(username, session);
      expect(await session.files.find(path), path).toBeUndefined();
    }
    expect(absent.length).toBeGreaterThan(0);
  });
});
