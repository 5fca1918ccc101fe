import { whenAborted } from '@pyrgos/core/abort';
import { assertInteger } from '@pyrgos/core/bytes';
import { AbortedError, throwIfAborted } from '@pyrgos/core/errors';

/** How {@link runPipeline} runs. */
export interface PipelineOptions {
  /** Inputs that are worked on at a time, results included that nobody has fetched yet: what bounds the memory. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

type Outcome<O> = { readonly value: O } | { readonly error: unknown };

/**
 * Works on inputs in parallel and gives the results in the order of the inputs. At most `concurrency` inputs are in memory at a time, not
 * counting one that is being read. The first error, of the inputs or of the work, ends it: what still runs is cancelled through the signal
 * that `inputs` and `work` get, and waited for. So it is when the consumer stops early.
 */
export async function* runPipeline<I, O>(
  inputs: (signal: AbortSignal) => AsyncIterable<I>,
  work: (input: I, index: number, signal: AbortSignal) => Promise<O>,
  options: PipelineOptions,
): AsyncGenerator<O, void, undefined> {
  const { concurrency, signal } = options;
  assertInteger('concurrency', concurrency, 1, 64);
  throwIfAborted(signal);
  const cancel = new AbortController();
  const stopListening = whenAborted(signal, () => cancel.abort(signal?.reason));
  const failures: unknown[] = [];
  // A promise that never rejects: a failure that nobody has fetched yet is no unhandled rejection.
  const settled = async <T>(promise: Promise<T>): Promise<Outcome<T>> => {
    try {
      return { value: await promise };
    } catch (error) {
      failures.push(error);
      // What comes before it need not be waited for.
      cancel.abort();
      return { error };
    }
  };
  const valueOf = <T>(outcome: Outcome<T>): T => {
    if ('value' in outcome && failures.length === 0) return outcome.value;
    // A failure that the caller's own signal has caused is told as such; the others follow from the first.
    throw signal?.aborted === true ? new AbortedError('the call', signal) : failures[0];
  };
  const iterator = inputs(cancel.signal)[Symbol.asyncIterator]();
  const running: Promise<Outcome<O>>[] = [];
  let reading: Promise<Outcome<IteratorResult<I>>> | undefined;
  let isExhausted = false;
  let index = 0;
  try {
    for (;;) {
      if (!isExhausted && running.length < concurrency) reading ??= settled(iterator.next());
      const [first] = running;
      // Whichever comes first: a slow source must not hold back results, nor a failure.
      const isResult = reading === undefined || (first !== undefined && (await Promise.race([isTrue(first), isFalse(reading)])));
      if (isResult) {
        if (first === undefined) return;
        const outcome = await first;
        void running.shift();
        yield valueOf(outcome);
      } else if (reading !== undefined) {
        const next = valueOf(await reading);
        reading = undefined;
        if (next.done === true) isExhausted = true;
        else running.push(settled(work(next.value, index++, cancel.signal)));
      }
    }
  } finally {
    stopListening();
    cancel.abort();
    await Promise.all([...running, reading]);
    if (!isExhausted) await iterator.return?.();
  }
}

async function isTrue(event: Promise<unknown>): Promise<true> {
  await event;
  return true;
}

async function isFalse(event: Promise<unknown>): Promise<false> {
  await event;
  return false;
}
