import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as limits from './limits.js';

const document = readFileSync(new URL('../../../LIMITS.md', import.meta.url), 'utf8');
const rows = [...document.matchAll(/^\| `([A-Z0-9_]+)` \| ([0-9,]+) \| (.+) \| (.+) \|$/gmu)].map((match) => ({
  name: match[1] ?? '',
  value: Number((match[2] ?? '').replaceAll(',', '')),
  meaning: match[3] ?? '',
  rule: match[4] ?? '',
}));

test('LIMITS.md lists exactly the limits of the source with their values', () => {
  const listed = rows.map(({ name, value }) => [name, value]);
  expect(Object.fromEntries(listed)).toEqual({ ...limits });
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});

test('every row says whose rule it is', () => {
  for (const { name, rule } of rows) expect(rule, name).toMatch(/^(chapter \d\d section [\d.]+|ours|chapter \d\d section [\d.]+; ours)$/u);
});

test('every limit is a positive safe integer', () => {
  for (const [name, value] of Object.entries(limits)) expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
});
