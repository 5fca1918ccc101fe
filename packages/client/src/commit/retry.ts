import type { RandomSource } from '@pyrgos/core/crypto';
import { type ErrorCode, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';
import type { Clock } from './clock.js';
import { mayHaveArrived, notingLostAnswers } from './lost-answer.js';

/** How often a call is tried and how long to wait in between (chapter 03 section 12.3). */
export interface RetryPolicy {
  /** Most calls, the first one included. */
  readonly attempts: number;
  /** Milliseconds to wait after attempt `attempt` (1, 2, …) failed; `fraction` is random in [0, 1). */
  readonly delay: (attempt: number, fraction: number) => number;
  /** Milliseconds after the first call when nothing is repeated any more, nor when the clock was set back; default: nobody asks for the time. */
  readonly patience?: number | undefined;
}

/** Pointer calls: 3 attempts, k·1000 ms and up to 499 ms more. */
export const POINTER_RETRIES: RetryPolicy = {
  attempts: 3,
  delay: (attempt, fraction) => attempt * 1000 + Math.floor(fraction * 500),
};

/**
 * Updates of pointers: as {@link POINTER_RETRIES}, but not after the machine has slept. What a pointer leads to may have been collected as garbage by
 * then, and only whoever has uploaded it can tell (chapter 03 section 9.2).
 */
export const UPDATE_RETRIES: RetryPolicy = { ...POINTER_RETRIES, patience: 3_600_000 };

/** Block and CHAMP calls: 7 attempts, 1000·2^(k−1) ms and up to half of that more. */
export const BLOCK_RETRIES: RetryPolicy = {
  attempts: 7,
  delay: (attempt, fraction) => 1000 * 2 ** (attempt - 1) + Math.floor(fraction * 500 * 2 ** (attempt - 1)),
};

/** Calls of accounts, space and the like that change nothing, or nothing the second time (ours: the reference makes one attempt). */
export const READ_RETRIES: RetryPolicy = { ...POINTER_RETRIES };

/** What retrying needs from outside. */
export interface RetryOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Errors after which all attempts were used up, here or in a layer below: layers may be stacked, and their attempts must not multiply.
 */
const spent = new WeakSet<PyrgosError>();

/** Says that no further attempt is to be made by itself, here or in a layer above, whatever the error advises whoever sees it. */
export function markSpent(error: PyrgosError): void {
  spent.add(error);
}

/** Families that say the same thing however often they are asked. */
const NEVER_RETRIED: ReadonlySet<string> = new Set([
  'argument',
  'format',
  'crypto',
  'not-found',
  'conflict',
  'denied',
  'limit',
  'quota',
  'aborted',
  'internal',
]);

/**
 * Whether repeating the same call can help: only for an error that says so itself (`retry: 'safe'`) and is no conflict, refusal,
 * quota, missing thing or malformed answer, and not when {@link retrying} has given up on it before. Errors from outside the family are
 * bugs and never retried.
 */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof PyrgosError) || error.retry !== 'safe' || spent.has(error)) return false;
  const [family] = error.code.split('.') as [string];
  return !NEVER_RETRIED.has(family);
}

/**
 * The one place where calls are repeated: runs `operation` until it succeeds, fails for good or has used up the attempts of `policy`.
 * The last error is thrown as it is, and not repeated by callers of this function further up. AbortedError when the signal is aborted before an attempt or during a wait.
 */
export async function retrying<T>(operation: (attempt: number) => Promise<T>, policy: RetryPolicy, options: RetryOptions): Promise<T> {
  const { clock } = options;
  const start = policy.patience === undefined ? 0 : clock.now();
  const isTimely = (): boolean => policy.patience === undefined || Math.abs(clock.now() - start) <= policy.patience;
  let last: unknown;
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(options.signal);
    if (attempt > 1 && !isTimely()) throw spentOn(last);
    try {
      return await operation(attempt);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (attempt >= policy.attempts) throw spentOn(error);
      last = error;
    }
    const [high, low] = options.random.randomBytes(2) as unknown as [number, number];
    await clock.sleep(policy.delay(attempt, (high * 256 + low) / 65_536), options.signal);
  }
}

function spentOn(error: unknown): unknown {
  if (error instanceof PyrgosError) spent.add(error);
  return error;
}

/**
 * A block store whose calls are repeated by {@link BLOCK_RETRIES}. Repeating an upload is harmless. Closing a transaction is not
 * repeated: it is a courtesy that expires by itself, and a finished commit should not wait for it. An upload that fits, but not together with the
 * rest of one that has failed, is sent once more.
 */
export function retryingBlockStore(store: BlockStore, options: Omit<RetryOptions, 'signal'>): BlockStore {
  const retry = <T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> =>
    retrying(call, BLOCK_RETRIES, { ...options, signal });
  const lookUp = store.lookUpChamp?.bind(store);
  /** Bytes of open transactions. */
  const sent = new Map<string, number>();
  return {
    getBlock: (cid, context) => retry(context.signal, () => store.getBlock(cid, context)),
    startTransaction: (owner, signal) => retry(signal, () => store.startTransaction(owner, signal)),
    closeTransaction: (owner, transaction, signal) => {
      sent.delete(transaction);
      return store.closeTransaction(owner, transaction, signal);
    },
    putBlocks: async (owner, writer, blocks, transaction, signal) => {
      const size = blocks.reduce((sum, { bytes }) => sum + bytes.length, sent.get(transaction) ?? 0);
      sent.set(transaction, size);
      const put = async (): Promise<void> => retry(signal, () => store.putBlocks(owner, writer, blocks, transaction, signal));
      try {
        await put();
      } catch (error) {
        if (!isOnlyPending(error, size)) throw error;
        await put();
      }
    },
    ...(lookUp === undefined
      ? {}
      : { lookUpChamp: (root, lookups, context) => retry(context.signal, () => lookUp(root, lookups, context)) }),
  };
}

/**
 * Whether an upload of `size` bytes in all was refused only because of what earlier uploads have left that failed. Until a commit, servers count that
 * as well; with the refusal they forget it (chapter 02 section 20.2), so the same call succeeds.
 */
function isOnlyPending(error: unknown, size: number): boolean {
  if (!(error instanceof PyrgosError) || error.code !== 'quota') return false;
  const { used, quota } = error.data;
  return typeof used === 'number' && typeof quota === 'number' && used + size <= quota;
}

/**
 * A pointer store whose calls are repeated by {@link POINTER_RETRIES}, its updates by {@link UPDATE_RETRIES}. Repeating the same update after a time-out is never applied twice: it
 * succeeds, or it fails with a conflict, of which {@link isAfterLostAnswer} says that {@link flush} has to find out whether the first one was
 * applied.
 */
export function retryingPointerStore(store: PointerStore, options: Omit<RetryOptions, 'signal'>): PointerStore {
  const update = (signal: AbortSignal | undefined, call: () => Promise<boolean>): Promise<boolean> =>
    notingLostAnswers((onLost) => {
      const attempt = async (): Promise<boolean> => {
        try {
          return await call();
        } catch (error) {
          if (mayHaveArrived(error)) onLost();
          throw error;
        }
      };
      return retrying(attempt, UPDATE_RETRIES, { ...options, signal });
    });
  return {
    getPointer: (owner, writer, signal) => retrying(() => store.getPointer(owner, writer, signal), POINTER_RETRIES, { ...options, signal }),
    setPointer: (owner, writer, signed, signal) => update(signal, () => store.setPointer(owner, writer, signed, signal)),
    setPointers: (owner, updates, signal) => update(signal, () => store.setPointers(owner, updates, signal)),
    ...(store.current === undefined ? {} : { current: retryingPointerStore(store.current, options) }),
  };
}

/** Codes of errors that report a lost race: re-read, then repeat the whole operation. */
export function isConflict(error: unknown): error is PyrgosError & { readonly code: Extract<ErrorCode, `conflict.${string}`> } {
  return error instanceof PyrgosError && error.code.startsWith('conflict.');
}
