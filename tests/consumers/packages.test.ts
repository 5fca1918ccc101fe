import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

const known = new Map<string, Promise<string[]>>();

/** The files that npm would publish of a package. */
async function packed(folder: string): Promise<string[]> {
  const files = known.get(folder) ?? pack(folder);
  known.set(folder, files);
  return files;
}

async function pack(folder: string): Promise<string[]> {
  const options = { cwd: join(root, 'packages', folder), maxBuffer: 16_777_216, shell: process.platform === 'win32' };
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options);
  const [report] = JSON.parse(stdout) as { readonly files: readonly { readonly path: string }[] }[];
  return (report?.files ?? []).map(({ path }) => path);
}

/** All files that a part of a package.json names. */
function targets(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('./') ? [value.slice(2)] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(targets) : [];
}

describe.each(['core', 'client', 'server', 'cli'])('the package %s', (folder) => {
  test('has everything that it exports, and no tests', async () => {
    const files = await packed(folder);
    expect(files.filter((path) => /\.(?:test|bench)\.|tsbuildinfo/u.test(path))).toEqual([]);
    const { exports, imports, bin } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as {
      readonly exports?: unknown;
      readonly imports?: unknown;
      readonly bin?: unknown;
    };
    const named = [exports, imports, bin].flatMap(targets);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !files.includes(path))).toEqual([]);
  });
});

test.each(['core', 'client'])('the package %s, which people pack, has a readme and the licence of the repository', async (folder) => {
  expect(await packed(folder)).toEqual(expect.arrayContaining(['LICENSE', 'README.md']));
  const licence = (path: string): string => readFileSync(join(root, path), 'utf8');
  expect(licence(`packages/${folder}/LICENSE`)).toBe(licence('LICENSE'));
});
