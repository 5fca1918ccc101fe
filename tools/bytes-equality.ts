// Setup of the tests: `toEqual` looks at every byte as at a property of its own, which takes half a minute for a file of 6 MB.
import { expect } from 'vitest';

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

expect.addEqualityTesters([
  // Of different classes it stays a question of the matcher whether they are equal.
  (left: unknown, right: unknown): boolean | undefined =>
    left instanceof Uint8Array && right instanceof Uint8Array && left.constructor === right.constructor ? isSame(left, right) : undefined,
]);
