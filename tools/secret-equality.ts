// Setup of the tests: secrets keep their bytes in private fields, which `toEqual` does not see, so it has to ask them.
import { expect } from 'vitest';

interface Comparable {
  readonly equals: (other: unknown) => boolean;
}

/** Whether a value is one of the classes that extend Secret and can be compared. */
function isComparableSecret(value: unknown): value is Comparable {
  if (typeof value !== 'object' || value === null) return false;
  return typeof Reflect.get(value, 'secretKind') === 'string' && typeof Reflect.get(value, 'equals') === 'function';
}

expect.addEqualityTesters([
  (left: unknown, right: unknown): boolean | undefined =>
    isComparableSecret(left) && isComparableSecret(right) ? left.equals(right) : undefined,
]);
