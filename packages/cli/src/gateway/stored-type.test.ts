import { expect, test } from 'vitest';
import { storedType } from './stored-type.js';

test.each(['text/plain', 'application/vnd.peergos-post', 'image/svg+xml', 'text/plain; charset=utf-8'])('%s is sent', (type) => {
  expect(storedType(type)).toBe(type);
});

test.each(['', 'text', 'text/plain\r\nx-evil: 1', 'text/plain, text/html', 'text/plain; x="', 'a/ü', `a/${'b'.repeat(65)}`])(
  '%j is not',
  (type) => {
    expect(storedType(type)).toBe('application/octet-stream');
  },
);
