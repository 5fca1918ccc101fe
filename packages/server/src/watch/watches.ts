import type { WatchAnswer, WatchRequest } from '@pyrgos/core/api';
import { equalBytes } from '@pyrgos/core/bytes';
import { encodeCbor } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_WATCH_SECONDS } from '@pyrgos/core/limits';
import { BoundedMap } from '../blocks/bounded-map.js';
import {
  KNOWN_WATCHED_POINTERS,
  MAX_WATCHED_POINTERS_IN_ALL,
  MAX_WATCHES,
  MAX_WATCHES_PER_ADDRESS,
  WATCH_PAUSE_SECONDS,
} from '../limits.js';
import type { WatchCaller, WatchService } from '../services.js';
import type { FollowRequestTable } from '../social/follow-request-table.js';
import type { PointerTable } from '../space/pointer-table.js';
import type { CommitBell } from './commit-bell.js';

/** What {@link Watches} need. */
export interface WatchesOptions {
  readonly crypto: Pick<CryptoProvider, 'sha256'>;
  readonly bell: CommitBell;
  readonly pointers: {
    readonly table: Pick<PointerTable, 'get' | 'onChange'>;
    /** The user of this server to whom a writer belongs. */
    userOf(writer: PublicKeyHash): string | undefined;
    /** Whether the pointers of a user are closed. */
    isBanned(username: string): Promise<boolean>;
  };
  readonly inboxes: {
    readonly table: Pick<FollowRequestTable, 'list' | 'onChange'>;
    /** The user whose follow requests may be read so; throws for anybody else. */
    assertReader(owner: PublicKeyHash, auth: Uint8Array): Promise<string>;
  };
  /** Requests that may wait at a time; default MAX_WATCHES. */
  readonly most?: number;
  /** Pointers that all of them may name; default MAX_WATCHED_POINTERS_IN_ALL. */
  readonly mostPointers?: number;
  /** Milliseconds, monotonic. */
  readonly monotonic?: () => number;
  /** Calls `look` about once a second until the function that comes out is called; default a timer. */
  readonly everySecond?: (look: () => void) => () => void;
}

/** A pointer that somebody waits for. */
interface Waited {
  readonly index: number;
  readonly writer: PublicKeyHash;
  readonly mark: Uint8Array | undefined;
}

/** Somebody who waits. */
interface Watch {
  readonly group: string;
  readonly pointers: ReadonlyMap<string, Waited>;
  readonly inbox: { readonly username: string; readonly mark: Uint8Array | undefined } | undefined;
  readonly elsewhere: readonly number[];
  /** Pointers that the request has named, wherever they are. */
  readonly named: number;
  /** Keys of the bell that have rung since the last look. */
  readonly rung: Set<string>;
  readonly deadline: number;
  /** Ends the waiting. */
  readonly end: (answer: Partial<WatchAnswer>) => void;
}

/** What is known of a pointer until it changes. */
interface Known {
  readonly username: string;
  /** The SHA-256 of what is stored. */
  readonly mark: Uint8Array;
}

const NOTHING = new Uint8Array();

/**
 * Who waits for changes (chapter 02 section 24; ours). A request that waits holds its connection, its marks and one entry in the bell for each pointer; what it
 * waits for is looked at when it comes and when the bell rings, never in between, in the database only if it has changed since the last time, and one timer ends all of them. Where there is no room for one more, it is
 * told so, unless somebody else's address has more than its own: then the oldest of those is.
 */
export class Watches implements WatchService {
  private readonly waiting = new Set<Watch>();
  /** By address, oldest first; addresses that nobody tells are one. */
  private readonly groups = new Map<string, Set<Watch>>();
  private readonly known = new BoundedMap<Known>(KNOWN_WATCHED_POINTERS);
  private readonly now: () => number;
  private readonly everySecond: (look: () => void) => () => void;
  private stopTimer: (() => void) | undefined;
  private pointerCount = 0;
  private isClosed = false;

  constructor(private readonly options: WatchesOptions) {
    this.now = options.monotonic ?? (() => performance.now());
    this.everySecond = options.everySecond ?? everySecond;
    const { bell, pointers, inboxes } = options;
    pointers.table.onChange = (writer) => {
      const key = pointerKey(writer);
      this.known.delete(key);
      bell.ring(key);
    };
    inboxes.table.onChange = (username) => bell.ring(inboxKey(username));
  }

  /** Requests that wait. */
  get size(): number {
    return this.waiting.size;
  }

  async watch(request: WatchRequest, { client, signal }: WatchCaller): Promise<WatchAnswer> {
    const { pointers, inboxes } = this.options;
    const { requests, seconds = MAX_WATCH_SECONDS } = request;
    const username = requests === undefined ? undefined : await inboxes.assertReader(requests.owner, requests.auth);
    const here = new Map<string, Waited>();
    const elsewhere: number[] = [];
    const banned = new Map<string, boolean>();
    for (const [index, { writer, mark }] of request.pointers.entries()) {
      const key = pointerKey(writer);
      const name = this.look(key, writer)?.username;
      if (name !== undefined && !banned.has(name)) banned.set(name, await pointers.isBanned(name));
      if (name !== undefined && banned.get(name) === false) here.set(key, { index, writer, mark: mark?.slice() });
      else elsewhere.push(index);
    }
    const inbox = username === undefined ? undefined : { username, mark: requests?.mark };
    // From here to the entry in the bell nothing else has its turn, so nothing can change unnoticed.
    const rung = new Set([...here.keys(), ...(inbox === undefined ? [] : [inboxKey(inbox.username)])]);
    const found = this.compare({ pointers: here, inbox, rung });
    const answer: WatchAnswer = { pointers: [], elsewhere, ...found };
    if (found !== undefined || this.isClosed || signal.aborted) return answer;
    const named = request.pointers.length;
    if (!this.makeRoom(client, named)) return { ...answer, pauseSeconds: WATCH_PAUSE_SECONDS };
    rung.clear();
    return this.wait({ group: client ?? '', pointers: here, inbox, elsewhere, named, rung, deadline: this.now() + seconds * 1000 }, signal);
  }

  close(): void {
    this.isClosed = true;
    for (const watch of Array.from(this.waiting)) watch.end({});
  }

  private async wait(parts: Omit<Watch, 'end'>, signal: AbortSignal): Promise<WatchAnswer> {
    const { bell } = this.options;
    const keys = [...parts.pointers.keys(), ...(parts.inbox === undefined ? [] : [inboxKey(parts.inbox.username)])];
    return new Promise<WatchAnswer>((resolve) => {
      const look = (): void => {
        if (!this.waiting.has(watch)) return;
        const found = this.compare(watch);
        watch.rung.clear();
        if (found !== undefined) watch.end(found);
      };
      const stopListening = bell.listen(keys, (key) => {
        // What one commit changes is told together.
        if (watch.rung.size === 0) queueMicrotask(look);
        watch.rung.add(key);
      });
      const onGone = (): void => watch.end({});
      const watch: Watch = {
        ...parts,
        end: (answer) => {
          if (!this.waiting.delete(watch)) return;
          stopListening();
          signal.removeEventListener('abort', onGone);
          this.leave(watch);
          resolve({ pointers: [], elsewhere: watch.elsewhere, ...answer });
        },
      };
      signal.addEventListener('abort', onGone);
      this.enter(watch);
    });
  }

  /** What of all that has rung is not as the marks say; undefined for nothing. */
  private compare({ pointers, inbox, rung }: Pick<Watch, 'pointers' | 'inbox' | 'rung'>): Partial<WatchAnswer> | undefined {
    const changed: { readonly index: number; readonly signed: Uint8Array }[] = [];
    for (const key of rung) {
      const waited = pointers.get(key);
      if (waited === undefined) continue;
      const known = this.look(key, waited.writer);
      if (known !== undefined && waited.mark !== undefined && equalBytes(waited.mark, known.mark)) continue;
      changed.push({ index: waited.index, signed: this.options.pointers.table.get(waited.writer) ?? NOTHING });
    }
    const requests = inbox !== undefined && rung.has(inboxKey(inbox.username)) ? this.newInbox(inbox) : undefined;
    if (changed.length === 0 && requests === undefined) return undefined;
    return { pointers: changed.sort((one, other) => one.index - other.index), ...(requests === undefined ? {} : { requests }) };
  }

  private newInbox({ username, mark }: NonNullable<Watch['inbox']>): Uint8Array | undefined {
    const now = this.options.crypto.sha256(encodeCbor(this.options.inboxes.table.list(username)));
    return mark !== undefined && equalBytes(mark, now) ? undefined : now;
  }

  /** What is known of a pointer; undefined for one of another server. */
  private look(key: string, writer: PublicKeyHash): Known | undefined {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { crypto, pointers } = this.options;
    const username = pointers.userOf(writer);
    if (username === undefined) return undefined;
    const found = { username, mark: crypto.sha256(pointers.table.get(writer) ?? NOTHING) };
    this.known.set(key, found);
    return found;
  }

  /** Whether one more may wait that names so many pointers. */
  private makeRoom(client: string | undefined, pointers: number): boolean {
    const { most = MAX_WATCHES, mostPointers = MAX_WATCHED_POINTERS_IN_ALL } = this.options;
    const own = this.groups.get(client ?? '')?.size ?? 0;
    // Of those whose address nobody tells there may be many.
    if (client !== undefined && own >= MAX_WATCHES_PER_ADDRESS) return false;
    const isRoom = (): boolean => this.waiting.size < most && this.pointerCount + pointers <= mostPointers;
    while (!isRoom()) {
      let largest: ReadonlySet<Watch> = new Set();
      for (const group of this.groups.values()) if (group.size > largest.size) largest = group;
      const [oldest] = largest;
      // It would only be its turn to be in the way.
      if (oldest === undefined || largest.size <= own + 1) return false;
      oldest.end({ pauseSeconds: WATCH_PAUSE_SECONDS });
    }
    return true;
  }

  private enter(watch: Watch): void {
    this.waiting.add(watch);
    this.pointerCount += watch.named;
    const group = this.groups.get(watch.group);
    if (group === undefined) this.groups.set(watch.group, new Set([watch]));
    else group.add(watch);
    this.stopTimer ??= this.everySecond(() => this.sweep());
  }

  private leave(watch: Watch): void {
    this.pointerCount -= watch.named;
    const group = this.groups.get(watch.group);
    group?.delete(watch);
    if (group?.size === 0) this.groups.delete(watch.group);
    if (this.waiting.size > 0) return;
    this.stopTimer?.();
    this.stopTimer = undefined;
  }

  private sweep(): void {
    const now = this.now();
    for (const watch of Array.from(this.waiting)) if (watch.deadline <= now) watch.end({});
  }
}

function pointerKey(writer: PublicKeyHash): string {
  return `p${writer.key}`;
}

function inboxKey(username: string): string {
  return `r${username}`;
}

function everySecond(look: () => void): () => void {
  const timer = setInterval(look, 1000);
  timer.unref();
  return () => clearInterval(timer);
}
