import { type ErrorCode, PyrgosError } from '@pyrgos/core/errors';
import { isCallersError } from '../waiting/code-of-callers.js';

/** Something is in the way, or has changed. */
const CONFLICTS: ReadonlySet<ErrorCode> = new Set(['conflict.exists', 'conflict.changed', 'conflict.file', 'conflict.source']);
/** Something is not there, or is damaged. */
const DAMAGE: ReadonlySet<ErrorCode> = new Set([
  'not-found.file',
  'not-found.block',
  'denied.block',
  'crypto.authentication',
  'format.bat',
  'format.block',
  'format.cbor',
  'format.champ',
  'format.cid',
  'format.container',
  'format.cryptree',
  'format.key',
]);

/**
 * An error of a call about a file, which says in `data.path` which: `path`, or `target` where a conflict is about another place. One that is about no
 * file, or names its path already, is left as it is, and so is what the caller's own code has thrown.
 */
export function errorAt(error: unknown, path: () => string, target: () => string = path): unknown {
  if (isCallersError(error) || !(error instanceof PyrgosError) || error.data['path'] !== undefined) return error;
  const { code, message, data, retry } = error;
  if (!CONFLICTS.has(code) && !DAMAGE.has(code)) return error;
  const at = CONFLICTS.has(code) ? target() : path();
  return new PyrgosError(code, message, { data: { ...data, path: at }, retry, cause: error });
}
