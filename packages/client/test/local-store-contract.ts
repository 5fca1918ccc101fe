import { ArgumentError } from '@pyrgos/core/errors';
import { expect, describe, test } from 'vitest';
import type { LocalStore } from '../src/session/local-store.js';

/** What every local store has to do; `open` gives an empty one. */
export function localStoreContract(name: string, open: () => Promise<LocalStore>): void {
  describe(`a local store ${name}`, () => {
    const value = Uint8Array.of(1, 2, 3);

    test('keeps, replaces and deletes values', async () => {
      const store = await open();
      expect(await store.get('login/alice')).toBeUndefined();
      await store.put('login/alice', value);
      await store.put('login/bob', Uint8Array.of(9));
      expect(await store.get('login/alice')).toEqual(value);
      await store.put('login/alice', new Uint8Array());
      expect(await store.get('login/alice')).toEqual(new Uint8Array());
      await store.delete('login/alice');
      await store.delete('login/alice');
      expect(await store.get('login/alice')).toBeUndefined();
      expect(await store.get('login/bob')).toEqual(Uint8Array.of(9));
    });

    test('shares no memory', async () => {
      const store = await open();
      const given = value.slice();
      await store.put('x', given);
      given.fill(0);
      const first = await store.get('x');
      expect(first).toEqual(value);
      first?.fill(0);
      expect(await store.get('x')).toEqual(value);
    });

    test('takes any key that is short', async () => {
      const store = await open();
      for (const key of ['../../etc/passwd', 'constructor', 'Å/🦊', 'a'.repeat(512), 'nul\0', 'A', 'a']) {
        await store.put(key, new TextEncoder().encode(key));
      }
      for (const key of ['../../etc/passwd', 'constructor', 'Å/🦊', 'a'.repeat(512), 'nul\0', 'A', 'a']) {
        expect(await store.get(key)).toEqual(new TextEncoder().encode(key));
      }
      for (const key of ['', 'x'.repeat(513), undefined as never]) {
        await expect(store.get(key)).rejects.toThrow(ArgumentError);
        await expect(store.put(key, value)).rejects.toThrow(ArgumentError);
        await expect(store.delete(key)).rejects.toThrow(ArgumentError);
      }
      await expect(store.put('x', 'text' as never)).rejects.toThrow(ArgumentError);
    });

    test('takes many changes at once', async () => {
      const store = await open();
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.put('same', Uint8Array.of(i))));
      expect(await store.get('same')).toHaveLength(1);
    });
  });
}
