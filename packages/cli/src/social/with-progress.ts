import type { ProgressListener } from '@pyrgos/client';
import type { FilesContext } from '../files/files-context.js';
import { TerminalProgress } from '../files/terminal-progress.js';

/** Shows how far work on a path is that may take long, new keys for a large directory for instance. */
export async function withProgress<T>(
  { output }: FilesContext,
  path: string,
  work: (onProgress: ProgressListener) => Promise<T>,
): Promise<T> {
  const progress = new TerminalProgress(output.isJson);
  try {
    return await work(({ done, total }) => progress.show(path, 1, 1, total === undefined || total === 0 ? 0 : done / total));
  } finally {
    progress.end();
  }
}
