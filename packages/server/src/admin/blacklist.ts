import { open } from 'node:fs/promises';
import { PyrgosError } from '@pyrgos/core/errors';
import { BLACKLIST_CHECK_MS, BLACKLIST_REREAD_MS, MAX_BLACKLIST_SIZE } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { BannedUsers } from '../space/pointer-service.js';

/** What a version of the file is recognised by. */
interface FileVersion {
  readonly names: ReadonlySet<string>;
  readonly stamp: string;
  /** When it was read, ms since the epoch. */
  readonly read: number;
}

/**
 * Users whose pointers the operator has closed (chapter 08 section 16.2): a text file with one username a line; empty lines and lines
 * that begin with `#` mean nothing. The file may be missing, and is looked at again every 5 s at most when somebody asks. When it cannot
 * be read any more, what was read last stays in force.
 */
export class Blacklist implements BannedUsers {
  private current: FileVersion | undefined;
  private checked = 0;
  private checking: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {}

  /** See {@link BannedUsers.isBanned}. PyrgosError `storage` when the file is there but cannot be read for the first time. */
  async isBanned(username: string): Promise<boolean> {
    const now = this.clock.now();
    if (this.current === undefined || Math.abs(now - this.checked) >= BLACKLIST_CHECK_MS) {
      this.checking ??= this.check(now).finally(() => {
        this.checking = undefined;
      });
      await this.checking;
    }
    return this.current?.names.has(username) ?? false;
  }

  private async check(now: number): Promise<void> {
    try {
      this.current = await this.load(now);
      this.checked = now;
    } catch (error) {
      if (this.current !== undefined) {
        this.checked = now;
        return;
      }
      const system = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw new PyrgosError('storage', 'The list of banned users cannot be read. Check its owner, permissions and size.', {
        data: { system },
      });
    }
  }

  private async load(now: number): Promise<FileVersion> {
    const before = this.current;
    const file = await open(this.path, 'r').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (file === undefined) return { names: new Set(), stamp: '', read: now };
    try {
      const { ino, mtimeMs, size } = await file.stat();
      const stamp = `${ino} ${mtimeMs} ${size}`;
      if (before?.stamp === stamp && now - before.read < BLACKLIST_REREAD_MS) return before;
      if (size > MAX_BLACKLIST_SIZE) throw new RangeError('the list is too long');
      const lines = (await file.readFile('utf8')).split('\n').map((line) => line.trim());
      return { names: new Set(lines.filter((line) => line !== '' && !line.startsWith('#'))), stamp, read: now };
    } finally {
      await file.close();
    }
  }
}
