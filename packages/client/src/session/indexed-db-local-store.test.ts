import { describe, expect, test } from 'vitest';
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
    await expect(first.get('a')).rejects.toMatchObject({ code: 'storage' });
    const second = await IndexedDbLocalStore.open(name);
    expect(await second.get('a')).toEqual(Uint8Array.of(7));
    second.close();
  });

  test.skipIf(hasIndexedDb)('is refused where there is no IndexedDB (needs Node)', async () => {
    await expect(IndexedDbLocalStore.open()).rejects.toMatchObject({ code: 'unsupported' });
  });
});
