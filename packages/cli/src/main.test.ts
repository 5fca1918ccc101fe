import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
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
    const cases: [string[], string][] = [
      [['frobnicate'], 'pyrgos --help'],
      [['--frobnicate'], 'pyrgos --help'],
      [['crypto', '--frobnicate'], 'pyrgos crypto --help'],
      [['crypto', 'extra'], 'pyrgos crypto --help'],
      [['ls', '--frobnicate'], 'pyrgos ls --help'],
      [['find', '--type', 'x'], 'pyrgos find --help'],
      [['admin', 'user', 'quota'], 'pyrgos admin user quota --help'],
      [['admin', 'frobnicate'], 'pyrgos admin --help'],
    ];
    for (const [args, help] of cases) {
      const result = pyrgos(...args);
      expect(result.status, args.join(' ')).toBe(2);
      expect(result.stdout).toBe('');
      expect(result.stderr).toMatch(/^pyrgos: /u);
      expect(result.stderr).toMatch(new RegExp(`\\(see: (npx )?${help}\\)\\n$`));
    }
  });

  test('help leads to every command, however deep, and says which ones there are not', () => {
    for (const words of [['link'], ['admin', 'user', 'quota']]) {
      const shown = pyrgos(...words, '--help');
      expect([words, pyrgos('help', ...words)]).toEqual([words, { status: 0, stdout: shown.stdout, stderr: '' }]);
      expect(shown.stdout).toContain(`Usage: pyrgos ${words.join(' ')}`);
    }
    expect(pyrgos('help').stdout).toBe(pyrgos().stdout);
    expect(pyrgos('link', 'help', 'create').stdout).toBe(pyrgos('link', 'create', '--help').stdout);
    for (const [args, text, help] of [
      [['help', 'donwload'], "unknown command 'donwload'", '--help'],
      [['help', 'link', 'craete'], "unknown command 'craete'\n(Did you mean create?)", 'link --help'],
      [['link', 'help', 'nosuch'], "unknown command 'nosuch'", 'link --help'],
      [['help', 'ls', 'x'], "there is no 'x' below 'ls'", 'ls --help'],
    ] as const) {
      const { status, stderr, stdout } = pyrgos(...args);
      expect([args, status, stdout]).toEqual([args, 2, '']);
      expect(stderr).toContain(`pyrgos: ${text}`);
      expect(stderr).toMatch(new RegExp(`\\(see: (npx )?pyrgos ${help}\\)\\n$`));
    }
  });

  test('never repeats the value of an option that it does not know', () => {
    for (const args of [
      ['ls', '--passwor=hunter2'],
      ['ls', '-phunter2'],
      ['--passwor=hunter2', 'ls'],
      ["--passwor=it's=hunter2", 'ls'],
      ['ls', '--passwor', 'hunter2'],
      ['daemon', '--pas.wor=hunter2\nhunter2'],
    ]) {
      const { status, stderr } = pyrgos(...args);
      expect([args, status, stderr]).toEqual([args, 2, expect.stringMatching(/unknown option '--?p[a-z.]*'/)]);
      expect(stderr).not.toContain('hunter2');
    }
    expect(pyrgos('ls', '--lon').stderr).toContain('Did you mean --long?');
  });

  test('what was typed cannot steer the terminal, and programs get their errors as JSON', () => {
    for (const [args, shown] of [
      [['\u001b]0;title\u0007x'], String.raw`unknown command '\u{1b}]0;title\u{7}x'`],
      [['--x\u001b[31m'], String.raw`unknown option '--x\u{1b}[31m'`],
      [['stat'], "missing required argument 'paths'"],
      [['find', '--type', 'x\u001b'], String.raw`'x\u{1b}' is invalid`],
      [['crypto', 'a\u001b'], 'too many arguments'],
      [['token', 'create', '\u001b'], 'It must be a number'],
      [['doctor', '--data', '/nowhere\u001b', 'x\u001b'], 'too many arguments'],
    ] as const) {
      const plain = pyrgos(...args);
      expect([args, plain.status, plain.stderr]).toEqual([args, 2, expect.stringContaining(shown)]);
      // oxlint-disable-next-line no-control-regex
      expect(plain.stderr.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      const { status, stdout } = pyrgos(...args, '--json');
      expect([args, status, JSON.parse(stdout)]).toEqual([
        args,
        2,
        { event: 'error', code: 'argument', message: expect.stringContaining(shown) },
      ]);
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

/** Takes nothing that is written to it, as a full disk; only Linux has it. */
const FULL = '/dev/full';

test.skipIf(!existsSync(FULL))('output that goes to a full disk ends with the code for that (needs /dev/full)', () => {
  const output = openSync(FULL, 'w');
  try {
    const { status, stderr } = spawnSync(process.execPath, [bin, 'completion', 'bash'], {
      encoding: 'utf8',
      stdio: ['ignore', output, 'pipe'],
      timeout: 50_000,
    });
    expect(stderr).toBe('pyrgos: the disk that the output is written to is full\n');
    expect(status).toBe(6);
  } finally {
    closeSync(output);
  }
});
