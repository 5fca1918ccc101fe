import { afterEach, describe, expect, test, vi } from 'vitest';
import { localStoreContract } from '../../test/local-store-contract.js';
import { IndexedDbLocalStore } from './indexed-db-local-store.js';

const hasIndexedDb = globalThis.indexedDB !== undefined;
let count = 0;

if (hasIndexedDb) {
  localStoreContract('in a browser', async () => IndexedDbLocalStore.open(`test-${Date.now()}-${count++}`));
}

describe('a local store in a browser', () => {
  test.skipIf(!hasIndexedDb)('survives (needs a browser)', async () => {
    const name = `test-${Date.now()}-survives`;
    const first = await IndexedDbLocalStore.open(name);
    await first.put('a', Uint8Array.of(7));
    first.close();
    await expect(first.get('a')).rejects.toMatchObject({ code: 'storage', data: { reason: 'closed' } });
    const second = await IndexedDbLocalStore.open(name);
    expect(await second.get('a')).toEqual(Uint8Array.of(7));
    second.close();
  });

  test.skipIf(!hasIndexedDb)('lets another page delete the database (needs a browser)', async () => {
    const name = `test-${Date.now()}-deleted`;
    const store = await IndexedDbLocalStore.open(name);
    await store.put('a', Uint8Array.of(7));
    await new Promise<void>((resolve, reject) => {
      const deleting = globalThis.indexedDB.deleteDatabase(name);
      deleting.onsuccess = () => resolve();
      deleting.onerror = () => reject(new Error('not deleted'));
    });
    expect(await store.get('a')).toBeUndefined();
    store.close();
  });

  test.skipIf(hasIndexedDb)('is refused where there is no IndexedDB (needs Node)', async () => {
    await expect(IndexedDbLocalStore.open()).rejects.toMatchObject({ code: 'unsupported' });
  });
});

/** As much of IndexedDB as the store uses, with connections that end as those of browsers do. */
class FakeIndexedDb {
  readonly values = new Map<IDBValidKey, unknown>();
  readonly connections: { isLost: boolean; isClosed: boolean; onclose?: () => void; onversionchange?: () => void }[] = [];
  /** Transactions that are aborted because the connection ends under them. */
  aborted = 0;

  readonly open = (): unknown =>
    answered(() => {
      const connection = {
        isLost: false,
        isClosed: false,
        close: () => {
          connection.isClosed = true;
        },
        transaction: () => {
          if (connection.isLost || connection.isClosed) throw new DOMException('The connection is closing.', 'InvalidStateError');
          return this.transaction();
        },
      };
      this.connections.push(connection);
      return connection;
    });

  private transaction(): unknown {
    const transaction = {
      error: null as DOMException | null,
      oncomplete: undefined as (() => void) | undefined,
      onabort: undefined as (() => void) | undefined,
      objectStore: () => ({
        get: (key: IDBValidKey) => answered(() => this.values.get(key)),
        put: (value: unknown, key: IDBValidKey) => answered(() => void this.values.set(key, value)),
        delete: (key: IDBValidKey) => answered(() => void this.values.delete(key)),
      }),
    };
    setTimeout(() => {
      if (this.aborted === 0) return transaction.oncomplete?.();
      this.aborted--;
      this.connections.at(-1)?.onclose?.();
      transaction.error = new DOMException('The connection was lost.', 'AbortError');
      transaction.onabort?.();
    });
    return transaction;
  }
}

function answered(run: () => unknown): unknown {
  const request = { result: undefined as unknown, error: null, onsuccess: undefined as (() => void) | undefined };
  queueMicrotask(() => {
    request.result = run();
    request.onsuccess?.();
  });
  return request;
}

describe.skipIf(hasIndexedDb)('a browser (played in Node; needs Node, because nothing makes a browser do it) that', () => {
  const one = Uint8Array.of(1);
  const fake = (): FakeIndexedDb => {
    const made = new FakeIndexedDb();
    vi.stubGlobal('indexedDB', made);
    return made;
  };
  afterEach(() => vi.unstubAllGlobals());

  test('allows no storage at all: it throws at once', async () => {
    const insecure = (): never => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    vi.stubGlobal('indexedDB', { open: insecure });
    await expect(IndexedDbLocalStore.open()).rejects.toMatchObject({ code: 'storage', data: { reason: 'SecurityError' } });
  });

  test('closes the connection: the next call opens it anew', async () => {
    const browser = fake();
    const store = await IndexedDbLocalStore.open();
    await store.put('a', one);
    const [first] = browser.connections;
    if (first !== undefined) first.isLost = true;
    expect(await store.get('a')).toEqual(one);
    browser.connections[1]?.onclose?.();
    await store.put('b', one);
    expect(browser.connections).toHaveLength(3);
    browser.aborted = 1;
    await store.delete('b');
    expect(await store.get('b')).toBeUndefined();
    expect(browser.connections).toHaveLength(4);
  });

  test('loses every connection: a call fails, and is not repeated for ever', async () => {
    const browser = fake();
    const store = await IndexedDbLocalStore.open();
    browser.aborted = 2;
    await expect(store.get('a')).rejects.toMatchObject({ code: 'storage', data: { reason: 'AbortError' } });
    expect(browser.connections).toHaveLength(2);
    await store.put('a', one);
    store.close();
    await expect(store.get('a')).rejects.toMatchObject({ code: 'storage', data: { reason: 'closed' } });
    expect(browser.connections).toHaveLength(3);
  });

  test('wants the database changed or deleted by another page: the connection is closed', async () => {
    const browser = fake();
    const store = await IndexedDbLocalStore.open();
    browser.connections[0]?.onversionchange?.();
    await Promise.resolve();
    expect(browser.connections[0]?.isClosed).toBe(true);
    await store.put('a', one);
    expect(browser.connections).toHaveLength(2);
  });
});
