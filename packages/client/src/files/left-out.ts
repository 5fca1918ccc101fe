import type { PyrgosError } from '@pyrgos/core/errors';
import { callersCodeNow } from '../waiting/code-of-callers.js';
import { assertFlag } from './file-system-arguments.js';
import { formatPath } from './file-tree.js';
import type { LeavingOut } from './structure/index.js';

/** What is done with what cannot come along when files get new keys (chapter 04 section 22.3). */
export interface LeftOutOptions {
  /**
   * Leave out what is damaged and may come back, for instance from a backup of the server: it is not there any more then. Default false: the call fails with what
   * is wrong, with its path, and nothing has changed.
   */
  readonly leaveOutDamaged?: boolean | undefined;
  /**
   * Told, once all has changed, of everything that was left out, and what was wrong with it: what is damaged, if that is allowed; and always what does not belong where it was listed,
   * and what nobody can ever open. Of a file or directory of which only a part was damaged, that part is left out.
   */
  readonly onLeftOut?: ((path: string, error: PyrgosError) => void) | undefined;
}

/** Notes what one call leaves out, and tells its caller of it in the end: what is repeated is told once. */
export class LeftOut {
  private readonly found = new Map<string, PyrgosError>();

  /** ArgumentError for anything but a boolean. */
  constructor(private readonly options: LeftOutOptions) {
    if (options.leaveOutDamaged !== undefined) assertFlag('options.leaveOutDamaged', options.leaveOutDamaged);
  }

  /** The options of an attempt: what was noted of the one before it is forgotten. */
  attempt(): LeavingOut {
    this.found.clear();
    return { leaveOutDamaged: this.options.leaveOutDamaged, onLeftOut: (names, error) => this.note(formatPath(names), error) };
  }

  /** Something at a path was left out. */
  note(path: string, error: PyrgosError): void {
    if (!this.found.has(path)) this.found.set(path, error);
  }

  /** Tells the caller. */
  tell(): void {
    const { onLeftOut } = this.options;
    if (onLeftOut !== undefined) for (const [path, error] of this.found) callersCodeNow(() => onLeftOut(path, error));
  }
}
