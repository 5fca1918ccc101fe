// `npm test`: prepares the checkout, runs every test and ends with the line `N passed, N failed` (and `, N skipped`).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { prepare, root } from './prepare.mjs';

await prepare();

const chromium = findChromium();
const projects = ['--project', 'node'];
if (chromium !== undefined) projects.push('--project', 'chromium');

const scratch = mkdtempSync(join(tmpdir(), 'pyrgos-test-'));
const totalsFile = join(scratch, 'totals.json');
const result = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...projects,
    '--reporter=default',
    `--reporter=${join(root, 'tools', 'test-reporter.mjs')}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PYRGOS_TEST_TOTALS: totalsFile, PYRGOS_CHROMIUM: chromium ?? '' },
  },
);

let totals;
try {
  totals = JSON.parse(readFileSync(totalsFile, 'utf8'));
} catch {
  totals = { passed: 0, failed: 1, skipped: 0, unexplained: [] };
  process.stdout.write('the test runner ended without a report\n');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

for (const name of totals.unexplained) process.stdout.write(`skipped without a stated reason: ${name}\n`);
if (chromium === undefined) {
  process.stdout.write('browser tests not run: no Chromium found (install one, or name it in PYRGOS_CHROMIUM)\n');
}
let { failed } = totals;
failed += totals.unexplained.length;
// In CI the browser tests are not optional.
if (chromium === undefined && process.env.CI === 'true') failed += 1;
if (failed === 0 && result.status !== 0) failed = 1;
if (failed === 0 && totals.passed === 0) failed = 1;

const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
process.stdout.write(`${totals.passed} passed, ${failed} failed${skipped}\n`);
process.exitCode = failed === 0 ? 0 : 1;
