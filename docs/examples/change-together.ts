import { ConflictError, type FileSystem } from '@pyrgos/client';

/**
 * Reads a file, changes what it says, and writes it back only if nobody else has changed it in between; else it begins again with what is there now.
 * Any number of devices may do this at a time: no change is lost. Returns the new content.
 */
export async function changeTogether(files: FileSystem, path: string, change: (content: string) => string): Promise<string> {
  for (;;) {
    const { version } = await files.stat(path);
    const content = change(await files.readText(path));
    try {
      await files.write(path, content, { ifVersion: version });
      return content;
    } catch (error) {
      if (!(error instanceof ConflictError) || error.code !== 'conflict.changed') throw error;
      // What is read next is what is there now.
      files.refresh();
    }
  }
}
