import type { PyrgosError } from '@pyrgos/core/errors';
import { callersCodeNow } from '../waiting/code-of-callers.js';
import { assertFlag } from './file-system-arguments.js';
import { formatPath } from './file-tree.js';
import type { LeftOutOptions } from './left-out-options.js';
import type { LeavingOut } from './structure/index.js';

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
