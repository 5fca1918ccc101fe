import { SymmetricKey } from '@pyrgos/client';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { DEVICE_DATABASE } from './device-database.js';

interface DeviceDatabase extends DBSchema {
  /** One row, under {@link ROW}. */
  kept: {
    key: string;
    value: { readonly username: string; readonly wrapping: CryptoKey; readonly iv: Uint8Array<ArrayBuffer>; readonly sealed: ArrayBuffer };
  };
}

const ROW = 'session';

/** Whose session the device keeps, and the key that opens it. */
export interface DeviceSession {
  readonly username: string;
  readonly deviceKey: SymmetricKey;
}

/** Something that only this browser can open, as long as it keeps the session. */
export interface SealedBytes {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly sealed: ArrayBuffer;
}

/**
 * Where a browser keeps the device key of somebody who stays logged in: sealed with a key of the browser that no script can read out, so that a
 * copy of the stored data alone opens nothing. It does not protect against code that runs in the page. Needs a secure context.
 */
export class DeviceKeys {
  private constructor(private readonly database: IDBPDatabase<DeviceDatabase>) {}

  /** Undefined where the browser stores nothing for this page (private mode), or has no Web Cryptography (plain http). */
  static async open(): Promise<DeviceKeys | undefined> {
    // Absent outside secure contexts, whatever the types say.
    if ((globalThis.crypto as Partial<Crypto>).subtle === undefined) return undefined;
    try {
      const database = await openDB<DeviceDatabase>(DEVICE_DATABASE, 1, {
        upgrade: (fresh) => {
          fresh.createObjectStore('kept');
        },
      });
      return new DeviceKeys(database);
    } catch {
      return undefined;
    }
  }

  /** Whose session is kept, without opening it. */
  async keptUsername(): Promise<string | undefined> {
    return (await this.database.get('kept', ROW))?.username;
  }

  /** The kept session; undefined when there is none, or it cannot be opened any more. */
  async get(): Promise<DeviceSession | undefined> {
    const row = await this.database.get('kept', ROW);
    if (row === undefined) return undefined;
    try {
      const bytes = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: row.iv }, row.wrapping, row.sealed);
      return { username: row.username, deviceKey: SymmetricKey.decode(new Uint8Array(bytes)) };
    } catch {
      return undefined;
    }
  }

  /** Keeps a session's key in place of the one before. What was sealed for the same account stays readable. */
  async keep({ username, deviceKey }: DeviceSession): Promise<void> {
    const before = await this.database.get('kept', ROW);
    const wrapping =
      before?.username === username
        ? before.wrapping
        : await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrapping, new Uint8Array(deviceKey.encode()));
    await this.database.put('kept', { username, wrapping, iv, sealed }, ROW);
  }

  /** Seals something of the account whose session is kept; `context` is what it belongs to. Undefined when no session of this account is kept. */
  async seal(username: string, context: string, bytes: Uint8Array<ArrayBuffer>): Promise<SealedBytes | undefined> {
    const row = await this.database.get('kept', ROW);
    if (row?.username !== username) return undefined;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, sealed: await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: contextBytes(context) }, row.wrapping, bytes) };
  }

  /** Opens what {@link DeviceKeys.seal} has sealed; undefined when it cannot be opened any more. */
  async unseal(username: string, context: string, { iv, sealed }: SealedBytes): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const row = await this.database.get('kept', ROW);
    if (row?.username !== username) return undefined;
    try {
      const additionalData = contextBytes(context);
      return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, row.wrapping, sealed));
    } catch {
      return undefined;
    }
  }

  /** Forgets the kept session. */
  async clear(): Promise<void> {
    await this.database.delete('kept', ROW);
  }
}

function contextBytes(context: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(context));
}
