import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// npm runs scripts through a shell, which does not pass signals on; Windows has no signals.
describe.skipIf(process.platform === 'win32')('a server that npm has started', { timeout: 240_000 }, () => {
  let folder: string;
  let npm: ChildProcess | undefined;
  let server: number | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-npm-'));
  });
  afterEach(() => {
    npm?.kill('SIGKILL');
    if (server !== undefined && isAlive(server)) process.kill(server, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts it and waits for its line of JSON. */
  const start = async (command: string, args: readonly string[]): Promise<{ readonly child: ChildProcess; readonly pid: number }> => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, PYRGOS_PATH: folder } });
    npm = child;
    let output = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      output += chunk.toString();
      if (/^\{.*\}\n/m.test(output)) break;
    }
    const { pid } = JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? '') as { pid: number };
    server = pid;
    expect(isAlive(pid)).toBe(true);
    return { child, pid };
  };

  test.each([
    ['npm', ['start', '--silent', '--', '--port', '0', '--json']],
    ['npx', ['pyrgos', 'daemon', '--port', '0', '--json']],
  ])('%s: SIGTERM to npm stops the server in order', async (command, args) => {
    const { child, pid } = await start(command, args);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readFileSync(join(folder, 'logs', 'pyrgos.log'), 'utf8')).toContain('the server has stopped');
  });
});
