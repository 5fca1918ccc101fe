import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnTypeScript } from '@pyrgos/testkit/child';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataDirectoryLock, findLockHolder } from './data-directory-lock.js';
import { judgeLife, ownMark } from './process-life.js';

const script = new URL('../../test/hold-lock.ts', import.meta.url);

describe('the lock of a data directory', () => {
  let directory: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pyrgos-lock-'));
    writeFileSync(join(directory, 'pyrgos.sqlite'), '');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
    }
    rmSync(directory, { recursive: true, force: true });
  });

  const files = (): string[] => readdirSync(join(directory, 'lock'));
  const spawnHolder = async (mode = 'hold'): Promise<{ child: ChildProcess; line: string }> => {
    const child = spawnTypeScript(script, [directory, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    return { child, line: line.toString() };
  };
  /** Writes a lock file as another process would. */
  const plant = (holder: object): string => {
    const path = join(directory, 'lock', '1-planted.json');
    mkdirSync(join(directory, 'lock'), { recursive: true });
    const rest = { purpose: 'server', socket: join(directory, 'lock', 'nobody.sock'), secret: 'x' };
    writeFileSync(path, JSON.stringify({ ...ownMark(), ...rest, ...holder }));
    return path;
  };

  test('where no server was made nothing of it stays, but for who has it still', async () => {
    rmSync(join(directory, 'pyrgos.sqlite'));
    const lock = await DataDirectoryLock.acquire(directory, 'server');
    await expect(DataDirectoryLock.acquire(directory, 'server', 0)).rejects.toMatchObject({ code: 'storage' });
    expect(readdirSync(directory)).toEqual(['lock']);
    await lock.release();
    expect(readdirSync(directory)).toEqual([]);
    // However many come and go.
    const turns = Array.from({ length: 5 }, async () => (await DataDirectoryLock.acquire(directory, 'command', 20_000)).release());
    await Promise.all(turns);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('where no server was made it can be had as often as somebody else removes the empty folder meanwhile', async () => {
    rmSync(join(directory, 'pyrgos.sqlite'));
    const done = new AbortController();
    // As those do who have given it back.
    const remover = (async () => {
      for (; !done.signal.aborted; await sleep(Math.random())) await rmdir(join(directory, 'lock')).catch(() => undefined);
    })();
    try {
      for (let i = 0; i < 300; i++) await (await DataDirectoryLock.acquire(directory, 'command')).release();
    } finally {
      done.abort();
      await remover;
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  test('traces of a dead process are noticed', async () => {
    const first = await DataDirectoryLock.acquire(directory, 'server');
    expect(first.foundTraces).toBe(false);
    await first.release();
    plant({ boot: 'another' });
    const second = await DataDirectoryLock.acquire(directory, 'server');
    expect(second.foundTraces).toBe(true);
    await second.release();
  });

  test('one process has it, others are told which, and get it afterwards', async () => {
    const lock = await DataDirectoryLock.acquire(directory, 'server');
    await expect(DataDirectoryLock.acquire(directory, 'server', 0)).rejects.toMatchObject({
      code: 'storage',
      data: { pid: process.pid, purpose: 'server' },
      message: expect.stringContaining(directory),
    });
    expect(await findLockHolder(directory)).toMatchObject({ pid: process.pid, purpose: 'server' });
    await lock.release();
    await lock.release();
    expect(files()).toEqual([]);
    expect(await findLockHolder(directory)).toBeUndefined();
    await (await DataDirectoryLock.acquire(directory, 'command')).release();
  });

  test('its files are for the owner only', async () => {
    const lock = await DataDirectoryLock.acquire(directory, 'server');
    expect((statSync(join(directory, 'lock')).mode & 0o777).toString(8)).toBe('700');
    const file = files().find((name) => name.endsWith('.json'));
    expect((statSync(join(directory, 'lock', file!)).mode & 0o777).toString(8)).toBe('600');
    await lock.release();
  });

  test('who waits gets it as soon as it is free', async () => {
    const first = await DataDirectoryLock.acquire(directory, 'command');
    const second = DataDirectoryLock.acquire(directory, 'server', 60_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await first.release();
    await (await second).release();
  });

  test('a killed process leaves nothing in the way', async () => {
    const { child, line } = await spawnHolder();
    expect(line).toBe('held\n');
    await expect(DataDirectoryLock.acquire(directory, 'server', 0)).rejects.toMatchObject({ data: { pid: child.pid } });
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(files()).toHaveLength(2);
    const lock = await DataDirectoryLock.acquire(directory, 'server', 0);
    expect(files()).toHaveLength(2);
    await lock.release();
    expect(files()).toEqual([]);
  });

  test('a stopped process still has it', async () => {
    const { child } = await spawnHolder();
    child.kill('SIGSTOP');
    await expect(DataDirectoryLock.acquire(directory, 'server', 0)).rejects.toMatchObject({ data: { pid: child.pid } });
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(files()).toEqual([]);
  });

  test('of many that start at once at most one gets it', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, async () => spawnHolder('race')));
    expect(results.filter(({ line }) => line === 'held\n').length).toBeLessThanOrEqual(1);
    for (const { line } of results) expect(line).toMatch(/^held|^refused Another Pyrgos server/);
  });

  test.runIf(process.platform === 'linux')('a pid that was given out again deceives nobody', async () => {
    // This very process lives under the pid, but began at another time.
    plant({ started: '1' });
    await (await DataDirectoryLock.acquire(directory, 'server', 0)).release();
    plant({ pid: process.ppid, started: '1' });
    await (await DataDirectoryLock.acquire(directory, 'server', 0)).release();
  });

  test.runIf(process.platform === 'linux')('a machine that was started again has no old holders', async () => {
    plant({ boot: 'an earlier boot' });
    await (await DataDirectoryLock.acquire(directory, 'server', 0)).release();
  });

  test.runIf(process.platform === 'linux')('in another container it lives as long as it listens', async () => {
    const socket = join(directory, 'theirs.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    plant({ namespace: 'pid:[1]', pid: 1, socket });
    await expect(DataDirectoryLock.acquire(directory, 'server', 0)).rejects.toMatchObject({ data: { pid: 1 } });
    server.close();
    await once(server, 'close');
    await (await DataDirectoryLock.acquire(directory, 'server', 0)).release();
  });

  test.runIf(process.platform === 'linux')('on another machine it lives as long as it gives signs of life', async () => {
    const path = plant({ boot: 'another', machine: 'another' });
    await expect(DataDirectoryLock.acquire(directory, 'server', 0)).rejects.toMatchObject({ message: expect.stringContaining(path) });
    const past = new Date(Date.now() - 600_000);
    utimesSync(path, past, past);
    await (await DataDirectoryLock.acquire(directory, 'server', 0)).release();
  });

  test('what a crash of the machine left of a lock file is no holder', async () => {
    const path = plant({});
    for (const content of ['', '{"pid":', '[]', '{"pid":"1"}', '\0'.repeat(100)]) {
      writeFileSync(path, content);
      await (await DataDirectoryLock.acquire(directory, 'server', 0)).release();
    }
  });

  test('a long path works', async () => {
    const long = join(directory, 'a'.repeat(120));
    mkdirSync(long);
    const lock = await DataDirectoryLock.acquire(long, 'server');
    const { socket } = (await findLockHolder(long))!;
    expect(statSync(socket).isSocket()).toBe(true);
    await lock.release();
    expect(() => statSync(socket)).toThrow();
  });

  test('a folder that cannot be written says what to do', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(DataDirectoryLock.acquire(join(directory, 'file'), 'server')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('--data'),
    });
  });

  test('the secret is in the file only', async () => {
    const lock = await DataDirectoryLock.acquire(directory, 'server');
    const file = files().find((name) => name.endsWith('.json'));
    const { secret } = JSON.parse(readFileSync(join(directory, 'lock', file!), 'utf8')) as { secret: string };
    const error: unknown = await DataDirectoryLock.acquire(directory, 'server', 0).catch((it: unknown) => it);
    expect(JSON.stringify([(error as Error).message, (error as { data: unknown }).data])).not.toContain(secret);
    await lock.release();
  });
});

describe('judging a process', () => {
  test('this one is alive', () => {
    expect(judgeLife(ownMark())).toBe(process.platform === 'linux' ? 'alive' : 'unknown');
  });

  test('without a way to know when processes began, a pid that is free is dead and another one unknown', () => {
    const mark = { pid: process.pid, machine: 'm' };
    expect(judgeLife(mark, mark)).toBe('unknown');
    expect(judgeLife({ pid: 2 ** 22 + 7, machine: 'm' }, mark)).toBe('dead');
  });
});
