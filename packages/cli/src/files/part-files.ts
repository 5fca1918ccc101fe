import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FileEntry } from '@pyrgos/client';
import { judgeLife, ownMark, type ProcessMark } from '@pyrgos/server/config';
import type { LocalFolder } from './local-folder.js';
import { PartDigests } from './part-digests.js';

/** What is fetched is in files of these names until it is complete: the file, its version, and the process that writes. The digests of what is in it are in one beside it. */
const PART_NAME =
  /^\.pyrgos-(?<file>[0-9a-f]{32})-(?<version>[0-9a-f]{16})-(?<writer>\d{1,10}-\d*-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})(?<digests>-d)?\.part$/;
/** The same, whichever version of this command has made it. */
const ANY_PART_NAME = /^\.pyrgos-[0-9a-f]{32}[0-9a-f-]*\.part$/;
/** Milliseconds without a change after which nobody writes a part any more, when its process cannot be asked: it ran on another machine or in another container. */
const ABANDONED_AFTER = 600_000;

/** Files of this process that are being written: its other ones were cut off. */
const written = new Set<string>();

type NamedFile = Pick<FileEntry, 'path' | 'version' | 'size'>;

/** A part that a run has left. */
interface Part {
  readonly name: string;
  readonly file: string;
  readonly version: string;
  readonly writer: string;
  /** Whether it has only the digests of one. */
  readonly isDigests: boolean;
}

/** A part that this process alone writes. */
export interface OpenPart {
  readonly path: string;
  /** For reading and writing. */
  readonly handle: FileHandle;
  /** Bytes that an earlier run has left: not to be believed before `digests` have looked at them. */
  readonly length: number;
  readonly digests: PartDigests;
  /** Closes it; `isKept`: for a later run. */
  close(isKept: boolean): Promise<void>;
}

/** Whether this is the name of a file that `get` has not completed. */
export function isPartName(name: string): boolean {
  return ANY_PART_NAME.test(name);
}

/**
 * The parts in one folder of this machine, as they were when it was read. A part belongs to one version of one file, and to the process that writes it. What nobody
 * writes any more goes on with the same version, and is deleted when the file has another one. Names say nothing to anybody who does not know the account.
 */
export class PartFolder {
  private constructor(
    /** Where the parts are. */
    readonly folder: LocalFolder,
    private readonly parts: readonly Part[],
  ) {}

  /** Looks which parts there are; none in a folder that cannot be read. */
  static async read(folder: LocalFolder): Promise<PartFolder> {
    const names = await readdir(folder.path).catch(() => []);
    return new PartFolder(
      folder,
      names.flatMap((name) => {
        const { digests, file, version, writer } = PART_NAME.exec(name)?.groups ?? {};
        if (file === undefined || version === undefined || writer === undefined) return [];
        return [{ name, file, version, writer, isDigests: digests !== undefined }];
      }),
    );
  }

  /** Opens a part for a file: the longest that was left of this version, or a new one. Other ones that were left are deleted. Errors of the system, and of `LocalFolder.requireSame`. */
  async open(entry: NamedFile): Promise<OpenPart> {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
    const [file, version] = [fileMark(entry), versionMark(entry)];
    const path = join(this.folder.path, `.pyrgos-${file}-${version}-${formatWriter(ownWriter())}.part`);
    await this.folder.requireSame();
    const left = await this.left(file);
    const usable = left
      .filter((part) => !part.isDigests && part.version === version && part.size <= entry.size)
      .sort((a, b) => b.size - a.size);
    const digests = digestsOf(path);
    written.add(path).add(digests);
    try {
      for (const part of usable) {
        // In one step: of two that want it one gets it.
        const isTaken = await rename(join(this.folder.path, part.name), path).then(
          () => true,
          () => false,
        );
        if (!isTaken) continue;
        const itsDigests = left.find(({ name }) => name === digestsOf(part.name));
        // Where it is not there, or somebody has taken it: all is fetched again.
        if (itsDigests !== undefined) await rename(join(this.folder.path, itsDigests.name), digests).catch(() => undefined);
        const own = new Set([part.name, itsDigests?.name, basename(path), basename(digests)]);
        await this.remove(left.filter(({ name }) => !own.has(name)));
        const handle = await open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
        return opened(path, handle, (await handle.stat()).size, new PartDigests(digests, entry.size, entry));
      }
      await this.remove(left);
      const handle = await open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      return opened(path, handle, 0, new PartDigests(digests, entry.size, entry));
    } catch (error) {
      written.delete(path);
      written.delete(digests);
      throw error;
    }
  }

  /** Deletes what was left of a file that is there by now. */
  async forget(entry: NamedFile): Promise<void> {
    if (this.parts.length === 0) return;
    await this.folder.requireSame();
    await this.remove(await this.left(fileMark(entry)));
  }

  /** The parts of a file that nobody writes. Those of other users, and what only has such a name, count as none. */
  private async left(file: string): Promise<(Part & { readonly size: number })[]> {
    const found: (Part & { readonly size: number })[] = [];
    const user = process.geteuid?.();
    for (const part of this.parts.filter((some) => some.file === file)) {
      const path = join(this.folder.path, part.name);
      const info = await lstat(path).catch(() => undefined);
      if (info === undefined || !info.isFile() || info.nlink !== 1 || (user !== undefined && info.uid !== user)) continue;
      if (!isWritten(path, part.writer, info.mtimeMs)) found.push({ ...part, size: info.size });
    }
    return found;
  }

  private async remove(parts: readonly Part[]): Promise<void> {
    for (const { name } of parts) await rm(join(this.folder.path, name), { force: true }).catch(() => undefined);
  }
}

/** The name of the file with the digests of a part. */
function digestsOf(part: string): string {
  return part.replace(/\.part$/, '-d.part');
}

function opened(path: string, handle: FileHandle, length: number, digests: PartDigests): OpenPart {
  return {
    path,
    handle,
    length,
    digests,
    close: async (isKept) => {
      await handle.close().catch(() => undefined);
      await digests.close(isKept);
      if (!isKept) await rm(path, { force: true }).catch(() => undefined);
      written.delete(path);
      written.delete(digestsOf(path));
    },
  };
}

function isWritten(path: string, writer: string, modified: number): boolean {
  const own = ownWriter();
  if (writer === formatWriter(own)) return written.has(path);
  const verdict = judgeLife(parseWriter(writer), own);
  if (verdict !== 'unknown') return verdict === 'alive';
  return Date.now() - modified < ABANDONED_AFTER;
}

function fileMark({ path }: NamedFile): string {
  return mark(path, 32);
}

function versionMark({ version }: NamedFile): string {
  return mark(version, 16);
}

/** This process, in which what is long or says much about the machine is a mark of it. */
function ownWriter(): ProcessMark {
  const { boot, machine, namespace, pid, started } = ownMark();
  const short = (text: string | undefined): string | undefined => (text === undefined ? undefined : mark(text, 8));
  return { pid, started, boot: short(boot), namespace: short(namespace), machine: mark(machine, 8) };
}

const UNKNOWN = '00000000';

function formatWriter({ boot = UNKNOWN, machine, namespace = UNKNOWN, pid, started = '' }: ProcessMark): string {
  return [pid, started, boot, namespace, machine].join('-');
}

function parseWriter(text: string): ProcessMark {
  const [pid = '', started = '', boot = UNKNOWN, namespace = UNKNOWN, machine = ''] = text.split('-');
  const known = (part: string, unknown: string): string | undefined => (part === unknown ? undefined : part);
  return { pid: Number(pid), started: known(started, ''), boot: known(boot, UNKNOWN), namespace: known(namespace, UNKNOWN), machine };
}

function mark(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
