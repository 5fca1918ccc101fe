/** The real server as a child process, for tests that kill it and for benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../cli/bin/pyrgos.js', import.meta.url));
const START_MS = 120_000;

/** What `pyrgos daemon --json` prints when it is ready. */
interface ReadyLine {
  readonly url: string;
  readonly signUpLink: string | null;
}

/** A running `pyrgos daemon` on a free port and in a data directory of its own. */
export interface DaemonProcess {
  /** `http://localhost:<port>/`. */
  readonly url: string;
  /** The link that a first start shows, and every further one until somebody has an account; undefined later. */
  readonly signUpLink: string | undefined;
  readonly dataDirectory: string;
  readonly pid: number;
  /** What it printed so far, both streams. */
  output(): string;
  /** kill -9. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Stops it in order, and removes its data unless the caller gave the directory. */
  stop(): Promise<void>;
}

/**
 * Starts the server with configuration options (names of the configuration file) and waits until it is ready. `nodeFlags` are for Node, such as
 * those of its profiler.
 */
export async function startDaemonProcess(
  options: Readonly<Record<string, string>> = {},
  directory?: string,
  nodeFlags: readonly string[] = [],
): Promise<DaemonProcess> {
  const dataDirectory = directory ?? (await mkdtemp(join(tmpdir(), 'pyrgos-daemon-')));
  let child: ChildProcess | undefined;
  let output = '';
  let url = '';
  let signUpLink: string | undefined;
  let port = '0';

  const gone = async (process: ChildProcess): Promise<void> => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    await new Promise<void>((resolve) => process.once('close', () => resolve()));
  };

  const start = async (): Promise<void> => {
    const flags = Object.entries({ ...options, port }).flatMap(([name, value]) => [`--${name}`, value]);
    const started = spawn(process.execPath, [...nodeFlags, program, 'daemon', '--json', ...flags], {
      env: { ...process.env, PYRGOS_PATH: dataDirectory },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    let stdout = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server is not ready after ${START_MS} ms\n${output}`)), START_MS);
      started.stdout.on('data', (data: Buffer) => {
        output += data.toString('utf8');
        stdout += data.toString('utf8');
        const line = stdout.split('\n').find((candidate) => candidate.startsWith('{'));
        if (line === undefined || !stdout.includes(`${line}\n`)) return;
        clearTimeout(timer);
        const ready = JSON.parse(line) as ReadyLine;
        url = ready.url;
        signUpLink = ready.signUpLink ?? undefined;
        port = new URL(url).port;
        resolve();
      });
      started.stderr.on('data', (data: Buffer) => (output += data.toString('utf8')));
      started.once('close', (code) => {
        clearTimeout(timer);
        reject(new Error(`the server ended with code ${code}\n${output}`));
      });
    });
  };

  await start();
  return {
    get url() {
      return url;
    },
    get signUpLink() {
      return signUpLink;
    },
    dataDirectory,
    get pid() {
      return child?.pid ?? 0;
    },
    output: () => output,
    async kill() {
      if (child === undefined) return;
      child.kill('SIGKILL');
      await gone(child);
    },
    restart: start,
    async stop() {
      if (child !== undefined) {
        child.kill('SIGTERM');
        await gone(child);
      }
      if (directory === undefined) await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
