import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_EMAIL_LENGTH, MAX_WAIT_LIST } from '../limits.js';

const EMAIL = /^[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,6}$/i;
const NEW_LINE = 10;

/**
 * People who want an account later: one e-mail address a line in a text file for the operator (chapter 08 section 6.6). Appends are
 * synced before they count, and come one after the other.
 */
export class WaitList {
  private lines: number | undefined;
  private endsWithNewLine = true;
  private last: Promise<unknown> = Promise.resolve();

  /** `maxLines` for tests of the bound. */
  constructor(
    private readonly path: string,
    private readonly maxLines: number = MAX_WAIT_LIST,
  ) {}

  /** Adds an address; false when it does not look like one, or when the list is full. PyrgosError `storage` when it cannot be written. */
  async join(email: string): Promise<boolean> {
    if (email.length > MAX_EMAIL_LENGTH || !EMAIL.test(email)) return false;
    const joined = this.last.then(async () => this.append(email));
    this.last = joined.catch(() => undefined);
    return joined;
  }

  private async append(email: string): Promise<boolean> {
    try {
      this.lines ??= await this.count();
      if (this.lines >= this.maxLines) return false;
      const file = await open(this.path, 'a', 0o600);
      try {
        // What a crash cut off stays a line of its own.
        await file.appendFile(`${this.endsWithNewLine ? '' : '\n'}${email}\n`, 'utf8');
        await file.datasync();
      } finally {
        await file.close();
      }
    } catch (error) {
      // How much of it was written is unknown: look again next time.
      this.lines = undefined;
      const system = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw new PyrgosError('storage', 'The wait list cannot be written. Check owner, permissions and free space.', { data: { system } });
    }
    this.lines++;
    this.endsWithNewLine = true;
    return true;
  }

  private async count(): Promise<number> {
    let lines = 0;
    let last = NEW_LINE;
    try {
      for await (const chunk of createReadStream(this.path)) {
        if (!(chunk instanceof Uint8Array) || chunk.length === 0) continue;
        for (const byte of chunk) if (byte === NEW_LINE) lines++;
        last = chunk[chunk.length - 1] ?? NEW_LINE;
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    this.endsWithNewLine = last === NEW_LINE;
    return this.endsWithNewLine ? lines : lines + 1;
  }
}
