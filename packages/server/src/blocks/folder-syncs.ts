import { GroupSync } from '../sql/group-sync.js';
import type { FileSystem } from './file-system.js';

/** Syncs folders; who needs the same folder at the same time shares one sync. */
export class FolderSyncs {
  private readonly folders = new Map<string, { readonly group: GroupSync; waiting: number }>();

  constructor(private readonly fileSystem: Pick<FileSystem, 'syncFolder'>) {}

  /** Resolves when a sync of the folder that began after this call is done. */
  async sync(path: string): Promise<void> {
    const folder = this.folders.get(path) ?? { group: new GroupSync(async () => this.fileSystem.syncFolder(path)), waiting: 0 };
    this.folders.set(path, folder);
    folder.waiting++;
    try {
      await folder.group.sync();
    } finally {
      folder.waiting--;
      if (folder.waiting === 0) this.folders.delete(path);
    }
  }
}
