import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'docs', 'examples', 'hello.ts');
let project: string;
let daemon: DaemonProcess;

beforeAll(async () => {
  daemon = await startDaemonProcess();
  project = await mkdtemp(join(tmpdir(), 'pyrgos-quick-start-'));
  await mkdir(join(project, 'node_modules', '@pyrgos'), { recursive: true });
  for (const name of ['core', 'client'])
    await symlink(join(root, 'packages', name), join(project, 'node_modules', '@pyrgos', name), 'junction');
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
});
afterAll(async () => {
  await daemon.stop();
  await rm(project, { recursive: true, force: true });
});

test('the quick start of the guide, in a project of its own, with a server as people start it', async () => {
  expect(await readFile(join(root, 'docs', 'sdk.md'), 'utf8')).toContain(`\`\`\`js\n${await readFile(program, 'utf8')}\`\`\``);
  await copyFile(program, join(project, 'hello.js'));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['hello.js', daemon.signUpLink ?? ''], { cwd: project });
  expect(stdout).toBe('/ada/hello.txt 17\nHello, lighthouse\n');
  expect(stderr).toBe('');
});
