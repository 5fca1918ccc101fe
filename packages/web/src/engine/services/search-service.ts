import type { Row, SearchSummary } from '../calls.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { rowOf } from './drive-service.js';
import { FolderRights } from './folder-rights.js';
import { searchMatcher } from './search-match.js';
import { walkTree } from './walk-tree.js';

/** Results after which a search ends: nobody reads more, and the page has them all in memory. */
const MAX_FOUND = 5000;
/** Things that are looked at between two signs of life. */
const STEP = 200;

/** Looking for things, and counting what is below a directory. */
export function searchService(state: EngineState): Pick<Handlers, 'search.run' | 'drive.measure'> {
  return {
    'search.run': async ({ directory, query }, { signal, emit }) => {
      const matches = searchMatcher(query);
      const rights = new FolderRights(state, signal);
      let looked = 0;
      let told = 0;
      let total = 0;
      let damaged = 0;
      let found: Row[] = [];
      const tell = (): void => {
        emit({ looked, found });
        told = looked;
        found = [];
      };
      for await (const entry of walkTree(state.files, directory, { showsHidden: query.showsHidden, signal })) {
        looked++;
        if (entry === undefined) damaged++;
        else if (
          matches({ name: entry.name, kind: entry.kind, mimeType: entry.mimeType, size: entry.size, modified: entry.modified.getTime() })
        ) {
          found.push(rowOf(entry, await rights.isFixed(entry.path)));
          total++;
        }
        // What was found is told at once as long as it is little.
        if (looked - told >= STEP || (found.length > 0 && total <= 20)) tell();
        if (total >= MAX_FOUND) break;
      }
      tell();
      return { looked, damaged, isCut: total >= MAX_FOUND } satisfies SearchSummary;
    },

    'drive.measure': async ({ paths }, { signal, emit }) => {
      const { files } = state;
      const sum = { files: 0, directories: 0, bytes: 0, damaged: 0 };
      const add = (entry: { readonly isDirectory: boolean; readonly size: number } | undefined): void => {
        if (entry === undefined) sum.damaged++;
        else if (entry.isDirectory) sum.directories++;
        else {
          sum.files++;
          sum.bytes += entry.size;
        }
      };
      let looked = 0;
      for (const path of paths) {
        const top = await files.stat(path, { signal });
        if (!top.isDirectory) {
          add(top);
          continue;
        }
        // What was chosen is not in itself.
        if (paths.length > 1) sum.directories++;
        for await (const entry of walkTree(files, path, { showsHidden: true, signal })) {
          add(entry);
          if (++looked % STEP === 0) emit({ ...sum });
        }
      }
      return sum;
    },
  };
}
