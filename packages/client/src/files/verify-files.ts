import { ArgumentError } from '@pyrgos/core/errors';
import type { FileTree } from './file-tree.js';
import { type Finding, type VerifyOptions, verifyTree } from './view/index.js';

/** How files are verified. */
export interface FileVerifyOptions extends VerifyOptions {
  /**
   * Who is asked. `server`, the default: for every block, whatever this device has in its caches. `caches`: what is in them counts as being
   * there, and the server is asked for the rest; that costs less, and works offline with what was read before.
   */
  readonly source?: 'server' | 'caches' | undefined;
}

/** {@link verifyTree} for what is at a path. NotFoundError `not-found.file`, and what is wrong on the way to it. */
export async function* verifyFiles(tree: FileTree, path: string, options: FileVerifyOptions): AsyncGenerator<Finding, void, undefined> {
  const { source = 'server', signal } = options;
  if (source !== 'server' && source !== 'caches') throw new ArgumentError('options.source', 'must be server or caches');
  const looked = source === 'server' ? tree.withEmptyCaches() : tree;
  const { view, item } = await looked.lookAt(signal, path);
  yield* verifyTree(view, item, options);
}
