import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
beforeAll(() => {
  // Inside the checkout: what comes from the registry is found there, and no network is needed.
  mkdirSync(join(root, '.pyrgos-build'), { recursive: true });
  folder = mkdtempSync(join(root, '.pyrgos-build', 'packed-'));
  const file = execFileSync(process.execPath, [join(root, 'tools', 'package.mjs'), folder], { encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', file, '-C', folder]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the packed command runs by itself, with the packages and the web app inside, and names all that it needs', () => {
  const inside = join(folder, 'package');
  const run = (...args: string[]) => spawnSync(process.execPath, [join(inside, 'bin', 'pyrgos.js'), ...args], { encoding: 'utf8' });
  expect(run('--version')).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  expect(run('crypto').status).toBe(0);
  expect(readFileSync(join(inside, 'web', 'index.html'), 'utf8')).toContain('<title>');
  const manifest = JSON.parse(readFileSync(join(inside, 'package.json'), 'utf8')) as {
    readonly bundleDependencies: readonly string[];
    readonly dependencies: Readonly<Record<string, string>>;
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  expect(manifest.bundleDependencies).toEqual(['@pyrgos/core', '@pyrgos/client', '@pyrgos/server']);
  const named = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies)]);
  for (const name of manifest.bundleDependencies) {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(inside, 'node_modules', name, 'package.json'), 'utf8'),
    ) as { readonly dependencies?: Record<string, string>; readonly optionalDependencies?: Record<string, string> };
    expect([...Object.keys(dependencies), ...Object.keys(optionalDependencies)].filter((needed) => !named.has(needed))).toEqual([]);
  }
});
