import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MessageRef } from '@pyrgos/core/chat';
import { encodeBase58 } from '@pyrgos/core/codec';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../../test/server-world.js';
import { logIn } from '../../session/index.js';
import { UserSession } from '../../user-session.js';
import type { ChatMessage } from '../chat-types.js';

const folder = goldenFolder();

/** A message as the reference client has read it. */
interface ExpectedMessage {
  readonly index: number;
  readonly author: string;
  readonly type: 'Join' | 'GroupState' | 'Invite' | 'Application' | 'ReplyTo' | 'Edit' | 'Delete';
  readonly creationTimeMillis: number;
  readonly ref: string;
  readonly key?: string;
  readonly value?: string;
  readonly username?: string;
  readonly target?: string;
  readonly targetIndex?: number;
  readonly body?: readonly {
    readonly text?: string;
    readonly ref?: { readonly path: string; readonly contentHash: string; readonly size: number; readonly sha256: string };
  }[];
}

interface ExpectedChat {
  readonly uuid: string;
  readonly title: string;
  readonly members: readonly string[];
  readonly admins: readonly string[];
  readonly messages: readonly ExpectedMessage[];
}

const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder ?? '', name), 'utf8')) as T;

/** The texts of a body. */
function textOf({ body = [] }: ExpectedMessage): string {
  return body.flatMap(({ text }) => text ?? []).join('\n');
}

describe.skipIf(folder === undefined)(`the chat of a real server (${goldenMissing})`, () => {
  let world: ServerWorld;
  let passwords: ReadonlyMap<string, string>;
  let users: Readonly<Record<string, { readonly chats: readonly ExpectedChat[] }>>;
  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    ({ users } = await read<{ users: typeof users }>('expect.json'));
    const inputs = await read<{ users: readonly { username: string; password: string }[] }>('inputs.json');
    passwords = new Map(inputs.users.map(({ username, password }) => [username, password]));
  });
  afterAll(async () => world.close());

  const logInAs = async (username: string): Promise<UserSession> =>
    new UserSession(await logIn(world.network(), { username, password: passwords.get(username) ?? '', upgradesBoxingKey: false }));

  test.each(['alice', 'bob'])('%s reads it with the right authors, order, answers, edits, deletions and files', async (username) => {
    const session = await logInAs(username);
    const { chats, damaged } = await session.chats.list();
    const expected = users[username]?.chats ?? [];
    expect(expected).toHaveLength(1);
    expect([chats.map(({ id }) => id), damaged]).toEqual([expected.map(({ uuid }) => uuid), []]);
    for (const { uuid, title, members, admins, messages } of expected) {
      expect(chats[0]).toMatchObject({ title, members, pending: [], admins, isAdmin: username === 'alice', messageCount: messages.length });
      const chat = await session.chats.open(uuid);
      const page = await chat.page();
      expect(page).toMatchObject({ total: messages.length, before: undefined, after: undefined, problem: undefined });
      const byIndex = new Map(page.messages.map((message) => [message.index, message]));
      const byRef = new Map(messages.map((message) => [message.ref, message]));
      expect([...byIndex.keys()]).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13]);
      for (const wanted of messages) {
        const message = byIndex.get(wanted.index);
        if (message === undefined) {
          expect(['Edit', 'Delete', 'GroupState']).toContain(wanted.type);
          continue;
        }
        expect(message).toMatchObject({
          ref: wanted.ref,
          author: wanted.author,
          isOwn: wanted.author === username,
          time: new Date(wanted.creationTimeMillis),
        });
        const changes = messages.filter(({ target, author }) => target === wanted.ref && author === wanted.author);
        const edit = changes.findLast(({ type }) => type === 'Edit');
        const deleted = changes.some(({ type }) => type === 'Delete');
        expect([message.edited, message.deleted]).toEqual([edit !== undefined && !deleted, deleted]);
        switch (wanted.type) {
          case 'Join':
            expect(message.kind).toBe('joined');
            break;
          case 'Invite':
            expect(message).toMatchObject({ kind: 'invited', about: [wanted.username] });
            break;
          case 'GroupState':
            expect(message).toMatchObject({ kind: wanted.key, about: [wanted.value] });
            break;
          default:
            expect(message).toMatchObject({ kind: 'text', text: deleted ? '' : textOf(edit ?? wanted) });
        }
        const parent = wanted.type === 'ReplyTo' ? byRef.get(wanted.target ?? '') : undefined;
        expect(message.replyTo).toEqual(
          parent && {
            ref: parent.ref,
            index: wanted.targetIndex,
            author: parent.author,
            text: textOf(parent),
            deleted: false,
            hasAttachments: false,
          },
        );
        await expectFiles(session, uuid, message, wanted);
      }
      expect(messages.filter(({ type }) => type === 'Edit' || type === 'Delete' || type === 'ReplyTo')).toHaveLength(3);
      const newest = messages.at(-1);
      expect((await chat.media()).items.map(({ message }) => message.ref)).toEqual([newest?.ref]);
      const found: string[] = [];
      for await (const { ref } of chat.search('EDITED')) found.push(ref);
      expect(found).toEqual(messages.filter(({ index }) => index === 5).map(({ ref }) => ref));
      expect(MessageRef.parse(newest?.ref ?? '').toString()).toBe(newest?.ref);
    }
  });

  test.each(['carol', 'dave'])('%s has none', async (username) => {
    expect((await (await logInAs(username)).chats.list()).chats).toEqual([]);
  });

  async function expectFiles(session: UserSession, id: string, message: ChatMessage, { body = [] }: ExpectedMessage): Promise<void> {
    const refs = body.flatMap(({ ref }) => ref ?? []);
    expect(message.attachments.map(({ path, hash }) => [path, encodeBase58(hash.bytes)])).toEqual(
      message.deleted ? [] : refs.map(({ path, contentHash }) => [path, contentHash]),
    );
    const chat = await session.chats.open(id);
    for (const [i, attachment] of message.attachments.entries()) {
      const { reader, mimeType } = await chat.openAttachment(attachment);
      const bytes = await reader.read();
      expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([refs[i]?.size, refs[i]?.sha256]);
      // As the client says that has uploaded it.
      expect(mimeType).toMatch(/^image\/jpe?g$/u);
    }
  }
});
