import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode, systemReason } from '../system-reason.js';

/** The typed error for a failure of the block store. Names neither paths nor users: the text goes to clients. */
export function storageError(action: 'read' | 'written' | 'deleted' | 'listed' | 'opened', error: unknown): PyrgosError {
  if (error instanceof PyrgosError) return error;
  const data = { system: systemCode(error) ?? 'unknown' };
  return new PyrgosError('storage', `The block store could not be ${action}: ${systemReason(error)}.`, { data, cause: error });
}

/** A stored block whose bytes are not those of its CID. */
export function damagedBlockError(cid: string): PyrgosError {
  return new PyrgosError('storage', 'A stored block is damaged.', { data: { cid, damaged: true } });
}

/** Whether an error is that of {@link damagedBlockError}. */
export function isDamaged(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'storage' && error.data['damaged'] === true;
}
