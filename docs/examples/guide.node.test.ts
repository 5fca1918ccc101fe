import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Everything between fences and in code, which looks like anything. */
const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gmu, '').replaceAll(/`[^`\n]*`/gu, '');

/** The anchors that GitHub gives to headings. */
function anchorsOf(text: string): Set<string> {
  const headings = text.replaceAll(/^```[\s\S]*?^```/gmu, '').matchAll(/^#+ +(.*)$/gmu);
  return new Set(
    Array.from(headings, ([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/gu, '-'),
    ),
  );
}

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api'))
    .map((name) => join('docs', name)),
  ...['bench/README.md'].filter((name) => existsSync(join(root, name))),
];

test.each(documents)('relative links of %s lead somewhere', (document) => {
  const broken: string[] = [];
  for (const [, target = ''] of withoutCode(read(document)).matchAll(/\]\(([^)\s]+)\)/gu)) {
    if (/^[a-z]+:/u.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? document : relative(root, resolve(root, dirname(document), path));
    if (!existsSync(join(root, file))) broken.push(target);
    else if (anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).has(anchor)) broken.push(target);
  }
  expect(broken).toEqual([]);
});

test('the guide has every error code, in the order of the code', () => {
  const union = /export type ErrorCode =([^;]*);/u.exec(read('packages/core/src/error-data.ts'))?.[1] ?? '';
  const codes = Array.from(union.matchAll(/'([^']+)'/gu), ([, code]) => code);
  const table = /### All error codes\n([\s\S]*?)\n\n`npm run docs/u.exec(read('docs/sdk.md'))?.[1] ?? '';
  expect(codes.length).toBeGreaterThan(50);
  expect(Array.from(table.matchAll(/^\| `([^`]+)` \|/gmu), ([, code]) => code).filter((code) => code !== 'code')).toEqual(codes);
});

test('the guide names every problem of a password', () => {
  const union = /export type PasswordProblem =([^;]*);/u.exec(read('packages/client/src/session/password-policy.ts'))?.[1] ?? '';
  const guide = read('docs/sdk.md');
  for (const [, problem = ''] of union.matchAll(/'([^']+)'/gu)) expect(guide).toContain(`\`${problem}\``);
});

test('ordinary programs import the client only', () => {
  const ordinary = [
    'hello',
    'files-of-an-account',
    'pictures',
    'new-keys',
    'other-people',
    'large-files',
    'upload-a-folder',
    'second-factors',
    'stay-logged-in',
    'handle-errors',
    'space-and-leaving',
    'choose-a-password',
    'browser/main',
  ];
  for (const name of ordinary) expect(read(`docs/examples/${name}.ts`)).not.toContain('@pyrgos/core');
});

test.each([
  ['files/file-system', 'FileSystem'],
  ['session/second-factors', 'SecondFactors'],
  ['session/space', 'AccountSpace'],
  ['identities', 'Identities'],
  ['user-session', 'UserSession'],
  ['pyrgos-server', 'PyrgosServer'],
])('the table of calls has every method of %s', (file, name) => {
  const source = new RegExp(`^export class ${name} \\{([\\s\\S]*?)^\\}`, 'mu').exec(read(`packages/client/src/${file}.ts`))?.[1] ?? '';
  const methods = Array.from(source.matchAll(/^ {2}(?:async )?\*?([a-zA-Z]+)\(/gmu), ([, method = '']) => method).filter(
    (method) => method !== 'constructor',
  );
  expect(methods.length).toBeGreaterThan(2);
  const table = /^## What there is\n([\s\S]*?)^## /mu.exec(read('docs/sdk.md'))?.[1] ?? '';
  expect(methods.filter((method) => !table.includes(`\`${method}\``))).toEqual([]);
});
