import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Chat, type ChatMessage, connect, type UserSession } from '@pyrgos/client';
import { encodeBase58, Multihash } from '@pyrgos/core/codec';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { expect } from 'vitest';
import { ForeignChatter, type ForeignMessage } from './foreign-chat.js';
import { foreignSignUp, runProgram } from './foreign-programs.js';

/** People on a server of ours who chat: ada and eve with our client, bob and dan with a foreign one. All are friends but ada and eve, whose messages travel through the others. */
export class ChatPeople {
  private readonly password = randomBytes(12).toString('hex');
  private readonly sessions = new Map<string, UserSession>();
  private readonly chatters = new Map<string, ForeignChatter>();

  private constructor(
    private readonly daemon: DaemonProcess,
    private readonly home: string,
  ) {}

  static async start(): Promise<ChatPeople> {
    const home = await mkdtemp(join(tmpdir(), 'pyrgos-chat-'));
    const people = new ChatPeople(await startDaemonProcess({ 'max-users': '20', 'default-quota': '1g' }), home);
    await people.meet();
    return people;
  }

  /** Somebody with our client. */
  ours(username: string): UserSession {
    return this.sessions.get(username) ?? raise(username);
  }

  /** Somebody with the foreign client. */
  theirs(username: string): ForeignChatter {
    return this.chatters.get(username) ?? raise(username);
  }

  /** Another session of somebody of ours, in which nothing is remembered. */
  async logIn(username: string): Promise<UserSession> {
    return (await connect(this.daemon.url)).logIn({ username, password: this.password });
  }

  /** What somebody of ours reads after a new log-in, a line each message. */
  async lines(username: string, id: string): Promise<readonly string[]> {
    const session = await this.logIn(username);
    try {
      return (await shown(await session.chats.open(id))).map(line);
    } finally {
      session.close();
    }
  }

  /** What somebody of theirs reads. */
  async foreignLines(username: string, id: string): Promise<readonly string[]> {
    return (await this.theirs(username).messages(id)).map(foreignLine);
  }

  /** Ours joins a chat to which somebody has invited, as people do: from what is listed. */
  async joinAs(username: string, id: string, inviter: string): Promise<Chat> {
    const { chats } = this.ours(username);
    const found = (await chats.invitations()).find((invitation) => invitation.id === id && invitation.inviter === inviter);
    expect(found).toMatchObject({ isKnown: false, path: `/${inviter}/.messaging/${id}/shared` });
    return chats.join({ id, inviter });
  }

  /** A file on the disk. */
  async local(name: string, bytes: string | Uint8Array): Promise<string> {
    const path = this.localPath(name);
    await writeFile(path, bytes);
    return path;
  }

  /** Where a file on the disk is, or may be put. */
  localPath(name: string): string {
    return join(this.home, name);
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) session.close();
    for (const chatter of this.chatters.values()) await chatter.close();
    await this.daemon.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  private async meet(): Promise<void> {
    const { daemon, home, password } = this;
    for (const username of ['ada', 'eve']) this.sessions.set(username, await (await connect(daemon.url)).signUp({ username, password }));
    for (const username of ['bob', 'dan']) {
      await runProgram(foreignSignUp, [daemon.url, username, password], '', home);
      this.chatters.set(username, await ForeignChatter.signIn(daemon.url, username, password, home));
    }
    for (const our of ['ada', 'eve']) {
      for (const their of ['bob', 'dan']) {
        await this.ours(our).friends.follow(their);
        await this.theirs(their).do('accept');
      }
      expect(await this.ours(our).friends.state()).toMatchObject({ friends: ['bob', 'dan'] });
    }
    await this.theirs('bob').do('follow', 'dan');
    await this.theirs('dan').do('accept');
    await this.theirs('bob').do('accept');
  }
}

/** All of a chat that ours shows, oldest first, as far as a page holds it. */
export async function shown(chat: Chat): Promise<readonly ChatMessage[]> {
  const { messages, problem } = await chat.page({ limit: 200 });
  expect(problem).toBeUndefined();
  return messages;
}

/** Takes in what the others have written; nothing of it is damaged or refused. */
export async function refresh(chat: Chat): Promise<void> {
  expect(await chat.refresh()).toMatchObject({ problems: [], refused: 0 });
}

/** The one attachment of a message. */
export async function content(username: string, chat: Chat, message: ChatMessage): Promise<Buffer> {
  const [attachment, ...more] = message.attachments;
  if (attachment === undefined || more.length > 0)
    throw new Error(`${username} sees ${message.attachments.length} attachments instead of one`);
  const { reader } = await chat.openAttachment(attachment);
  const parts: Uint8Array[] = [];
  for await (const part of reader) parts.push(new Uint8Array(part));
  return Buffer.concat(parts);
}

/** A message that ours shows, in a line. */
export function line({ author, kind, text, about, deleted, edited, replyTo, attachments }: ChatMessage): string {
  const marks = [
    ...(deleted ? ['deleted'] : []),
    ...(edited ? ['edited'] : []),
    ...(replyTo === undefined ? [] : [`to ${replyTo.author}: ${replyTo.text}`]),
    ...attachments.map(({ extension }) => `+${extension}`),
  ];
  return [author, kind === 'text' ? text : `${kind} ${about.join(',')}`.trim(), ...marks.map((mark) => `(${mark})`)].join(' ');
}

/** A message that the foreign client reads, in a line. */
export function foreignLine({ author, kind, text, files, username, key, value }: ForeignMessage): string {
  const said = { join: '', invite: username, 'remove-member': username, 'group-state': `${key}=${value}`, delete: '' };
  const what = kind in said ? `${kind} ${said[kind as keyof typeof said]}`.trim() : kind === 'application' ? text : `${kind} ${text}`;
  return [author, what, ...(files ?? []).map((path) => `(+${path.split('.').at(-1)})`)].join(' ');
}

/** The hash of some bytes, as the foreign client writes it. */
export function multihash(bytes: Uint8Array): string {
  return encodeBase58(Multihash.sha256(createHash('sha256').update(bytes).digest()).bytes);
}

function raise(username: string): never {
  throw new Error(`${username} is not signed in`);
}
