/** A command in a pseudo terminal, as a person sees it. Needs `script` of util-linux. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { bin } from './files-world.js';

/** Why there is no pseudo terminal here; undefined when there is one. */
export const noTerminal: string | undefined = ((): string | undefined => {
  const { status, stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return status === 0 && stdout.includes('util-linux') ? undefined : 'needs script of util-linux';
})();

/** A person at a terminal. */
export class PseudoTerminal {
  private raw = '';
  private seen = 0;
  private readonly ended: Promise<number | null>;
  private readonly waiting = new Set<() => void>();

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.raw += text;
      for (const look of this.waiting) look();
    });
    child.stdin?.on('error', () => undefined);
    this.ended = new Promise((done) => child.once('close', (code) => done(code)));
  }

  static start(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string, size = 'cols 120 rows 40'): PseudoTerminal {
    const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
    const command = [`stty ${size}; exec`, ...[process.execPath, bin, ...args].map(quote)].join(' ');
    return new PseudoTerminal(
      spawn('script', ['-qfec', command, '/dev/null'], { cwd, env: { ...env, TERM: 'xterm', SHELL: '/bin/sh' }, stdio: 'pipe' }),
    );
  }

  /** Everything that was shown, without colours and movements. */
  get text(): string {
    return stripVTControlCharacters(this.raw);
  }

  /** Everything that the terminal was sent. */
  get sent(): string {
    return this.raw;
  }

  /** Waits until this is shown, after what was waited for before. */
  async sees(what: string): Promise<void> {
    const isThere = (): boolean => {
      const at = this.text.indexOf(what, this.seen);
      if (at < 0) return false;
      this.seen = at + what.length;
      return true;
    };
    await Promise.race([
      new Promise<void>((done) => {
        const look = (): void => {
          if (!isThere()) return;
          this.waiting.delete(look);
          done();
        };
        this.waiting.add(look);
        look();
      }),
      this.ended.then(() => {
        if (!isThere()) throw new Error(`ended without ${JSON.stringify(what)}: ${this.text}`);
      }),
    ]);
  }

  /** Types something. */
  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Waits for the end; gives the exit code. */
  async end(): Promise<number | null> {
    const code = await this.ended;
    this.child.stdin?.end();
    return code;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
