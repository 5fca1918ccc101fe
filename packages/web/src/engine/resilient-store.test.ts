import type { LocalStore } from '@pyrgos/client';
import { expect, test } from 'vitest';
import { ResilientStore } from './resilient-store.js';

/** A store that takes nothing while it is full. */
class FillingStore implements LocalStore {
  isFull = false;
  readonly values = new Map<string, Uint8Array>();

  async get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.values.get(key));
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    if (this.isFull) throw new Error('full');
    this.values.set(key, value);
    return Promise.resolve();
  }

  async delete(key: string): Promise<void> {
    if (this.isFull) throw new Error('full');
    this.values.delete(key);
    return Promise.resolve();
  }
}

test('what does not fit is in memory, until it fits', async () => {
  const full = new FillingStore();
  const store = new ResilientStore(full);
  await store.put('a', Uint8Array.of(1));
  full.isFull = true;
  const bytes = Uint8Array.of(2);
  await store.put('a', bytes);
  await store.put('constructor', Uint8Array.of(3));
  // The caller may go on with its own.
  bytes.fill(9);
  expect(await store.get('a')).toEqual(Uint8Array.of(2));
  expect(await store.get('constructor')).toEqual(Uint8Array.of(3));
  expect(await store.get('__proto__')).toBeUndefined();
  full.isFull = false;
  await store.put('a', Uint8Array.of(4));
  expect([await store.get('a'), full.values.get('a')]).toEqual([Uint8Array.of(4), Uint8Array.of(4)]);
  await store.delete('a');
  expect(await store.get('a')).toBeUndefined();
});

test('what cannot be deleted is not said to be', async () => {
  const full = new FillingStore();
  const store = new ResilientStore(full);
  await store.put('a', Uint8Array.of(1));
  full.isFull = true;
  await expect(store.delete('a')).rejects.toThrow('full');
});
