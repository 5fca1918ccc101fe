import type { IDBPDatabase } from 'idb';
import type { WaitingMessage } from '../chat-calls.js';
import type { DeviceKeys, SealedBytes } from '../device-key.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { randomId } from '../../streams/random-id.js';
import { openWaiting, type SealedMessage, type WaitingDatabase } from '../waiting-database.js';
import { MAX_KEPT_BYTES } from '../waiting-limits.js';

/** Messages that are kept; more of them wait in the page only. */
const MAX_MESSAGES = 200;
/** What pages hold one after the other while they look for messages that belong to nobody. */
const LOCK = 'pyrgos-outbox';

type Served = 'chat.waiting' | 'chat.beginSending' | 'chat.keepWaiting' | 'chat.forgetWaiting';

/** What is sealed first; the files follow. */
interface Head extends Omit<WaitingMessage, 'files' | 'triedAt'> {
  readonly files: readonly { readonly name: string; readonly mimeType: string }[];
}

/** Keeps messages that wait to be sent, for those whose session this device keeps. Of several pages each has its own ones. */
export function waitingMessagesService(state: Pick<EngineState, 'server' | 'username' | 'isKept'>): Pick<Handlers, Served> {
  /** Names this page, as long as it is there. */
  const page = randomId();
  let held: Promise<void> | undefined;
  let lastTime = 0;
  let opened: Promise<IDBPDatabase<WaitingDatabase> | undefined> | undefined;
  const database = async (): Promise<IDBPDatabase<WaitingDatabase> | undefined> => (opened ??= openWaiting());

  /** What is needed to keep something; undefined when nothing is kept. */
  const keeper = async (): Promise<Keeper | undefined> => {
    const { username } = state;
    if (username === undefined || !state.isKept) return undefined;
    const [{ deviceKeys }, store] = await Promise.all([state.server(), database()]);
    if (deviceKeys === undefined || store === undefined) return undefined;
    // Held until the page is gone: then others may have what it has left. Not before it is held anything is left to them.
    await (held ??= hold(lockOf(page)));
    return { username, deviceKeys, store };
  };

  return {
    'chat.waiting': async () => {
      const keeping = await keeper();
      if (keeping === undefined) return [];
      return navigator.locks.request(LOCK, async () => takeOver(keeping, page));
    },

    'chat.beginSending': async ({ key }) => {
      const triedAt = await ownTime(lastTime);
      lastTime = triedAt;
      const store = await database();
      const row = await store?.get('waiting', key);
      if (store === undefined || row === undefined) return { triedAt, isKept: false };
      try {
        await store.put('waiting', { ...row, triedAt });
        return { triedAt, isKept: true };
      } catch {
        // A full disk: what the next page would send once more waits in this one only.
        await store.delete('waiting', key);
        return { triedAt, isKept: false };
      }
    },

    'chat.keepWaiting': async (message) => {
      const keeping = await keeper();
      if (keeping === undefined || message.files.reduce((sum, { bytes }) => sum + bytes.length, 0) > MAX_KEPT_BYTES) return false;
      const { store } = keeping;
      if ((await store.getKey('waiting', message.key)) === undefined && (await store.count('waiting')) >= MAX_MESSAGES) return false;
      const parts = await seal(keeping, message);
      if (parts === undefined) return false;
      try {
        await store.put('waiting', { key: message.key, page, username: keeping.username, triedAt: message.triedAt, parts });
        return true;
      } catch {
        // A full disk: it waits in the page.
        return false;
      }
    },

    'chat.forgetWaiting': async ({ key }) => {
      await (await database())?.delete('waiting', key).catch(() => undefined);
      return undefined;
    },
  };
}

interface Keeper {
  readonly username: string;
  readonly deviceKeys: DeviceKeys;
  readonly store: IDBPDatabase<WaitingDatabase>;
}

/** Holds a lock as long as the page is there; resolves when it is held. */
async function hold(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const isHeld = async (): Promise<never> => {
      resolve();
      return new Promise<never>(() => undefined);
    };
    navigator.locks.request(name, isHeld).catch(reject);
  });
}

/** A millisecond, about now and after another one, that no message of another page has. */
async function ownTime(last: number): Promise<number> {
  for (let time = Math.max(Date.now(), last + 1); ; time++) if (await isOwn(`${LOCK}-at-${time}`)) return time;
}

/** Takes a lock until the page is gone, unless somebody has it. */
async function isOwn(name: string): Promise<boolean> {
  // Not there without a secure connection.
  if (!('locks' in navigator)) return true;
  return new Promise((resolve, reject) => {
    const take = async (lock: Lock | null): Promise<void> => {
      resolve(lock !== null);
      if (lock !== null) await new Promise<never>(() => undefined);
    };
    navigator.locks.request(name, { ifAvailable: true }, take).catch(reject);
  });
}

function lockOf(page: string): string {
  return `${LOCK}-${page}`;
}

/** Makes the messages of pages that are gone those of this one. */
async function takeOver(keeping: Keeper, page: string): Promise<readonly WaitingMessage[]> {
  const { username, store } = keeping;
  const { held = [] } = await navigator.locks.query();
  const there = new Set(held.map(({ name }) => name));
  const taken: WaitingMessage[] = [];
  for (const row of await store.getAll('waiting')) {
    if (row.username !== username || (row.page !== page && there.has(lockOf(row.page)))) continue;
    const message = await unseal(keeping, row);
    if (message === undefined) {
      // Sealed with a key that is gone: nobody reads it any more.
      await store.delete('waiting', row.key);
      continue;
    }
    await store.put('waiting', { ...row, page });
    taken.push(message);
  }
  return taken.toSorted((a, b) => a.written - b.written);
}

async function seal(
  { username, deviceKeys }: Keeper,
  { files, ...message }: Omit<WaitingMessage, 'triedAt'>,
): Promise<readonly SealedBytes[] | undefined> {
  const head: Head = { ...message, files: files.map(({ name, mimeType }) => ({ name, mimeType })) };
  const contents = [new Uint8Array(new TextEncoder().encode(JSON.stringify(head))), ...files.map(({ bytes }) => bytes)];
  const parts: SealedBytes[] = [];
  for (const [i, bytes] of contents.entries()) {
    const part = await deviceKeys.seal(username, contextOf(message.key, i), bytes);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts;
}

async function unseal({ username, deviceKeys }: Keeper, { key, triedAt, parts }: SealedMessage): Promise<WaitingMessage | undefined> {
  const contents: Uint8Array<ArrayBuffer>[] = [];
  for (const [i, part] of parts.entries()) {
    const bytes = await deviceKeys.unseal(username, contextOf(key, i), part);
    if (bytes === undefined) return undefined;
    contents.push(bytes);
  }
  const [first, ...rest] = contents;
  if (first === undefined) return undefined;
  // Written by this app, and sealed since: nobody else could have.
  const { files, ...message } = JSON.parse(new TextDecoder().decode(first)) as Head;
  return { ...message, triedAt, files: files.map((file, i) => ({ ...file, bytes: rest[i] ?? new Uint8Array() })) };
}

function contextOf(key: string, part: number): string {
  return `waiting/${key}/${part}`;
}
