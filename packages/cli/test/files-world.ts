/** A server, an account on it, and the command. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type UserSession } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { runInProcess } from './run-in-process.js';

export const bin: string = fileURLToPath(new URL('../bin/pyrgos.js', import.meta.url));
export const password = 'seven lanterns over quiet water';

/** What a command has printed, and how it has ended. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it is a process of its own, as it is for people: where that matters, it costs a second. One that runs beside another always is. */
  readonly asProcess?: boolean;
  /** Given the process, which it is then, while it runs. */
  readonly watch?: (child: ReturnType<typeof spawn>) => void;
}

/** A world for the tests of one file. */
export class FilesWorld {
  private isKept = false;
  private isBusy = false;

  private constructor(
    readonly daemon: DaemonProcess,
    readonly folder: string,
    readonly session: UserSession,
  ) {}

  /** Starts a server and makes the account `ada` on it. */
  static async start(options: Readonly<Record<string, string>> = {}): Promise<FilesWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'pyrgos-cli-'));
    writeFileSync(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
    const daemon = await startDaemonProcess(options);
    const link = new URL(daemon.signUpLink ?? '');
    const server = await connect(link.origin, { pointerCacheMilliseconds: 0 });
    const session = await server.signUp({ username: 'ada', password, token: link.searchParams.get('token') ?? '' });
    return new FilesWorld(daemon, folder, session);
  }

  get server(): string {
    return new URL(this.daemon.url).origin;
  }

  /** The environment of a command that is to open the account without a question. */
  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.folder,
      TZ: 'UTC',
      PYRGOS_SERVER: this.server,
      PYRGOS_USERNAME: 'ada',
      ...(this.isKept ? { PYRGOS_SESSION_FILE: this.sessionFile } : { PYRGOS_PASSWORD_FILE: join(this.folder, 'password') }),
    };
  }

  private get sessionFile(): string {
    return join(this.folder, '.kept', 'session');
  }

  /** Commands use a kept session from now on: a password costs each of them a second. */
  async keepSession(): Promise<void> {
    const { status, stderr } = await this.run(['login', '--session-file', this.sessionFile]);
    if (status !== 0) throw new Error(stderr);
    this.isKept = true;
  }

  /** Commands use the password again. */
  forgetSession(): void {
    this.isKept = false;
  }

  /** Runs the command to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    if (this.isBusy || options.watch !== undefined || options.asProcess === true) return this.spawn(args, options);
    const { cwd = this.folder, env = {}, input = '' } = options;
    this.isBusy = true;
    try {
      return await runInProcess(args, { cwd, env: { ...this.environment, ...env }, input });
    } finally {
      this.isBusy = false;
    }
  }

  private async spawn(args: readonly string[], { cwd = this.folder, env = {}, input = '', watch }: RunOptions): Promise<Ran> {
    const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...this.environment, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    watch?.(child);
    const status = await new Promise<number | null>((done) => child.once('close', (code) => done(code)));
    return { status, stdout, stderr };
  }

  /** What a command prints for programs, one value a line. */
  async json(args: readonly string[], options: RunOptions = {}): Promise<Record<string, unknown>[]> {
    const { stdout } = await this.run([...args, '--json'], options);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    this.session.close();
    await this.daemon.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
