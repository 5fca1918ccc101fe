import { assertBytes, copyBytes } from '@pyrgos/core/bytes';
import { ArgumentError } from '@pyrgos/core/errors';
import { MAX_LOCAL_KEY_LENGTH } from '@pyrgos/core/limits';

/**
 * What a client may keep on its device between sessions (chapter 05 sections 9 and 11): a place for small values under text keys. What
 * is in it is encrypted or public, and is verified when it is used; but who can delete from it or put old values back can make the client
 * forget what it has seen, so it should be readable and writable by its user only.
 */
export interface LocalStore {
  /** The value, or undefined when there is none or it cannot be read any more. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Sets a value; it is whole or absent after a crash. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** Deletes a value; fine when there is none. */
  delete(key: string): Promise<void>;
}

/** The keys under which the session layer keeps its values. */
export const localKeys = {
  /** The signed chain of a user. */
  chain: (username: string): string => `chain/${username}`,
  /** The name of the user who has or had an identity key. */
  owner: (identity: string): string => `owner/${identity}`,
  /** The encrypted login data of a user, under the login key that may read it. */
  login: (username: string): string => `login/${username}`,
  /** The encrypted mirror BATs of a user. */
  bats: (username: string): string => `bats/${username}`,
  /** The sealed session of a user who stays logged in. */
  session: (username: string): string => `session/${username}`,
  /** The highest signed pointer of a writer that was seen. */
  pointer: (owner: string, writer: string): string => `pointer/${owner}/${writer}`,
} as const;

/** Requires a key that every store can hold; otherwise an ArgumentError. */
export function assertLocalKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key.length === 0 || key.length > MAX_LOCAL_KEY_LENGTH) {
    throw new ArgumentError('key', `must be text of 1 to ${MAX_LOCAL_KEY_LENGTH} characters`);
  }
}

/**
 * The same store for what need not be kept: a value that cannot be written is left as it was, and nobody is told. So a full disk keeps
 * nobody from logging in. What is read, and what is deleted, is not a matter of luck.
 */
export function bestEffortStore(store: LocalStore): LocalStore {
  const made = bestEffortStores.get(store) ?? withoutWriteErrors(store);
  bestEffortStores.set(store, made);
  return made;
}

/** One for each store, so that whoever uses it together can wait for each other. */
const bestEffortStores = new WeakMap<LocalStore, LocalStore>();

function withoutWriteErrors(store: LocalStore): LocalStore {
  return {
    get: async (key) => store.get(key),
    put: async (key, value) => {
      try {
        await store.put(key, value);
      } catch {
        // See above.
      }
    },
    delete: async (key) => store.delete(key),
  };
}

/** A {@link LocalStore} that forgets everything with the process. */
export class MemoryLocalStore implements LocalStore {
  private readonly values = new Map<string, Uint8Array>();

  /** Number of values. */
  get size(): number {
    return this.values.size;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    assertLocalKey(key);
    const value = this.values.get(key);
    return value === undefined ? undefined : copyBytes(value);
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    assertLocalKey(key);
    assertBytes('value', value);
    this.values.set(key, copyBytes(value));
  }

  async delete(key: string): Promise<void> {
    assertLocalKey(key);
    this.values.delete(key);
  }
}
