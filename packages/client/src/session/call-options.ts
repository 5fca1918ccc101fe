import { assertFunction, assertObject } from '@pyrgos/core/arguments';
import { throwIfAborted } from '@pyrgos/core/errors';
import type { ProgressListener } from '../waiting/progress.js';

/** Cancelling one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The options of a call, checked as far as all calls have them: ArgumentError for what is no object, no signal or no listener; AbortedError
 * when the call is cancelled already.
 */
export function checkedOptions<O extends CallOptions & { readonly onProgress?: ProgressListener | undefined }>(options: O): O {
  assertObject('options', options);
  throwIfAborted(options.signal);
  if (options.onProgress !== undefined) assertFunction('options.onProgress', options.onProgress);
  return options;
}
