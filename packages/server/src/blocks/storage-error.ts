import { PyrgosError } from '@pyrgos/core/errors';

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EIO', 'the disk reports an error'],
  ['EROFS', 'the disk is read-only'],
  ['EACCES', 'access is denied'],
  ['EPERM', 'access is denied'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
]);

/** The code of an error of the operating system (`ENOENT`, …), or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The typed error for a failure of the block store. Names neither paths nor users: the text goes to clients. */
export function storageError(action: 'read' | 'written' | 'deleted' | 'listed' | 'opened', error: unknown): PyrgosError {
  if (error instanceof PyrgosError) return error;
  const system = systemCode(error) ?? 'unknown';
  const reason = reasons.get(system) ?? system;
  return new PyrgosError('storage', `The block store could not be ${action}: ${reason}.`, { data: { system }, cause: error });
}

/** A stored block whose bytes are not those of its CID. */
export function damagedBlockError(cid: string): PyrgosError {
  return new PyrgosError('storage', 'A stored block is damaged.', { data: { cid, damaged: true } });
}

/** Whether an error is that of {@link damagedBlockError}. */
export function isDamaged(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'storage' && error.data['damaged'] === true;
}
