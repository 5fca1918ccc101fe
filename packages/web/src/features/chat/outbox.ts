import { useSyncExternalStore } from 'react';
import type { ChatLine, ChatQuoteOf, OutgoingMessage, WaitingMessage } from '../../engine/chat-calls.js';
import { onLeave } from '../../app/leaving.js';
import { connectionNow, onConnectionBack } from '../../engine/connection-store.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { MAX_ALL_KEPT_BYTES, MAX_KEPT_BYTES } from '../../engine/waiting-limits.js';
import { randomId } from '../../streams/random-id.js';

/** A message on its way out of this page. */
export interface Outgoing {
  /** A random name. */
  readonly key: string;
  /** The chat. */
  readonly id: string;
  readonly text: string;
  readonly files: readonly File[];
  /** What it answers to; only the ref counts when it is sent. */
  readonly quote: ChatQuoteOf | undefined;
  /** Milliseconds since 1970. */
  readonly written: number;
  /** `waiting`: for its turn, or for the connection. `failed`: it goes on only when somebody says so. */
  readonly state: 'waiting' | 'sending' | 'failed';
  /** 0 to 1; undefined while nobody knows. */
  readonly progress: number | undefined;
  readonly error: unknown;
}

/** What sends and keeps messages. */
export interface OutboxCalls {
  send(message: OutgoingMessage, watch: { signal: AbortSignal; onProgress: (fraction: number) => void }): Promise<ChatLine>;
  /** A message is going to be tried for the first time; gives the time that it has from now on, which no other one has, and whether it is kept. */
  begin(key: string): Promise<{ readonly triedAt: number; readonly isKept: boolean }>;
  /** Keeps a message for the time when this page is gone; says whether it does. */
  keep(message: WaitingMessage): Promise<boolean>;
  forget(key: string): Promise<unknown>;
  /** What was kept. */
  waiting(): Promise<readonly WaitingMessage[]>;
  isConnected(): boolean;
}

interface Entry {
  readonly shown: Outgoing;
  /** When it was tried first; it may have been sent since, by an attempt whose end nobody knows. */
  readonly triedAt: number | undefined;
  readonly stop: AbortController | undefined;
  /** Settles when the message is kept, or is not. */
  readonly kept: Promise<unknown>;
  /** Whether its files are little enough to be kept. */
  readonly isKeepable: boolean;
  readonly isKept: boolean;
}

/** Milliseconds until a message that found no connection is tried again; twice as many after each attempt, up to the most. */
const FIRST_PAUSE = 4000;
const MAX_PAUSE = 60_000;

/**
 * Messages that are to be sent: of each chat one after the other, in the order in which they were written. What finds no connection waits for it. A message whose
 * sending broke off may have arrived: the next attempt looks for it first.
 */
export class Outbox {
  private entries: readonly Entry[] = [];
  private byChat: ReadonlyMap<string, readonly Outgoing[]> = new Map();
  private readonly drafts = new Map<string, string>();
  private username: string | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly sentListeners = new Set<(id: string, line: ChatLine) => void>();
  private pause = FIRST_PAUSE;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly calls: OutboxCalls) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** Has `listener` called with each message that was sent. */
  onSent(listener: (id: string, line: ChatLine) => void): () => void {
    this.sentListeners.add(listener);
    return () => {
      this.sentListeners.delete(listener);
    };
  }

  /** What is on its way in a chat, oldest first. The same list as long as nothing changes. */
  of(id: string): readonly Outgoing[] {
    return this.byChat.get(id) ?? NONE;
  }

  /** Whether something would be lost by logging out. */
  get isBusy(): boolean {
    return this.entries.length > 0;
  }

  /** Whether something would be lost by closing the page. */
  get isUnkept(): boolean {
    return this.entries.some(({ isKept }) => !isKept);
  }

  /** The text that somebody has begun to write in a chat. */
  draftOf(id: string): string {
    return this.drafts.get(id) ?? '';
  }

  /** Remembers a text that somebody has begun, until it is sent or the page is left. */
  noteDraft(id: string, text: string): void {
    if (text === '') this.drafts.delete(id);
    else this.drafts.set(id, text);
  }

  /** The account that writes from now on; what this device has kept of it goes on. */
  enter(username: string): void {
    if (username === this.username) return;
    this.leave();
    this.username = username;
    void this.restore(username);
  }

  /** Nobody is logged in any more. */
  leave(): void {
    this.username = undefined;
    for (const { stop } of this.entries) stop?.abort();
    clearTimeout(this.timer);
    this.pause = FIRST_PAUSE;
    this.drafts.clear();
    this.set([]);
  }

  /** Sends a message, as soon as it can be. */
  add({ id, text, files, quote }: Pick<Outgoing, 'id' | 'text' | 'files' | 'quote'>): void {
    const written = Date.now();
    const shown: Outgoing = { key: randomId(), id, text, files, quote, written, state: 'waiting', progress: undefined, error: undefined };
    // What is too much for the memory of a page is never read for it.
    const isKeepable = bytesOf(files) <= MAX_KEPT_BYTES && this.bytesToKeep + bytesOf(files) <= MAX_ALL_KEPT_BYTES;
    const kept = isKeepable ? this.keep(shown) : Promise.resolve();
    this.set([...this.entries, { shown, triedAt: undefined, stop: undefined, kept, isKeepable, isKept: false }]);
    this.run();
  }

  /** Tries a message again that has failed. */
  retry(key: string): void {
    this.change(key, { state: 'waiting', error: undefined });
    this.run();
  }

  /** Does not send a message after all. One that is being sent may be there already. */
  discard(key: string): void {
    const entry = this.entries.find(({ shown }) => shown.key === key);
    entry?.stop?.abort();
    this.remove(key);
    this.run();
  }

  /** Tries at once what waits: the server can be reached again. */
  readonly comeBack = (): void => {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pause = FIRST_PAUSE;
    this.run();
  };

  private get bytesToKeep(): number {
    return this.entries.reduce((sum, { isKeepable, shown }) => sum + (isKeepable ? bytesOf(shown.files) : 0), 0);
  }

  private async restore(username: string): Promise<void> {
    const kept = await this.calls.waiting().catch(() => []);
    if (this.username !== username) return;
    const known = new Set(this.entries.map(({ shown }) => shown.key));
    const restored = kept
      .filter(({ key }) => !known.has(key))
      .map(({ key, id, text, files, replyTo, written, triedAt }): Entry => {
        const quote = replyTo === undefined ? undefined : { ...NO_QUOTE, ref: replyTo };
        const own = files.map(({ name, mimeType, bytes }) => new File([bytes], name, { type: mimeType }));
        const shown: Outgoing = { key, id, text, files: own, quote, written, state: 'waiting', progress: undefined, error: undefined };
        return { shown, triedAt, stop: undefined, kept: Promise.resolve(), isKeepable: true, isKept: true };
      });
    if (restored.length === 0) return;
    this.set([...restored, ...this.entries].toSorted((a, b) => a.shown.written - b.shown.written));
    this.run();
  }

  private async keep({ key, id, text, files, quote, written }: Outgoing): Promise<void> {
    try {
      const contents = await Promise.all(
        files.map(async (file) => ({ name: file.name, mimeType: file.type, bytes: new Uint8Array(await file.arrayBuffer()) })),
      );
      const isKept = await this.calls.keep({ key, id, text, files: contents, replyTo: quote?.ref, written, triedAt: undefined });
      if (isKept) this.replace(key, (entry) => ({ ...entry, isKept }));
    } catch {
      // It waits in this page only; a file that cannot be read says so when it is sent.
    }
  }

  /** Begins with the first message of each chat that waits, unless another one of the chat is under way. */
  private run(): void {
    if (!this.calls.isConnected()) return;
    const busy = new Set(this.entries.filter(({ shown }) => shown.state === 'sending').map(({ shown }) => shown.id));
    for (const { shown } of this.entries) {
      if (shown.state !== 'waiting' || busy.has(shown.id)) continue;
      busy.add(shown.id);
      void this.send(shown.key);
    }
  }

  private async send(key: string): Promise<void> {
    const entry = this.entries.find(({ shown }) => shown.key === key);
    if (entry === undefined) return;
    const { id, text, files, quote } = entry.shown;
    const stop = new AbortController();
    this.replace(key, (before) => ({ ...before, stop, shown: { ...before.shown, state: 'sending', progress: undefined } }));
    try {
      const triedAt = entry.triedAt ?? (await this.begin(entry));
      if (stop.signal.aborted) return;
      const line = await this.calls.send(
        { id, text, files, replyTo: quote?.ref, triedAt, isTried: entry.triedAt !== undefined },
        {
          signal: stop.signal,
          onProgress: (progress) => {
            this.change(key, { progress });
          },
        },
      );
      // Discarded, or somebody else is here.
      if (stop.signal.aborted) return;
      this.pause = FIRST_PAUSE;
      for (const listener of this.sentListeners) listener(id, line);
      this.remove(key);
    } catch (error) {
      if (stop.signal.aborted) return;
      if (isForLater(error)) {
        this.change(key, { state: 'waiting', progress: undefined, error });
        this.runLater();
        return;
      }
      this.change(key, { state: 'failed', progress: undefined, error });
    }
    this.run();
  }

  /** Whoever finds the message later knows that it was tried: noted before it is. */
  private async begin({ shown: { key }, kept }: Entry): Promise<number> {
    // Afterwards it could be kept as one that never was.
    await kept;
    const { triedAt, isKept } = await this.calls.begin(key);
    this.replace(key, (entry) => ({ ...entry, triedAt, isKept }));
    return triedAt;
  }

  private runLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.run();
    }, this.pause);
    this.pause = Math.min(this.pause * 2, MAX_PAUSE);
  }

  private remove(key: string): void {
    const entry = this.entries.find(({ shown }) => shown.key === key);
    this.set(this.entries.filter((other) => other !== entry));
    // Not before it was kept.
    void entry?.kept.then(async () => this.calls.forget(key)).catch(() => undefined);
  }

  private change(key: string, changes: Partial<Outgoing>): void {
    this.replace(key, (entry) => ({ ...entry, shown: { ...entry.shown, ...changes } }));
  }

  private replace(key: string, work: (entry: Entry) => Entry): void {
    this.set(this.entries.map((entry) => (entry.shown.key === key ? work(entry) : entry)));
  }

  private set(entries: readonly Entry[]): void {
    this.entries = entries;
    const byChat = new Map<string, Outgoing[]>();
    for (const { shown } of entries) byChat.set(shown.id, [...(byChat.get(shown.id) ?? []), shown]);
    // A list stays the same one as long as nothing in it changes.
    this.byChat = new Map(
      [...byChat].map(([id, own]) => {
        const before = this.of(id);
        return [id, own.length === before.length && own.every((one, i) => one === before[i]) ? before : own];
      }),
    );
    for (const listener of this.listeners) listener();
  }
}

const NONE: readonly Outgoing[] = [];
/** Of a message that was kept nobody knows more. */
const NO_QUOTE = { index: undefined, author: undefined, text: '', isDeleted: false, hasAttachments: false };

function bytesOf(files: readonly File[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** Whether an error says nothing against the message itself: it waits for a better time. */
function isForLater(error: unknown): boolean {
  return error instanceof EngineError && (error.code === 'network' || error.code === 'rate');
}

const box = new Outbox({
  send: async (message, { signal, onProgress }) =>
    engine().call('chat.send', message, {
      signal,
      onEvent: ({ done, total }) => {
        if (total > 0) onProgress(Math.min(1, done / total));
      },
    }),
  begin: async (key) => engine().call('chat.beginSending', { key }),
  keep: async (message) => engine().call('chat.keepWaiting', message),
  forget: async (key) => engine().call('chat.forgetWaiting', { key }),
  waiting: async () => engine().call('chat.waiting', undefined),
  isConnected: () => connectionNow() === 'there',
});
onConnectionBack(box.comeBack);
onLeave(() => {
  box.leave();
});

/** The messages that leave this page. */
export function outbox(): Outbox {
  return box;
}

/** Sends what an account writes, as long as the page is there, and asks before the page is closed while something is on its way that is kept nowhere else. */
export function attendOutbox(username: string): () => void {
  box.enter(username);
  const ask = (event: BeforeUnloadEvent): void => {
    if (box.isUnkept) event.preventDefault();
  };
  addEventListener('beforeunload', ask);
  return () => {
    removeEventListener('beforeunload', ask);
  };
}

/** What is on its way in a chat, in a component. */
export function useOutgoing(id: string): readonly Outgoing[] {
  return useSyncExternalStore(box.subscribe, () => box.of(id));
}
