import type { LogItem } from '@pyrgos/core/chat';
import type { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_CHAT_LOOK_SIZE } from '@pyrgos/core/limits';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { type Item, openItem, type View } from '../files/view/index.js';
import { isGone, type OwnSpace } from '../social/own-space.js';
import { type FriendSpaces, isOfOthers } from '../social/friend-spaces.js';
import { findLog } from './chat-files.js';
import { openLog, readMessages } from './chat-log.js';
import type { LogPlace } from './reading/log-anchors.js';
import type { OwnLog } from './reading/own-log.js';
import { MESSAGING, SHARED } from './shared-chat.js';

/** Messages, and bytes of them, that are read of one log at a time. */
const MAX_MESSAGES = 2000;
const MAX_BYTES = 2_097_152;

/** Looks at which a copy was not there before that is noted in the account, and the milliseconds that they take at least; so many lie between looks at one that is noted. */
const MISSING_LOOKS = 3;
const MISSING_TIME = 600_000;

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
  /** Where it was read from and to: looks that come after it go on there, without an index as well. */
  readonly places: readonly LogPlace[];
}

/** The copies of chats that other members let the account read. One for each session: it knows where they are, and which have not changed. */
export class ChatMirrors {
  private readonly places = new Map<string, AbsoluteCapability>();
  private readonly done = new Map<string, ReadLog>();
  /** Those that were found in this session, whether they are there now or not. */
  private readonly met = new Map<string, true>();
  /** Those that were not there at the last look, and how often and since when that is so. */
  private readonly missing = new Map<string, { readonly since: number; readonly looks: number; readonly last: number }>();
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

  /** All whose copies can be looked for. */
  async followed(view: View): Promise<ReadonlySet<string>> {
    return new Set(await this.friends.followed.names(view));
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
    const known = this.places.get(key);
    if (done !== undefined && known !== undefined && done.from === from && (await treeKey(view, known)) === done.tree) {
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
    const before = this.pending.get(key)?.places.filter(({ message }) => message <= from) ?? [];
    const place = before.at(-1);
    const log = await openLog(view, files, { place, most: MAX_CHAT_LOOK_SIZE });
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
    const found = [place ?? (await log.placeOf(from, view.signal)), await log.placeOf(from + items.length, view.signal)];
    const read = { from, problem: problem ?? log.problem, places: found.filter((one) => one !== undefined) };
    // Of a log that is looked through in parts nothing says that there is no more.
    this.pending.set(key, log.isCut ? { ...read, tree: '', log: '' } : { ...read, tree, log: files.log.cid.key });
    if (log.isCut && items.length === 0) return { kind: 'unchanged', problem };
    return { kind: 'news', news: { from, items, isEnd, problem, log } };
  }

  /** What {@link ChatMirrors.look} has given last was used to its end: `from` is where the next look will begin. */
  noteRead(username: string, id: string, from: number): void {
    const key = `${username}/${id}`;
    const pending = this.pending.get(key);
    if (pending !== undefined) this.done.set(key, { ...pending, from });
  }

  /** Has a log read anew with the next look, although it may not have changed. */
  forgetRead(username: string, id: string): void {
    this.done.delete(`${username}/${id}`);
  }

  /** Whether the copy of somebody was found in this session, be it there now or not. */
  hasMet(username: string, id: string): boolean {
    return this.met.has(`${username}/${id}`);
  }

  /** Notes that a copy that ought to be there was not. True once that is so for some minutes, and at several looks. */
  noteMissing(username: string, id: string): boolean {
    const key = `${username}/${id}`;
    const last = this.space.account.clock.now();
    const { since = last, looks = 0 } = this.missing.get(key) ?? {};
    this.missing.set(key, { since, looks: looks + 1, last });
    return looks + 1 >= MISSING_LOOKS && last - since >= MISSING_TIME;
  }

  /** Notes that a copy is there. */
  noteThere(username: string, id: string): void {
    this.missing.delete(`${username}/${id}`);
  }

  /** Whose copies of a chat were not there at the last look. */
  missingOf(id: string): ReadonlySet<string> {
    const names = [...this.missing.keys()].filter((key) => key.endsWith(`/${id}`));
    return new Set(names.map((key) => key.slice(0, key.indexOf('/'))));
  }

  /** Whether it is time to look once more at a copy that was not there for long. */
  isDue(username: string, id: string): boolean {
    const last = this.missing.get(`${username}/${id}`)?.last;
    return last === undefined || this.space.account.clock.now() - last >= MISSING_TIME;
  }

  /** Where the copies are that were found in this session. */
  known(): readonly { readonly id: string; readonly owner: PublicKeyHash; readonly writer: PublicKeyHash }[] {
    return [...this.places].map(([key, { owner, writer }]) => ({ id: key.slice(key.indexOf('/') + 1), owner, writer }));
  }

  /** Forgets what is known of a chat. */
  forget(id: string): void {
    this.keep((_, known) => known !== id);
  }

  /** Forgets all copies but some: how many others share there is for them to say. */
  keep(isKept: (username: string, id: string) => boolean): void {
    for (const map of [this.places, this.done, this.pending, this.met, this.missing]) {
      for (const key of map.keys()) {
        const [username = '', id = ''] = key.split('/');
        if (!isKept(username, id)) map.delete(key);
      }
    }
  }
}

async function treeKey(view: View, { owner, writer }: AbsoluteCapability): Promise<string> {
  return (await view.treeOf(owner, writer))?.key ?? '';
}
