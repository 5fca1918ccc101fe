import { ConflictError } from '@pyrgos/core/errors';
import { DanglingEntry, type Item, type OperationView, versionOf } from './view/index.js';
import { refresh } from './structure/refresh.js';

/** A change that is to be made only on what the caller has seen. */
export interface IfVersion {
  /**
   * The `version` of the {@link FileEntry} that the change is based on. When the file has another one at the moment of the commit, or is gone:
   * ConflictError `conflict.changed`, and nothing is changed. Default: whatever is there is changed.
   */
  readonly ifVersion?: string | undefined;
}

/**
 * Requires that what is to be changed has the expected version in the view of the operation; without `ifVersion` anything will do. `item`
 * is what was found there, in whatever version, undefined for nothing.
 */
export async function requireVersion(
  operation: OperationView,
  item: Item | DanglingEntry | undefined,
  { ifVersion }: IfVersion,
): Promise<void> {
  if (ifVersion === undefined) return;
  const found = item === undefined || item instanceof DanglingEntry ? undefined : versionOf(await refresh(operation, item));
  if (found !== ifVersion) throw changed(found);
}

/** The refusal of a change whose file has another version, undefined for none. */
export function changed(found: string | undefined): ConflictError {
  return new ConflictError(
    'conflict.changed',
    found === undefined
      ? 'the file is not there any more: nothing was changed'
      : 'the file was changed by somebody else: nothing was changed. Look at it again',
    found === undefined ? { isMissing: true } : { isMissing: false, version: found },
  );
}
