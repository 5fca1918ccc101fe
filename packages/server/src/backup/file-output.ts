import { type FileHandle, open } from 'node:fs/promises';

/** Bytes that are gathered before they are written. */
const BUFFER_SIZE = 1 << 20;

/** A new file that is written from start to end; for its owner only. */
export class FileOutput {
  private parts: Uint8Array[] = [];
  private size = 0;

  private constructor(private readonly file: FileHandle) {}

  /** Creates the file; it must not exist. */
  static async create(path: string): Promise<FileOutput> {
    return new FileOutput(await open(path, 'wx', 0o600));
  }

  /** Appends bytes, which must not change until {@link finish} has resolved. */
  async write(bytes: Uint8Array): Promise<void> {
    this.parts.push(bytes);
    this.size += bytes.length;
    if (this.size >= BUFFER_SIZE) await this.flush();
  }

  /** Writes what is left and closes; the content is on disk when it resolves. */
  async finish(): Promise<void> {
    await this.flush();
    await this.file.sync();
    await this.file.close();
  }

  /** Closes without finishing. */
  async abandon(): Promise<void> {
    await this.file.close().catch(() => undefined);
  }

  private async flush(): Promise<void> {
    const parts = this.parts;
    this.parts = [];
    this.size = 0;
    if (parts.length > 0) await this.file.writev(parts);
  }
}
