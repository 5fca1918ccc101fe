import { describe, expect, test } from 'vitest';
import { localStoreContract } from '../../test/local-store-contract.js';
import { localKeys, MemoryLocalStore } from './local-store.js';

localStoreContract('in memory', async () => new MemoryLocalStore());

describe('keys of the local store', () => {
  test('no two users share one', () => {
    const names = ['a', 'b', 'constructor', '__proto__', '..'];
    const keys = names.flatMap((name) => [
      localKeys.chain(name),
      localKeys.login(name),
      localKeys.bats(name),
      localKeys.session(name),
      localKeys.pointer(name, 'x'),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('the memory counts', async () => {
    const store = new MemoryLocalStore();
    await store.put('a', Uint8Array.of(1));
    expect(store.size).toBe(1);
  });
});
