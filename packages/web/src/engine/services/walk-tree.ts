import { type FileEntry, type FileSystem, PyrgosError } from '@pyrgos/client';

/** One thing met on a walk; undefined for one that is damaged or a directory that cannot be looked into. */
export type Met = FileEntry | undefined;

/**
 * Everything below a directory, level by level: what is near is met first. Damaged parts keep nothing else from being met; a lost connection ends the walk. Only the
 * paths of directories that wait are in memory.
 */
export async function* walkTree(
  files: FileSystem,
  top: string,
  { showsHidden, signal }: { readonly showsHidden: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Met, void, undefined> {
  let level = [top];
  while (level.length > 0) {
    const next: string[] = [];
    for (const directory of level) {
      try {
        for await (const entry of files.list(directory, { signal })) {
          if (entry.isDamaged) {
            yield undefined;
            continue;
          }
          if (entry.isHidden && !showsHidden) continue;
          if (entry.isDirectory) next.push(entry.path);
          yield entry;
        }
      } catch (error) {
        if (!(error instanceof PyrgosError) || error.code === 'network' || error.code === 'aborted' || error.code === 'denied.session')
          throw error;
        // The first directory is the one that somebody has asked about.
        if (directory === top) throw error;
        // Deleted meanwhile: then it is not there.
        if (error.code !== 'not-found.file') yield undefined;
      }
    }
    level = next;
  }
}
