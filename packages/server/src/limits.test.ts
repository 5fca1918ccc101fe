import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as limits from './limits.js';

const document = readFileSync(new URL('../../../LIMITS.md', import.meta.url), 'utf8');
const rows = [...document.slice(document.indexOf('## The server')).matchAll(/^\| `([A-Z0-9_]+)` \| ([0-9,]+) \| .+ \|$/gmu)];

test('LIMITS.md lists exactly the limits of the server with their values', () => {
  const listed = rows.map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))] as const);
  expect(new Map(listed)).toEqual(new Map(Object.entries(limits)));
  expect(listed.length).toBe(Object.keys(limits).length);
});
