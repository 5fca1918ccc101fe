import { expect, test } from 'vitest';
import { localMediaName } from './local-media-name.js';

const message = { author: 'bob', time: new Date(2026, 4, 1, 12) };

test.each([
  ['0a1b2c3d-0000-4000-8000-000000000000.png', 'png', '2026-05-01-bob-0a1b2c3d-0000.png'],
  ['0a1b2c3d-0000-4000-8000-000000000000', '', '2026-05-01-bob-0a1b2c3d-0000'],
  ['holiday.png', 'png', '2026-05-01-bob-holiday.png'],
  // Names that programs of the machine look for.
  ['.bash_profile', 'bash_profile', '2026-05-01-bob-bash_profile'],
  ['..npmrc', 'npmrc', '2026-05-01-bob-npmrc'],
  ['package.json', 'json', '2026-05-01-bob-package.json'],
])('%s of another client', (name, extension, expected) => {
  expect(localMediaName({ name, extension, message })).toBe(expected);
});
