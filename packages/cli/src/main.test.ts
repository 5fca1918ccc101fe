import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../bin/pyrgos.js', import.meta.url));

function pyrgos(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', timeout: 50_000 });
  return { status, stdout, stderr };
}

describe('the pyrgos command', () => {
  test('prints its help without arguments and with --help', () => {
    const plain = pyrgos();
    expect(plain.status).toBe(0);
    expect(plain.stdout).toContain('Usage: pyrgos');
    expect(pyrgos('--help')).toMatchObject({ status: 0, stdout: plain.stdout });
  });

  test('prints its version', () => {
    const result = pyrgos('--version');
    expect(result.status).toBe(0);
    expect(result.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('refuses an unknown command or option with exit code 2 and says where help is', () => {
    for (const args of [['frobnicate'], ['--frobnicate'], ['crypto', '--frobnicate'], ['crypto', 'extra']]) {
      const result = pyrgos(...args);
      expect(result.status, args.join(' ')).toBe(2);
      expect(result.stdout).toBe('');
      expect(result.stderr).toContain('pyrgos --help');
    }
  });

  test('reports the crypto back ends', () => {
    const result = pyrgos('crypto', '--json');
    expect(result.status).toBe(0);
    const report = JSON.parse(result.stdout) as { chosen: string; backends: { backend: string; usable: boolean }[] };
    expect(report.backends.map((entry) => entry.backend)).toEqual(['native', 'wasm', 'portable']);
    expect(report.backends.find((entry) => entry.backend === report.chosen)?.usable).toBe(true);
    expect(pyrgos('crypto').stdout).toContain(`* ${report.chosen}`);
  });
});
