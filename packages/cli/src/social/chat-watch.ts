import { AbortedError, type ChatMessage, type ChatRefresh, type ChatSummary, NetworkError } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import type { FilesContext } from '../files/files-context.js';
import { printableMessage, printableName } from '../terminal.js';
import { chatIdOf, shortNumbers } from './chat-name.js';
import { messageJson, refreshProblems } from './chat-json.js';
import { LiveNews } from './live-news.js';
import { messagesFrom } from './chat-messages.js';
import { chatTitle, cut, messageLines } from './chat-text.js';
import { noteProblems } from './chats.js';

/** Seconds after which it is looked whatever is told, and after the server was away. */
const LONGEST_PAUSE = 60;
const PAUSE_AFTER_FAILURE = 10;

export interface WatchOptions {
  /** Seconds after which it is looked although nothing is told. */
  readonly every?: number;
  /** What is printed counts as read. */
  readonly markRead?: true;
}

/**
 * Prints what is written, edited and deleted in chats from now on, in all of them or in those that are named, until the signal fires: that is the end that is wanted. A server that is away is waited for.
 * Errors of the client.
 */
export async function watchChats(context: FilesContext, names: readonly string[], options: WatchOptions): Promise<void> {
  const { signal } = context;
  try {
    const ids = await Promise.all(names.map(async (name) => chatIdOf(context, name)));
    await new ChatWatch(context, ids.length === 0 ? undefined : new Set(ids), options).run();
  } catch (error) {
    if (!signal.aborted || !(error instanceof AbortedError)) throw error;
  }
}

class ChatWatch {
  /** Messages of each chat that are known, and up to where edits and deletions of others are. */
  private readonly seen = new Map<string, number>();
  private readonly changed = new Map<string, number>();
  private readonly invitations = new Set<string>();
  private readonly damaged = new Set<string>();
  /** Whose messages wait, and for what, as far as it was told. */
  private waiting: ReadonlySet<string> = new Set();
  private isAway = false;
  private readonly signal: AbortSignal;

  constructor(
    private readonly context: FilesContext,
    private readonly wanted: ReadonlySet<string> | undefined,
    private readonly options: WatchOptions,
  ) {
    // The shell has another one for each command.
    this.signal = context.signal;
  }

  async run(): Promise<void> {
    const { output } = this.context;
    await this.refresh();
    await this.look(false);
    const chats = [...this.seen.keys()];
    if (output.isJson) output.result('', { event: 'watching', chats });
    else output.note(`Watching ${chats.length === 1 ? 'one chat' : `${chats.length} chats`}; Ctrl-C ends.`);
    const live = new LiveNews(this.context, this.signal);
    try {
      for (;;) {
        const longest = this.options.every ?? LONGEST_PAUSE;
        await live.next(this.isAway ? Math.min(longest, PAUSE_AFTER_FAILURE) : longest);
        await this.again();
      }
    } finally {
      live.close();
    }
  }

  private async again(): Promise<void> {
    const { output } = this.context;
    try {
      await this.refresh();
      await this.look(true);
      if (this.isAway) output.note('The server is there again.');
      this.isAway = false;
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      if (!this.isAway) output.note(`${printableMessage(error.message)} Watching goes on when it is there again.`);
      this.isAway = true;
    }
  }

  private async refresh(): Promise<void> {
    const { session } = this.context;
    if (this.wanted === undefined) {
      this.tellWaiting(await session.chats.refresh({ signal: this.signal }));
      return;
    }
    const refreshed: ChatRefresh[] = [];
    for (const id of this.wanted)
      refreshed.push(await (await session.chats.open(id, { signal: this.signal })).refresh({ signal: this.signal }));
    this.tellWaiting(refreshed);
  }

  /** Tells once whose messages wait for room: nothing else would say that they are there. */
  private tellWaiting(refreshed: readonly ChatRefresh[]): void {
    const waiting = refreshed
      .map((one) => ({ ...one, problems: one.problems.filter(({ error }) => ['quota', 'rate'].includes(error.code)) }))
      .filter(({ problems }) => problems.length > 0);
    const keys = new Set(waiting.flatMap(({ problems }) => problems.map(({ error, username }) => `${error.code} ${username}`)));
    const { output } = this.context;
    if ([...keys].some((key) => !this.waiting.has(key))) {
      if (output.isJson) for (const problem of waiting.flatMap(refreshProblems)) output.result('', { event: 'waiting', ...problem });
      noteProblems(this.context, waiting);
    }
    this.waiting = keys;
  }

  /** Prints what has come since the last look, unless it `tells` nothing. */
  private async look(tells: boolean): Promise<void> {
    const { output, session } = this.context;
    const { chats, damaged, invitations } = await session.chats.list({ signal: this.signal });
    for (const summary of chats) {
      const { app, id, messageCount } = summary;
      if (this.wanted === undefined ? app !== undefined : !this.wanted.has(id)) continue;
      const before = this.seen.get(id);
      if (before !== undefined && messageCount > before && tells) {
        await this.print(summary, before);
      }
      // Another device may have written while these were printed.
      this.seen.set(id, Math.max(messageCount, this.seen.get(id) ?? 0));
      this.changed.set(id, messageCount);
    }
    for (const { app, id, inviter, title } of this.wanted === undefined ? invitations : []) {
      const key = `${id} ${inviter}`;
      if (app !== undefined || this.invitations.has(key)) continue;
      this.invitations.add(key);
      if (!tells) continue;
      const what = title === '' ? 'a chat' : `'${cut(printableName(title))}'`;
      const number = shortNumbers([{ id }]).get(id) ?? id;
      output.result(`'${printableName(inviter)}' invites you to ${what}: ${commandName} chat join ${number}`, {
        event: 'invitation',
        id,
        inviter,
        title,
      });
    }
    for (const { error, id } of damaged) {
      if (!this.damaged.has(id) && (this.wanted?.has(id) ?? true)) output.problem(id, error);
      this.damaged.add(id);
    }
  }

  private async print(summary: ChatSummary, first: number): Promise<void> {
    const { session } = this.context;
    const chat = await session.chats.open(summary.id, { signal: this.signal });
    for await (const message of chat.changedSince(this.changed.get(summary.id) ?? first, { signal: this.signal })) {
      // What was never printed is, as it is now, below.
      if (message.index < first) this.tell(summary, message, message.deleted ? 'deleted' : 'edited');
    }
    // Should the connection be lost here, these are not printed once more.
    this.changed.set(summary.id, summary.messageCount);
    for await (const message of messagesFrom(chat, first, this.signal)) {
      this.tell(summary, message, 'message');
      // Should the connection be lost here, the next look goes on behind it.
      this.seen.set(summary.id, message.index + 1);
    }
    if (this.options.markRead === true) await chat.markSeen(undefined, { signal: this.signal });
  }

  private tell(summary: ChatSummary, message: ChatMessage, event: 'message' | 'edited' | 'deleted'): void {
    const { output, session } = this.context;
    const title = this.wanted?.size === 1 ? '' : `${chatTitle(summary, session.username, { isShort: true })}  `;
    const { id, title: shown } = summary;
    output.result(`${title}${messageLines(message).join('\n')}`, {
      event,
      chat: { id, title: shown },
      message: messageJson(message),
    });
  }
}
