import { assertBytes, copyBytes } from '@pyrgos/core/bytes';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { assertLocalKey, type LocalStore } from './local-store.js';

const VERSION = 1;
const TABLE = 'values';

/** A {@link LocalStore} in the IndexedDB of a browser: one database per name. PyrgosError `storage` when the browser refuses. */
export class IndexedDbLocalStore implements LocalStore {
  private constructor(private readonly database: IDBDatabase) {}

  /** Opens the database, and creates it. Browsers in private mode may refuse; go on without a store then. */
  static async open(name = 'pyrgos-local-store'): Promise<IndexedDbLocalStore> {
    if (typeof name !== 'string' || name === '') throw new ArgumentError('name', 'must be text');
    if (globalThis.indexedDB === undefined) throw new PyrgosError('unsupported', 'This platform has no IndexedDB.');
    const opening = globalThis.indexedDB.open(name, VERSION);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
    return new IndexedDbLocalStore(await resultOf(opening));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    assertLocalKey(key);
    const value: unknown = await this.run('readonly', (table) => table.get(key));
    return value instanceof Uint8Array ? copyBytes(value) : undefined;
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    assertLocalKey(key);
    assertBytes('value', value);
    await this.run('readwrite', (table) => table.put(copyBytes(value), key));
  }

  async delete(key: string): Promise<void> {
    assertLocalKey(key);
    await this.run('readwrite', (table) => table.delete(key));
  }

  /** Lets go of the database. */
  close(): void {
    this.database.close();
  }

  private async run<T>(mode: IDBTransactionMode, call: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    let transaction: IDBTransaction;
    try {
      transaction = this.database.transaction(TABLE, mode);
    } catch (error) {
      throw refused(error);
    }
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(refused(transaction.error));
    });
    const [result] = await Promise.all([resultOf(call(transaction.objectStore(TABLE))), completed]);
    return result;
  }
}

async function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(refused(request.error));
  });
}

function refused(error: unknown): PyrgosError {
  const reason = error instanceof DOMException ? error.name : 'unknown';
  return new PyrgosError('storage', `The local store of the browser cannot be used (${reason}).`, { data: { reason } });
}
