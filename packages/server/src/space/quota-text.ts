import { PyrgosError } from '@pyrgos/core/errors';

/** What a refused write would have needed. Bytes. */
export interface ExceededQuota {
  /** What is stored. */
  readonly used: number;
  readonly quota: number;
  /** The refused upload, and what was pending. */
  readonly size: number;
}

/**
 * The refusal of a write beyond the quota, PyrgosError `quota`. The wording is part of the protocol: clients recognise the refusal by it
 * (chapter 02 section 2.4). `more`: a further sentence for people.
 */
export function quotaReached({ quota, size, used }: ExceededQuota, more?: string): PyrgosError {
  const text =
    `Storage quota reached! \nUsed ${used} out of ${quota} bytes. Rejecting write of size ${size}. \n` +
    'Please delete some files or request more space.';
  return new PyrgosError('quota', more === undefined ? text : `${text} ${more}`, { data: { used, quota, size } });
}
