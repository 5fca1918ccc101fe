import { type FileSystem, PyrgosError } from '@pyrgos/client';
import { ownerOf, parentOf } from '../paths.js';

/** What the account may do in directories, which it need not own: each is asked for once. */
export class FolderRights {
  private readonly known = new Map<string, Promise<boolean>>();

  constructor(
    private readonly files: FileSystem,
    private readonly signal: AbortSignal,
  ) {}

  /** Whether something can be put into a directory, and what is in it be renamed, moved and deleted. Not so `/`, and what cannot be looked at. */
  async isWritable(directory: string): Promise<boolean> {
    if (directory === '/') return false;
    if (ownerOf(directory) === ownerOf(this.files.homePath)) return true;
    const known = this.known.get(directory) ?? this.ask(directory);
    this.known.set(directory, known);
    return known;
  }

  /** Whether something cannot be renamed, moved or deleted. */
  async isFixed(path: string): Promise<boolean> {
    return !(await this.isWritable(parentOf(path)));
  }

  private async ask(directory: string): Promise<boolean> {
    try {
      return (await this.files.find(directory, { signal: this.signal }))?.isWritable === true;
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'denied.session' || error.code === 'network')
        throw error;
      // Whoever lists it is told what is wrong with it.
      return false;
    }
  }
}
