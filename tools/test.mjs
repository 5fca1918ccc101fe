// `npm test`: prepares the checkout, runs every test and ends with the line `N passed, N failed` (and `, N skipped`).
// A few files that failed are run once more, alone: hundreds of files with servers and browsers share this machine, and what only a busy
// one makes fail is told as unsteady, by name, instead of hiding whether the rest is right. Each test counts once, as it ended.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { prepare, root } from './prepare.mjs';

/** More files than that do not fail by chance. */
const MAX_FILES_AGAIN = 3;

await prepare();

const chromium = findChromium();
const projects = ['node', ...(chromium === undefined ? [] : ['chromium'])];

/** The totals of one run. */
function run(names, filters) {
  const scratch = mkdtempSync(join(tmpdir(), 'pyrgos-test-'));
  const totalsFile = join(scratch, 'totals.json');
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...names.flatMap((name) => ['--project', name]),
      '--reporter=default',
      `--reporter=${join(root, 'tools', 'test-reporter.mjs')}`,
      ...filters,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PYRGOS_TEST_TOTALS: totalsFile, PYRGOS_CHROMIUM: chromium ?? '' },
    },
  );
  try {
    const totals = JSON.parse(readFileSync(totalsFile, 'utf8'));
    if (totals.failed === 0 && (status !== 0 || totals.passed === 0)) totals.failed = 1;
    return totals;
  } catch {
    process.stdout.write('the test runner ended without a report\n');
    return { passed: 0, failed: 1, skipped: 0, unexplained: [], failedFiles: [] };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const totals = run(projects, process.argv.slice(2));
if (totals.failedFiles.length <= MAX_FILES_AGAIN) {
  for (const first of totals.failedFiles) {
    process.stdout.write(`\n== ${first.file} (${first.project}) once more, alone\n`);
    const second = run([first.project], [first.file]);
    if (second.failed > 0) continue;
    totals.unexplained = [...totals.unexplained.filter((name) => !name.startsWith(`${first.file}: `)), ...second.unexplained];
    for (const key of ['passed', 'failed', 'skipped']) totals[key] += second[key] - first[key];
    for (const test of first.failedTests) process.stdout.write(`unsteady, failed first and passed alone: ${first.file}: ${test}\n`);
  }
}

for (const name of totals.unexplained) process.stdout.write(`skipped without a stated reason: ${name}\n`);
if (chromium === undefined) {
  process.stdout.write('browser tests not run: no Chromium found (install one, or name it in PYRGOS_CHROMIUM)\n');
}
let { failed } = totals;
failed += totals.unexplained.length;
// In CI the browser tests are not optional.
if (chromium === undefined && process.env.CI === 'true') failed += 1;

const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
process.stdout.write(`${totals.passed} passed, ${failed} failed${skipped}\n`);
process.exitCode = failed === 0 ? 0 : 1;
