import { type FileSystem, PyrgosError } from '@pyrgos/client';
import { makeZip } from 'client-zip';
import type { ZipTexts } from '../calls.js';
import { childOf, nameOf, numberedName } from '../paths.js';

/** What a zip file is made of, one thing after the other. */
interface ZipEntry {
  readonly name: string;
  readonly lastModified: Date;
  readonly input?: AsyncIterable<Uint8Array> | string;
}

/** A zip file that is made while it is read. */
export interface ZipFile {
  /** Nothing but the piece that is asked for is in memory. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** How many things were left out or cut off so far because they are damaged. What is in the zip file says which. */
  readonly damaged: () => number;
}

/**
 * Everything below several paths as one zip file. What is damaged costs its siblings nothing: it is left out, or ends where it cannot be read any more,
 * and a text file at the end of the zip file tells. Anything else that goes wrong, such as a lost connection, ends the stream with its error.
 */
export function zipFile(files: FileSystem, paths: readonly string[], texts: ZipTexts, signal: AbortSignal): ZipFile {
  const archive = new Archive(files, texts, signal);
  const stream = makeZip(archive.entries(paths), { buffersAreUTF8: true });
  return { stream: stream as ReadableStream<Uint8Array<ArrayBuffer>>, damaged: () => archive.damaged };
}

class Archive {
  private readonly leftOut: string[] = [];
  private readonly cutOff: string[] = [];

  constructor(
    private readonly files: FileSystem,
    private readonly texts: ZipTexts,
    private readonly signal: AbortSignal,
  ) {}

  get damaged(): number {
    return this.leftOut.length + this.cutOff.length;
  }

  async *entries(paths: readonly string[]): AsyncGenerator<ZipEntry, void, undefined> {
    const used = new Set<string>();
    for (const path of paths) {
      const name = uniqueName(nameOf(path), used);
      const entry = await this.unlessDamaged(path, async () => this.files.stat(path, { signal: this.signal }));
      if (entry?.isDirectory === true) yield* this.directory(path, name, entry.modified);
      else if (entry !== undefined) yield* this.file(path, name, entry.modified);
    }
    if (this.damaged > 0) yield { name: uniqueName(this.texts.reportName, used), lastModified: new Date(), input: this.report() };
  }

  private async *directory(path: string, name: string, lastModified: Date): AsyncGenerator<ZipEntry, void, undefined> {
    yield { name: `${name}/`, lastModified };
    const used = new Set<string>();
    const children = this.files.list(path, { signal: this.signal })[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.unlessDamaged(path, async () => children.next());
      if (next === undefined || next.done === true) return;
      const child = next.value;
      const childPath = childOf(path, child.name ?? '?');
      if (child.isDamaged) {
        this.leftOut.push(childPath);
        continue;
      }
      const childName = `${name}/${uniqueName(child.name, used)}`;
      if (child.isDirectory) yield* this.directory(childPath, childName, child.modified);
      else yield* this.file(childPath, childName, child.modified);
    }
  }

  /** Begins with a file only when its beginning can be read. */
  private async *file(path: string, name: string, lastModified: Date): AsyncGenerator<ZipEntry, void, undefined> {
    const begun = await this.unlessDamaged(path, async () => {
      const reader = (await this.files.stream(path, { signal: this.signal })).getReader();
      return { reader, first: await reader.read() };
    });
    if (begun !== undefined) yield { name, lastModified, input: this.content(path, begun.reader, begun.first) };
  }

  private async *content(
    path: string,
    reader: ReadableStreamDefaultReader<Uint8Array>,
    first: ReadableStreamReadResult<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let piece = first; !piece.done; piece = await reader.read()) yield piece.value;
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.cutOff.push(path);
    } finally {
      // Of use when the zip file is not read to its end.
      reader.cancel().catch(() => undefined);
    }
  }

  private async unlessDamaged<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.leftOut.push(path);
      return undefined;
    }
  }

  private report(): string {
    const part = (head: string, paths: readonly string[]): string[] => (paths.length === 0 ? [] : [head, ...paths, '']);
    return [...part(this.texts.leftOut, this.leftOut), ...part(this.texts.cutOff, this.cutOff)].join('\r\n');
  }
}

/** Errors that say nothing about what was read: they are about the way to it, or nobody wants it any more. */
const NOT_OF_FILES: ReadonlySet<string> = new Set(['aborted', 'rate', 'denied.session', 'internal', 'crypto.worker']);

/** Whether an error is about what was read. */
function isDamage(error: unknown): boolean {
  if (!(error instanceof PyrgosError) || NOT_OF_FILES.has(error.code)) return false;
  // A server that answers, but cannot read this from its disk.
  if (error.code === 'network') return error.retry === 'never' && error.data['status'] !== undefined;
  return true;
}

/** A name that no program which unpacks takes for a way out of its folder, and that is not there yet. */
function uniqueName(name: string, used: Set<string>): string {
  const safe = /^\.{1,2}$/u.test(name) ? '_' : name.replaceAll(/[\\/\0]/gu, '_');
  let unique = safe;
  for (let number = 2; used.has(unique); number++) unique = numberedName(safe, number);
  used.add(unique);
  return unique;
}
