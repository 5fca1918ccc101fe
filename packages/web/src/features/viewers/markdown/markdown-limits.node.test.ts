import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as limits from './markdown-limits.js';

test('LIMITS.md lists exactly these limits with their values', () => {
  const document = readFileSync(new URL('../../../../../../LIMITS.md', import.meta.url), 'utf8');
  const section = document.slice(document.indexOf('## The web app'), document.indexOf('## The server'));
  const rows = section.matchAll(/^\| `([A-Z_]+)` \| ([0-9,]+) \| .+ \|$/gmu);
  const listed = [...rows].map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))] as const);
  expect(new Map(listed)).toEqual(new Map(Object.entries(limits).filter(([, value]) => typeof value === 'number')));
});
