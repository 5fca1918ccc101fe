import { onAbort } from '../../abort.js';
import { copyBytes } from '../../bytes.js';
import { AbortedError, PyrgosError, throwIfAborted } from '../../errors.js';
import type { ComputationOptions, ScryptParameters } from '../provider.js';
import { scryptInline } from '../scrypt-inline.js';
import { startScryptKernel } from '../wasm/scrypt-kernel.js';
import type { Job, JobResult } from './protocol.js';
import { WorkerClient } from './worker-client.js';

/** Below this memory, in bytes, scrypt takes less time than starting a worker. */
const SMALL = 4 * 1024 * 1024;

async function onThisThread(
  password: Uint8Array,
  salt: Uint8Array,
  parameters: ScryptParameters,
  options: ComputationOptions,
): Promise<Uint8Array> {
  let steps: Generator<number, Uint8Array, undefined>;
  try {
    steps = await startScryptKernel(password, salt, parameters);
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    return scryptInline(password, salt, parameters, options);
  }
  const small = 128 * parameters.r * 2 ** parameters.logN * parameters.p <= SMALL;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    options.onProgress?.(step.value);
    if (small) continue;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
    throwIfAborted(options.signal, 'the key derivation');
  }
}

/** The same options with progress that never falls: a worker that dies half way is followed by a new start on this thread. */
function risingProgress(options: ComputationOptions): ComputationOptions {
  const { onProgress } = options;
  if (onProgress === undefined) return options;
  let reported = -1;
  return {
    ...options,
    onProgress: (fraction) => {
      if (fraction <= reported) return;
      reported = fraction;
      onProgress(fraction);
    },
  };
}

/**
 * scrypt in a worker of its own, which ends with it: its memory (128 MiB for a login) is free again, and cancelling stops it at once.
 * Small computations, and platforms without workers, run on the calling thread in steps. Parameters are already checked. AbortedError.
 */
export async function scryptOffThread(
  password: Uint8Array,
  salt: Uint8Array,
  parameters: ScryptParameters,
  callerOptions: ComputationOptions = {},
): Promise<Uint8Array> {
  const options = risingProgress(callerOptions);
  throwIfAborted(options.signal, 'the key derivation');
  if (128 * parameters.r * 2 ** parameters.logN * parameters.p <= SMALL) return onThisThread(password, salt, parameters, options);
  let stopListening: () => void = () => undefined;
  let worker: WorkerClient | undefined;
  try {
    const result = await new Promise<JobResult | undefined>((resolve, reject) => {
      worker = new WorkerClient(
        'auto',
        () => undefined,
        () => undefined,
      );
      if (!worker.started) {
        resolve(undefined);
        return;
      }
      const { logN, r, p, length } = parameters;
      // Copies: the worker wipes the password when it is done.
      const job: Job = { kind: 'scrypt', password: copyBytes(password), salt: copyBytes(salt), parameters: { logN, r, p, length } };
      stopListening = onAbort(options.signal, 'the key derivation', reject);
      worker.run({ job, transfer: [], onProgress: options.onProgress, resolve, reject });
      if (job.kind === 'scrypt') job.password.fill(0);
    });
    if (result instanceof Uint8Array) return result;
  } catch (error) {
    // A worker that cannot be loaded (a bundle without its file, a strict policy) is no reason not to log in.
    if (!(error instanceof PyrgosError) || error.code !== 'crypto.worker') throw error;
  } finally {
    stopListening();
    // Not waited for: the result is there, and the worker has nothing left to say.
    void worker?.terminate(new AbortedError('the key derivation'));
  }
  return onThisThread(password, salt, parameters, options);
}
