import * as errors from '@pyrgos/core/errors';
import { expect, test } from 'vitest';
import * as client from './index.js';

test('what calls take and give is exported with them: the same classes as in core', () => {
  const classes = Object.entries(errors).filter(([, value]) => value.prototype instanceof Error);
  expect(classes.length).toBeGreaterThan(8);
  expect(client).toMatchObject(Object.fromEntries(classes));
  expect([client.SymmetricKey, client.MfaType, client.formatBackupCode]).not.toContain(undefined);
});
