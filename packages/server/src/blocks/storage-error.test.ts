import { expect, test } from 'vitest';
import { storageError } from './storage-error.js';
import { systemReason } from '../system-reason.js';

const failure = (code: string): Error => Object.assign(new Error(`${code}: failed, open '/home/alice/secret'`), { code });

test('people read words, and programs codes', () => {
  const codes = ['ENOSPC', 'ENOENT', 'EACCES', 'EIO', 'ENODEV', 'EWHATEVER'];
  for (const code of codes) {
    const error = storageError('read', failure(code));
    expect(error.message).not.toMatch(/E[A-Z]{3}|alice/);
    expect(error.data).toEqual({ system: code });
  }
  expect(storageError('written', failure('ENOSPC')).message).toBe('The block store could not be written: the disk is full.');
  expect(systemReason(failure('ENOENT'))).toBe('it is not there');
  expect(systemReason(new Error('other'))).toMatch(/no words/);
});
