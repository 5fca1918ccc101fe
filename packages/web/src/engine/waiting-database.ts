import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { SealedBytes } from './device-key.js';

/** A message that waits, as this device keeps it. */
export interface SealedMessage {
  readonly key: string;
  /** The page to which it belongs: the others leave it alone. */
  readonly page: string;
  readonly username: string;
  /** When it was tried for the first time, or is about to be. */
  readonly triedAt: number | undefined;
  /** Its text and the names of its files, then each file. */
  readonly parts: readonly SealedBytes[];
}

/** What this device keeps of messages that wait to be sent. */
export interface WaitingDatabase extends DBSchema {
  waiting: { key: string; value: SealedMessage };
}

const NAME = 'pyrgos-waiting';

/** Opens the database; undefined where the browser stores nothing for this page. */
export async function openWaiting(): Promise<IDBPDatabase<WaitingDatabase> | undefined> {
  try {
    return await openDB<WaitingDatabase>(NAME, 1, {
      upgrade: (fresh) => {
        fresh.createObjectStore('waiting', { keyPath: 'key' });
      },
    });
  } catch {
    return undefined;
  }
}

/** Forgets every message that waits: whoever leaves this device takes them along. */
export async function forgetWaitingMessages(): Promise<void> {
  const database = await openWaiting();
  await database?.clear('waiting').catch(() => undefined);
  database?.close();
}
