import { expect, test } from 'vitest';
import { fitted } from './small-picture.js';

test.each([
  [
    { width: 4000, height: 3000 },
    { width: 320, height: 240 },
  ],
  [
    { width: 300, height: 600 },
    { width: 160, height: 320 },
  ],
  [
    { width: 20, height: 10 },
    { width: 20, height: 10 },
  ],
  [
    { width: 1, height: 5000 },
    { width: 1, height: 320 },
  ],
])('%j becomes %j', (picture, size) => {
  expect(fitted(picture, 320)).toEqual(size);
});
