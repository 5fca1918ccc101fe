import { createHash, createHmac, type Hmac } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { FileEntry } from '@pyrgos/client';

/** Bytes of a part for which there is one digest: as much is fetched again, at most, when a download goes on. */
export const PART_STEP = 8_388_608;
/** Bytes of a part that are read at a time to be checked. */
const READ_SIZE = 1_048_576;
const DIGEST_SIZE = 32;

/**
 * The digests of what has come of a file so far, one for each full step, in a file beside the part. A run that goes on with the part believes nothing but these: what another
 * program has written into it, or the disk has lost, is fetched again. The key is made of path and version of the file, so digests of another one, or of somebody who does not
 * know the account, fit nothing. There is no file as long as there is no full step.
 */
export class PartDigests {
  private readonly key: Buffer;
  private digest: Hmac;
  private handle: FileHandle | undefined;

  constructor(
    private readonly path: string,
    private readonly size: number,
    { path: file, version }: Pick<FileEntry, 'path' | 'version'>,
  ) {
    this.key = createHash('sha256')
      .update(JSON.stringify([file, version, PART_STEP]))
      .digest();
    this.digest = this.newDigest(0);
  }

  /** The bytes at the beginning of a part, full steps only, that are as they were when they came. What follows is added with {@link add}. Errors of the system for the part; the reason of `signal`. */
  async verified(part: FileHandle, length: number, signal: AbortSignal): Promise<number> {
    let steps = 0;
    const known = length < PART_STEP ? Buffer.alloc(0) : await this.known(Math.floor(Math.min(length, this.size) / PART_STEP));
    const buffer = Buffer.alloc(known.length === 0 ? 0 : READ_SIZE);
    while ((steps + 1) * DIGEST_SIZE <= known.length) {
      signal.throwIfAborted();
      const digest = await this.digestOf(part, steps, buffer);
      if (digest?.equals(known.subarray(steps * DIGEST_SIZE, (steps + 1) * DIGEST_SIZE)) !== true) break;
      steps++;
    }
    this.digest = this.newDigest(steps);
    return steps * PART_STEP;
  }

  /** Bytes that come next; none of them lies behind the end of the step. */
  add(bytes: Uint8Array): void {
    this.digest.update(bytes);
  }

  /** A step is full: remembers its digest. `step` counts from 0. Errors of the system. */
  async finishStep(step: number): Promise<void> {
    const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
    this.handle ??= await open(this.path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    await this.handle.write(this.digest.digest(), 0, DIGEST_SIZE, step * DIGEST_SIZE);
    this.digest = this.newDigest(step + 1);
  }

  /** Closes the file; `isKept`: for a later run. */
  async close(isKept: boolean): Promise<void> {
    await this.handle?.close().catch(() => undefined);
    this.handle = undefined;
    if (!isKept) await rm(this.path, { force: true }).catch(() => undefined);
  }

  /** What an earlier run has noted, of so many steps at most. */
  private async known(steps: number): Promise<Buffer> {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
    const buffer = Buffer.alloc(steps * DIGEST_SIZE);
    const file = await open(this.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
    if (file === undefined) return Buffer.alloc(0);
    try {
      return buffer.subarray(0, await readFully(file, buffer, 0));
    } catch {
      // No digests: everything is fetched again.
      return Buffer.alloc(0);
    } finally {
      await file.close();
    }
  }

  private async digestOf(part: FileHandle, step: number, buffer: Buffer): Promise<Buffer | undefined> {
    const digest = this.newDigest(step);
    for (let done = 0; done < PART_STEP; done += READ_SIZE) {
      if ((await readFully(part, buffer, step * PART_STEP + done)) < READ_SIZE) return undefined;
      digest.update(buffer);
    }
    return digest.digest();
  }

  private newDigest(step: number): Hmac {
    return createHmac('sha256', this.key).update(`${step}\n`);
  }
}

async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}
