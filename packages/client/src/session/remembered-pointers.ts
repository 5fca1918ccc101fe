import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { inlineSigningKey, type PublicKeyHash } from '@pyrgos/core/keys';
import { assertNotRolledBack, equalTargets, openPointer, PointerUpdate } from '@pyrgos/core/model';
import type { PointerStore, WriterPointer } from '@pyrgos/core/store';
import { platformTimer, type SetTimer } from '../waiting/timer.js';
import { localKeys, type LocalStore } from './local-store.js';
import type { OnlineState } from './online-state.js';

/** What {@link rememberedPointers} works with. */
export interface RememberedPointersOptions {
  /** The server's pointers. Not trusted. */
  readonly pointers: PointerStore;
  readonly store: LocalStore;
  readonly crypto: CryptoProvider;
  readonly online: OnlineState;
  /** What a store that does not answer is waited with; default: the platform's. */
  readonly timer?: SetTimer | undefined;
}

/**
 * A pointer store that remembers on this device the latest version of every writer that it has seen, and its signature. So a server cannot
 * go back to an older version even between two sessions (DeniedError `denied.stale`; chapter 03 section 2.9), and what was read once can
 * be read offline. What is remembered never goes back, whoever shares the store; two processes that write in the same instant may, until the next read. Remembering never fails and takes
 * seconds at most, whatever the store does: a change that the server has accepted is made. Pointers whose key is not part of its hash (old accounts) are passed through.
 */
export function rememberedPointers({ pointers, store, crypto, online, timer = platformTimer }: RememberedPointersOptions): PointerStore {
  const keyOf = (owner: PublicKeyHash, writer: PublicKeyHash): string => localKeys.pointer(owner.toString(), writer.toString());

  const verified = (writer: PublicKeyHash, signed: Uint8Array | undefined): PointerUpdate | undefined => {
    const writerKey = inlineSigningKey(writer);
    if (signed === undefined || signed.length === 0 || writerKey === undefined) return undefined;
    return openPointer(crypto, writerKey, signed);
  };

  /** What is remembered; anything that was tampered with counts as nothing. */
  const remembered = async (owner: PublicKeyHash, writer: PublicKeyHash): Promise<Uint8Array | undefined> => {
    const signed = await store.get(keyOf(owner, writer));
    try {
      return verified(writer, signed) === undefined ? undefined : signed;
    } catch (error) {
      if (error instanceof PyrgosError) return undefined;
      throw error;
    }
  };

  /** As long as the store has not answered, nothing more is kept. */
  let isStuck = false;

  /** {@link keep}, for which nobody has to fear or to wait long. */
  const remember = async (owner: PublicKeyHash, update: WriterPointer): Promise<void> => {
    if (isStuck) return;
    await new Promise<void>((resolve) => {
      const stop = timer(REMEMBER_PATIENCE, () => {
        isStuck = true;
        resolve();
      });
      const end = (): void => {
        isStuck = false;
        stop();
        resolve();
      };
      keep(owner, update).then(end, end);
    });
  };

  /** Keeps an update unless a later one is kept: what was committed or read meanwhile, here or in another process, is not overwritten. */
  const keep = async (owner: PublicKeyHash, { writer, signed }: WriterPointer): Promise<void> => {
    if (inlineSigningKey(writer) === undefined) return;
    const now = PointerUpdate.decodeVerifiedBefore(signed);
    const key = keyOf(owner, writer);
    await inTurn(store, key, async () => {
      // Another process may write between a look and a write: then the later of the two is put back.
      for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt++) {
        const kept = await remembered(owner, writer);
        if (kept !== undefined && !isLater(now, PointerUpdate.decodeVerifiedBefore(kept))) return;
        await store.put(key, signed);
      }
    });
  };

  /** What the server says, compared with what is remembered, and remembered. */
  const ask: PointerStore['getPointer'] = async (owner, writer, signal) => {
    const before = await remembered(owner, writer);
    const signed = await pointers.getPointer(owner, writer, signal);
    if (inlineSigningKey(writer) === undefined) return signed;
    const now = verified(writer, signed);
    assertNotRolledBack(before, now === undefined ? undefined : signed);
    if (now === undefined || signed === undefined || !isNews(writer, before, now)) return signed;
    await remember(owner, { writer, signed });
    return signed;
  };
  const writes: Pick<PointerStore, 'setPointer' | 'setPointers'> = {
    setPointer: async (owner, writer, signed, signal) => {
      const isAccepted = await online.run(async () => pointers.setPointer(owner, writer, signed, signal));
      if (isAccepted) await remember(owner, { writer, signed });
      return isAccepted;
    },
    setPointers: async (owner, updates, signal) => {
      const isAccepted = await online.run(async () => pointers.setPointers(owner, updates, signal));
      if (isAccepted) for (const update of updates) await remember(owner, update);
      return isAccepted;
    },
  };
  return {
    ...writes,
    getPointer: async (owner, writer, signal) =>
      online.runOr(
        async (own) => ask(owner, writer, own),
        async () => remembered(owner, writer),
        signal,
      ),
    current: { ...writes, getPointer: async (owner, writer, signal) => online.run(async () => ask(owner, writer, signal)) },
  };
}

/** Milliseconds for which a store is waited. */
const REMEMBER_PATIENCE = 2000;

/** Looks and writes for one pointer: the last look finds what the write before has left. */
const WRITE_ATTEMPTS = 4;

const turns = new WeakMap<LocalStore, Map<string, Promise<void>>>();

/** One after the other for each key of a store. */
async function inTurn(store: LocalStore, key: string, work: () => Promise<void>): Promise<void> {
  const queues = turns.get(store) ?? new Map<string, Promise<void>>();
  turns.set(store, queues);
  const turn = (queues.get(key) ?? Promise.resolve()).then(work);
  const settled = turn.catch(() => undefined);
  queues.set(key, settled);
  try {
    await turn;
  } finally {
    if (queues.get(key) === settled) queues.delete(key);
  }
}

/** Whether a verified update is a later one than what is remembered; DeniedError `denied.stale` when it is another one of the same number. */
function isNews(writer: PublicKeyHash, before: Uint8Array | undefined, now: PointerUpdate): boolean {
  if (before === undefined) return true;
  const old = PointerUpdate.decodeVerifiedBefore(before);
  if (old.sequence !== now.sequence) return true;
  if (equalTargets(old.updated, now.updated)) return false;
  throw new DeniedError('denied.stale', 'the server returned another version of a mutable pointer under the same sequence number', {
    writer: writer.toString(),
    sequence: now.sequence ?? null,
  });
}

function isLater(now: PointerUpdate, before: PointerUpdate): boolean {
  return before.sequence === undefined || (now.sequence !== undefined && now.sequence > before.sequence);
}
