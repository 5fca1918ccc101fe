import { lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PyrgosError } from '@pyrgos/client';

/**
 * A folder of this machine that somebody writes into for a while. Node has no way to make a file below an open folder, only at a path, in which another program may put a link
 * into the place of a folder at any time. What can be done is to look right before each write whether the path still leads to the same folder.
 */
export class LocalFolder {
  private constructor(
    readonly path: string,
    /** Where the path led, with no link on the way, when it was looked at first. */
    private readonly real: string,
    private readonly mark: string,
  ) {}

  /** The folder that a path leads to; links on the way are followed, because somebody has named it. Errors of the system. */
  static async at(path: string): Promise<LocalFolder> {
    const real = await realpath(path);
    return new LocalFolder(path, real, await markOf(real, path));
  }

  /** Makes a folder unless it is there. A link is not followed: it may lead anywhere. PyrgosError `conflict.exists` for what is no folder; errors of the system. */
  static async make(path: string): Promise<LocalFolder> {
    return LocalFolder.below(await LocalFolder.at(dirname(path)), path);
  }

  /** Makes a folder in this one, as {@link make}. PyrgosError as {@link requireSame}. */
  async child(name: string): Promise<LocalFolder> {
    await this.requireSame();
    return LocalFolder.below(this, join(this.path, name));
  }

  private static async below(parent: LocalFolder, path: string): Promise<LocalFolder> {
    await makeFolder(path);
    const real = await realpath(path);
    const made = new LocalFolder(path, real, await markOf(real, path));
    // It may have become a link since, and so may the folder that it is in.
    if (dirname(real) !== parent.real) throw replaced(path);
    return made;
  }

  /** Requires the path to lead to the folder that it led to at first: PyrgosError `conflict.exists`. */
  async requireSame(): Promise<void> {
    const real = await realpath(this.path).catch(() => undefined);
    if (real !== this.real || (await markOf(real, this.path)) !== this.mark) throw replaced(this.path);
  }
}

/** Tells a folder from every other one. */
async function markOf(real: string, path: string): Promise<string> {
  const info = await lstat(real, { bigint: true }).catch(() => undefined);
  if (info?.isDirectory() !== true) throw replaced(path);
  return `${info.dev}:${info.ino}`;
}

/** Something on this machine is where something has to go. */
export function inTheWay(problem: string, local: string): PyrgosError {
  return new PyrgosError('conflict.exists', `${problem}: move ${local} away, or choose another folder`, { data: { local } });
}

function replaced(local: string): PyrgosError {
  const message = `the folder ${local} was replaced by something else meanwhile, and nothing more is written there: look what is there now, and run the same command again`;
  return new PyrgosError('conflict.exists', message, { data: { local } });
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const info = await lstat(path).catch(() => undefined);
    if (info?.isDirectory() === true) return;
    if (info === undefined) throw error;
    throw inTheWay('a file or link of this name is in the way on this machine', path);
  }
}
