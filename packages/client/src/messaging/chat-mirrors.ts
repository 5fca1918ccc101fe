import type { LogItem } from '@pyrgos/core/chat';
import type { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { type Item, openItem, type View } from '../files/view/index.js';
import { isGone, type OwnSpace } from '../social/own-space.js';
import { type FriendSpaces, isOfOthers } from '../social/friend-spaces.js';
import { findLog } from './chat-files.js';
import { openLog, readMessages } from './chat-log.js';
import type { OwnLog } from './reading/own-log.js';
import { MESSAGING, SHARED } from './shared-chat.js';

/** Messages, and bytes of them, that are read of one log at a time. */
const MAX_MESSAGES = 2000;
const MAX_BYTES = 2_097_152;

/** What is new in the log of somebody. */
export interface LogNews {
  /** Number of the first message in that log. */
  readonly from: number;
  readonly items: readonly LogItem[];
  /** Whether that is all. */
  readonly isEnd: boolean;
  /** What is wrong with the log behind them. */
  readonly problem: PyrgosError | undefined;
  /** All of it. */
  readonly log: OwnLog;
}

/** What came of looking at the copy of somebody: `gone` says that there is certainly none, `away` that nobody knows. */
export type MirrorLook =
  | { readonly kind: 'news'; readonly news: LogNews }
  | { readonly kind: 'unchanged'; readonly problem: PyrgosError | undefined }
  | { readonly kind: 'gone' | 'away' };

/** What was read of a log to its end. */
interface ReadLog {
  readonly tree: string;
  readonly log: string;
  readonly from: number;
  readonly problem: PyrgosError | undefined;
}

/** The copies of chats that other members let the account read. One for each session: it knows where they are, and which have not changed. */
export class ChatMirrors {
  private readonly places = new Map<string, AbsoluteCapability>();
  private readonly done = new Map<string, ReadLog>();
  /** Those that were found in this session, whether they are there now or not. */
  private readonly met = new Map<string, true>();
  /** What was read last, and perhaps not used. */
  private readonly pending = new Map<string, ReadLog>();

  constructor(
    private readonly space: OwnSpace,
    private readonly friends: FriendSpaces,
  ) {}

  /** Whether somebody is followed, and so may be read. No request. */
  async isFollowed(view: View, username: string): Promise<boolean> {
    return username !== this.space.username && (await this.friends.followed.relation(view, username)) === 'followed';
  }

  /**
   * What somebody shares of a chat; undefined when there is certainly nothing. `away`: they cannot be reached, or have given the account no way to them. Errors: `network` and
   * the like, and what is wrong with what was found.
   */
  async find(view: View, username: string, id: string): Promise<Item | 'away' | undefined> {
    const key = `${username}/${id}`;
    const known = this.places.get(key);
    if (known !== undefined) {
      try {
        return (await openItem(view, known)).requireDirectory();
      } catch (error) {
        if (!isGone(error)) throw error;
        this.places.delete(key);
      }
    }
    if ((await this.friends.followed.mount(view, username, view.hasTurn)) === undefined) return 'away';
    const found = await this.space.tree.find(view, [username, MESSAGING, id, SHARED]);
    if (found === undefined) return undefined;
    this.places.set(key, found.requireDirectory().capability);
    this.met.set(key, true);
    return found;
  }

  /** What somebody's log has from message `from` on. Nothing is read of a log that has not changed since {@link ChatMirrors.noteRead}. */
  async look(view: View, username: string, id: string, from: number): Promise<MirrorLook> {
    const key = `${username}/${id}`;
    const done = this.done.get(key);
    const place = this.places.get(key);
    if (done !== undefined && place !== undefined && done.from === from && (await treeKey(view, place)) === done.tree) {
      return { kind: 'unchanged', problem: done.problem };
    }
    const shared = await this.find(view, username, id);
    if (shared === 'away') return { kind: 'away' };
    const files = shared === undefined ? undefined : await findLog(view, shared);
    if (shared === undefined || files === undefined) return { kind: 'gone' };
    const tree = await treeKey(view, shared.capability);
    if (done?.log === files.log.cid.key && done.from === from) {
      this.done.set(key, { ...done, tree });
      return { kind: 'unchanged', problem: done.problem };
    }
    const log = await openLog(view, files);
    const items: LogItem[] = [];
    let size = 0;
    let isEnd = true;
    let problem: PyrgosError | undefined;
    try {
      for await (const item of readMessages(log, from, view.signal)) {
        items.push(item);
        size += item.bytes.length;
        isEnd = items.length < MAX_MESSAGES && size < MAX_BYTES;
        if (!isEnd) break;
      }
    } catch (error) {
      if (!isOfOthers(error) || error.code === 'network') throw error;
      problem = error;
    }
    this.pending.set(key, { tree, log: files.log.cid.key, from, problem });
    return { kind: 'news', news: { from, items, isEnd, problem, log } };
  }

  /** What {@link ChatMirrors.look} has given last was used to its end: `from` is where the next look will begin. */
  noteRead(username: string, id: string, from: number): void {
    const key = `${username}/${id}`;
    const pending = this.pending.get(key);
    if (pending !== undefined) this.done.set(key, { ...pending, from });
  }

  /** Whether the copy of somebody was found in this session, be it there now or not. */
  hasMet(username: string, id: string): boolean {
    return this.met.has(`${username}/${id}`);
  }

  /** Where the copies are that were found in this session. */
  known(): readonly { readonly id: string; readonly owner: PublicKeyHash; readonly writer: PublicKeyHash }[] {
    return [...this.places].map(([key, { owner, writer }]) => ({ id: key.slice(key.indexOf('/') + 1), owner, writer }));
  }

  /** Forgets what is known of a chat. */
  forget(id: string): void {
    for (const map of [this.places, this.done, this.pending, this.met]) {
      for (const key of map.keys()) if (key.endsWith(`/${id}`)) map.delete(key);
    }
  }
}

async function treeKey(view: View, { owner, writer }: AbsoluteCapability): Promise<string> {
  return (await view.treeOf(owner, writer))?.key ?? '';
}
