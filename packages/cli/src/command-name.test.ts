import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nameOfCommand, quotedWord } from './command-name.js';

test.skipIf(process.platform === 'win32')('the command is named as it was started', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pyrgos-name-'));
  try {
    writeFileSync(join(folder, 'pyrgos'), '');
    const script = '/opt/pyrgos/packages/cli/bin/pyrgos.js';
    const checkout = '/opt/pyrgos/';
    expect(nameOfCommand({ checkout, script, cwd: '/opt/pyrgos', environment: {} })).toBe('npx pyrgos');
    expect(nameOfCommand({ checkout, script, cwd: '/', environment: { PATH: folder } })).toBe(`node ${script}`);
    expect(nameOfCommand({ checkout, script: '/opt/my bin/pyrgos.js', cwd: '/', environment: {} })).toBe("node '/opt/my bin/pyrgos.js'");
    expect(nameOfCommand({ checkout, script: `${folder}/pyrgos`, cwd: '/', environment: { PATH: `/bin:${folder}` } })).toBe('pyrgos');

    const cached = '/home/ada/.npm/_npx/52d5/node_modules/.bin/pyrgos';
    const npx = { checkout: undefined, script: cached, cwd: '/' };
    expect(nameOfCommand({ ...npx, environment: { npm_config_package: './my pyrgos.tgz', PATH: folder } })).toBe(
      "npx '--package=./my pyrgos.tgz' pyrgos",
    );
    expect(nameOfCommand({ ...npx, environment: { npm_command: 'exec' } })).toBe(`node ${cached}`);

    const installed = { checkout: undefined, script: '/srv/node_modules/.bin/pyrgos', cwd: '/srv' };
    expect(nameOfCommand({ ...installed, environment: { npm_command: 'exec', PATH: folder } })).toBe('npx pyrgos');
    expect(nameOfCommand({ ...installed, environment: { PATH: `:${folder}` } })).toBe('pyrgos');
    expect(nameOfCommand({ ...installed, environment: { PATH: '' } })).toBe('node /srv/node_modules/.bin/pyrgos');
    expect(nameOfCommand({ ...installed, environment: {} })).toBe('node /srv/node_modules/.bin/pyrgos');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(process.platform === 'win32')('words of a shell are quoted when they have to be', () => {
  expect(['/srv/a-b_1.d', '', 'a b', "it's", '$x'].map(quotedWord)).toEqual(['/srv/a-b_1.d', "''", "'a b'", String.raw`'it'\''s'`, "'$x'"]);
});
