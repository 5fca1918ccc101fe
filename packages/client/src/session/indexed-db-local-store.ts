import { assertBytes, copyBytes } from '@pyrgos/core/bytes';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { assertLocalKey, type LocalStore } from './local-store.js';

const VERSION = 1;
const TABLE = 'values';

/**
 * A {@link LocalStore} in the IndexedDB of a browser: one database per name. PyrgosError `storage` when the browser refuses. A connection that the
 * browser closes, as it does when the user clears the data of the site, is opened anew by the next call.
 */
export class IndexedDbLocalStore implements LocalStore {
  private isClosed = false;
  private connection: Connection | undefined;

  private constructor(private readonly name: string) {}

  /** Opens the database, and creates it. Browsers in private mode may refuse; go on without a store then. */
  static async open(name = 'pyrgos-local-store'): Promise<IndexedDbLocalStore> {
    if (typeof name !== 'string' || name === '') throw new ArgumentError('name', 'must be text');
    const store = new IndexedDbLocalStore(name);
    await store.connected().database;
    return store;
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
    this.isClosed = true;
    if (this.connection !== undefined) this.letGo(this.connection);
  }

  /** A call whose connection was lost is repeated once: nothing is different the second time. */
  private async run<T>(mode: IDBTransactionMode, call: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const connection = this.connected();
    try {
      return await runIn(await connection.database, mode, call);
    } catch (error) {
      const isLost = this.connection !== connection || (error instanceof PyrgosError && error.data['reason'] === 'InvalidStateError');
      if (!isLost || this.isClosed) throw error;
      this.letGo(connection);
    }
    return runIn(await this.connected().database, mode, call);
  }

  /** The connection, or a new one. */
  private connected(): Connection {
    if (this.isClosed) throw refused(undefined, 'closed');
    return (this.connection ??= this.connect());
  }

  private connect(): Connection {
    const made: Connection = { database: connect(this.name, () => this.letGo(made)) };
    made.database.catch(() => this.letGo(made));
    return made;
  }

  /** Closes a connection; the next call makes a new one. */
  private letGo(connection: Connection): void {
    if (this.connection === connection) this.connection = undefined;
    connection.database.then(
      (database) => database.close(),
      () => undefined,
    );
  }
}

/** A connection, perhaps one that is still being made. */
interface Connection {
  readonly database: Promise<IDBDatabase>;
}

/** Opens the database. `onLost` is called when the browser closes the connection, and when somebody waits for us to close it: to delete it, or to change it. */
async function connect(name: string, onLost: () => void): Promise<IDBDatabase> {
  let opening: IDBOpenDBRequest;
  try {
    // Where a page may not store anything some browsers throw at once.
    const { indexedDB } = globalThis;
    if (indexedDB === undefined) throw new PyrgosError('unsupported', 'This platform has no IndexedDB.');
    opening = indexedDB.open(name, VERSION);
  } catch (error) {
    throw error instanceof PyrgosError ? error : refused(error);
  }
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
  const database = await resultOf(opening);
  database.onclose = onLost;
  database.onversionchange = onLost;
  return database;
}

async function runIn<T>(database: IDBDatabase, mode: IDBTransactionMode, call: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  let transaction: IDBTransaction;
  let request: IDBRequest<T>;
  try {
    transaction = database.transaction(TABLE, mode);
    request = call(transaction.objectStore(TABLE));
  } catch (error) {
    throw refused(error);
  }
  const completed = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(refused(transaction.error));
  });
  const [result] = await Promise.all([resultOf(request), completed]);
  return result;
}

async function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(refused(request.error));
  });
}

function refused(error: unknown, otherwise = 'unknown'): PyrgosError {
  const reason = error instanceof DOMException ? error.name : otherwise;
  return new PyrgosError('storage', `The local store of the browser cannot be used (${reason}).`, { data: { reason } });
}
