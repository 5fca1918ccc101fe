const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EIO', 'the disk reports an error'],
  ['EROFS', 'the disk is read-only'],
  ['EACCES', 'access is denied'],
  ['EPERM', 'access is denied'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
  ['ENOENT', 'it is not there'],
  ['ENOTDIR', 'a part of its path is a file'],
  ['EISDIR', 'it is a folder'],
  ['EEXIST', 'it exists already'],
  ['ENOTEMPTY', 'the folder is not empty'],
  ['ENAMETOOLONG', 'its path is too long'],
  ['ELOOP', 'the links in its path lead in a circle'],
  ['EBUSY', 'something else uses it'],
  ['EFBIG', 'it is too large for this file system'],
  ['EINVAL', 'this file system does not support it'],
  ['ENOTSUP', 'this file system does not support it'],
  ['ENOMEM', 'there is not enough memory'],
  ['ENODEV', 'the drive is gone'],
  ['ENXIO', 'the drive is gone'],
  ['ESTALE', 'the network drive does not answer'],
  ['ETIMEDOUT', 'the network drive does not answer'],
  ['ENOTCONN', 'the network drive does not answer'],
]);

/** The code of an error of the operating system (`ENOENT`, …), or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Why the operating system refused something, in words; the code itself belongs into the data of an error. */
export function systemReason(error: unknown): string {
  return reasons.get(systemCode(error) ?? '') ?? 'the system reports an error that Pyrgos has no words for';
}
