import { ConflictError, PyrgosError } from '@pyrgos/core/errors';

/** Conflicts that may be those of an update with itself. */
const afterLostAnswer = new WeakSet<PyrgosError>();

/**
 * Whether a conflict of pointers was the answer to a repeated update, of which an earlier attempt got no answer: then the earlier one may have been
 * applied, and the conflict may be with that, or with what somebody has built upon it. Without that a conflict says that nothing was applied.
 */
export function isAfterLostAnswer(conflict: PyrgosError): boolean {
  return afterLostAnswer.has(conflict);
}

/** Whether the server may have done what this error was the end of: no answer came, though the call may have arrived. */
export function mayHaveArrived(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'network' && error.data['reason'] !== 'unreachable';
}

/**
 * Sends an update of pointers by `send`, which may repeat it and calls `onLost` for every attempt that may have arrived and got no answer. The
 * answer of `send`, but a refusal or conflict after a lost answer is a ConflictError `conflict.pointer` with which {@link isAfterLostAnswer} is
 * true. So is the DeniedError `denied.pointer` of a sequence number that is not higher than the last: the target may be what it was before again.
 * Nested calls keep what the inner one has noted.
 */
export async function notingLostAnswers(send: (onLost: () => void) => Promise<boolean>): Promise<boolean> {
  let isLost = false;
  let answer: boolean;
  try {
    answer = await send(() => {
      isLost = true;
    });
  } catch (error) {
    if (!isLost || !(error instanceof PyrgosError)) throw error;
    if (error.code === 'denied.pointer') throw refusedAgain();
    if (error.code === 'conflict.pointer') afterLostAnswer.add(error);
    throw error;
  }
  // A store of somebody else may answer with anything: what is no boolean is for the caller to refuse.
  const said: unknown = answer;
  if (!isLost || said !== false) return answer;
  throw refusedAgain();
}

function refusedAgain(): ConflictError {
  const refused = new ConflictError('conflict.pointer', 'an update of a mutable pointer was refused when it was repeated');
  afterLostAnswer.add(refused);
  return refused;
}

/** The error of an update of which nobody can tell whether it was applied. Never repeated by itself. */
export function unknownOutcome(cause?: unknown): PyrgosError {
  return new PyrgosError(
    'network',
    'The answer of the server was lost, and others have changed the same since: the change may or may not have been made. Look at what is there now.',
    { retry: 'after', data: { reason: 'unknown-outcome' }, ...(cause === undefined ? {} : { cause }) },
  );
}
