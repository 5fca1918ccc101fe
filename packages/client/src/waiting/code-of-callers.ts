/** Errors of code of callers; whether they are of the same classes as errors of this SDK says nothing about where they come from. */
const thrown = new WeakSet<object>();

/**
 * Runs code of a caller: a source, a callback. What it throws comes out as it is, and is known to {@link isCallersError} from then on: a source
 * that reads another file, and does not find it, must not look like a change that has not found its own.
 */
export async function callersCode<T>(code: () => Promise<T> | T): Promise<T> {
  try {
    return await code();
  } catch (error) {
    throw asCallersError(error);
  }
}

/** {@link callersCode} for code that answers at once. */
export function callersCodeNow<T>(code: () => T): T {
  try {
    return code();
  } catch (error) {
    throw asCallersError(error);
  }
}

/** Whether an error was thrown by code of a caller: then it is no reason to try anything again, nor to say it in other words. */
export function isCallersError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && thrown.has(error);
}

function asCallersError(error: unknown): unknown {
  if (typeof error === 'object' && error !== null) thrown.add(error);
  return error;
}
