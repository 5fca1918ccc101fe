import { PyrgosError } from '@pyrgos/client';
import type { EngineState } from '../engine-state.js';
import { ownerOf, parentOf } from '../paths.js';

/** What may be done in directories, which the account need not own, or to which a link has led: each is asked for once. */
export class FolderRights {
  private readonly known = new Map<string, Promise<boolean>>();

  constructor(
    private readonly state: Pick<EngineState, 'files' | 'isAtHome'>,
    private readonly signal: AbortSignal,
  ) {}

  /** Whether something can be put into a directory, and what is in it be renamed, moved and deleted. Not so `/`, and what cannot be looked at. */
  async isWritable(directory: string): Promise<boolean> {
    if (directory === '/') return false;
    const { files, isAtHome } = this.state;
    if (isAtHome && ownerOf(directory) === ownerOf(files.homePath)) return true;
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
      return (await this.state.files.find(directory, { signal: this.signal }))?.isWritable === true;
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'denied.session' || error.code === 'network')
        throw error;
      // Whoever lists it is told what is wrong with it.
      return false;
    }
  }
}
