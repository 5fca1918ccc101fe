import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file that is in the data set and in nothing else. */
const MARKER = 'blocks.car';

/** The folder of this checkout: the nearest one above this file that has the vectors. */
function repositoryRoot(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'vectors'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * The folder of the data set `golden-1`: the complete state of a real server of the reference implementation, 40 MB, which is not part
 * of the repository. It is named by the environment variable PYRGOS_GOLDEN, or is a folder `shared/fixtures/golden-1` or
 * `fixtures/golden-1` beside the checkout. Undefined when absent: tests skip then, saying {@link goldenMissing}. Node only.
 */
export function goldenFolder(): string | undefined {
  const named = process.env['PYRGOS_GOLDEN'];
  if (named !== undefined && named !== '') {
    const folder = resolve(named);
    if (!existsSync(join(folder, MARKER))) throw new Error(`PYRGOS_GOLDEN names ${folder}, which has no ${MARKER}`);
    return folder;
  }
  const root = repositoryRoot();
  if (root === undefined) return undefined;
  const candidates = ['shared/fixtures/golden-1', 'fixtures/golden-1'].map((path) => resolve(root, '..', path));
  return candidates.find((folder) => existsSync(join(folder, MARKER)));
}

/** The reason to give when a test is skipped for want of the data set. */
export const goldenMissing = 'needs the data set golden-1: set PYRGOS_GOLDEN to its folder';
