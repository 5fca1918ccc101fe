import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where and how much {@link RotatingLog} writes. */
export interface RotatingLogOptions {
  /** The newest file; older ones get `.1`, `.2`, … appended. Its folder is made, for the owner only. */
  readonly path: string;
  /** Bytes at which a file is full. */
  readonly limit: number;
  /** Files that are kept, the newest included. */
  readonly count: number;
}

/**
 * A log in files of bounded size and number. Writes are synchronous, so that the last words of a dying process are there. Never throws:
 * a log that cannot be written, because the disk is full for example, must not stop the server; it goes on when there is room again.
 */
export class RotatingLog {
  private file: number | undefined;
  private size = 0;

  constructor(private readonly options: RotatingLogOptions) {}

  /** Appends a line, its line break included. */
  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      let file = this.open();
      if (this.size > 0 && this.size + bytes.length > this.options.limit) file = this.rotate();
      this.size += writeSync(file, bytes);
    } catch {
      // What cannot be logged is lost, and the next line tries again.
      this.close();
    }
  }

  /** Closes the file; a later line opens it again. */
  close(): void {
    const { file } = this;
    this.file = undefined;
    if (file === undefined) return;
    try {
      closeSync(file);
    } catch {
      // It is given up either way.
    }
  }

  private open(): number {
    if (this.file !== undefined) return this.file;
    mkdirSync(dirname(this.options.path), { recursive: true, mode: 0o700 });
    this.file = openSync(this.options.path, 'a', 0o600);
    ({ size: this.size } = fstatSync(this.file));
    return this.file;
  }

  private rotate(): number {
    const { count, path } = this.options;
    this.close();
    const nameOf = (age: number): string => (age === 0 ? path : `${path}.${age}`);
    rmSync(nameOf(count - 1), { force: true });
    for (let age = count - 2; age >= 0; age--) {
      try {
        renameSync(nameOf(age), nameOf(age + 1));
      } catch {
        // That one does not exist yet.
      }
    }
    return this.open();
  }
}
