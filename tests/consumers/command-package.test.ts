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

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly bundleDependencies?: readonly string[];
}

function manifestOf(package_: string): Manifest {
  return JSON.parse(readFileSync(join(package_, 'package.json'), 'utf8')) as Manifest;
}

test('the packed command runs by itself, with the packages and the web app inside, and names all that it needs', () => {
  const inside = join(folder, 'package');
  const run = (...args: string[]) => spawnSync(process.execPath, [join(inside, 'bin', 'pyrgos.js'), ...args], { encoding: 'utf8' });
  expect(run('--version')).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  expect(run('crypto').status).toBe(0);
  expect(readFileSync(join(inside, 'web', 'index.html'), 'utf8')).toContain('<title>');
  const manifest = manifestOf(inside);
  expect(manifest.bundleDependencies).toEqual(['@pyrgos/core', '@pyrgos/client', '@pyrgos/server']);
  const named = new Set([...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.optionalDependencies ?? {})]);
  for (const name of ['core', 'client', 'server']) {
    const { dependencies, optionalDependencies } = manifestOf(join(root, 'packages', name));
    expect(Object.keys({ ...dependencies, ...optionalDependencies }).filter((needed) => !named.has(needed))).toEqual([]);
    // What a bundled package asks for by itself counts as bundled: a global installation would leave it empty.
    expect(Object.keys(manifestOf(join(inside, 'node_modules', '@pyrgos', name))).filter((key) => /dependencies/i.test(key))).toEqual([]);
  }
});
