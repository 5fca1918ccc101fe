import { faultText } from '../../app/fault-text.js';
import { childOf, nameOf, parentOf } from '../../engine/paths.js';
import type { ItemProblem, Row } from '../../engine/calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import type { TextFunction } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { showToast } from '../../ui/toasts.js';
import { refreshDirectories } from './directory-store.js';

/** Puts things into the trash, and offers to take them back. Gives the paths of those that are there now. */
export async function putIntoTrash(rows: readonly Row[], text: TextFunction): Promise<readonly string[]> {
  let gone: readonly string[] = [];
  const parents = new Set(rows.map(({ path }) => parentOf(path)));
  try {
    const { trashed, problems } = await engine().call('trash.put', { paths: rows.map(({ path }) => path) });
    tellProblems(problems, text);
    const kept = new Set(problems.map(({ path }) => path));
    gone = rows.map(({ path }) => path).filter((path) => !kept.has(path));
    if (trashed.length > 0) {
      showToast({
        kind: 'good',
        text: text('trash.done', { count: trashed.length }),
        action: {
          label: text('action.undo'),
          onPress: () => {
            void takeBack(trashed, parents, text);
          },
        },
      });
    }
  } catch (error) {
    tell(error, text);
  }
  refreshDirectories(parents);
  return gone;
}

/** Moves or copies things into a directory, and offers to move them back. */
export async function transferTo(paths: readonly string[], directory: string, how: 'move' | 'copy', text: TextFunction): Promise<void> {
  try {
    const problems = await engine().call('drive.transfer', { paths, directory, how });
    tellProblems(problems, text);
    const kept = new Set(problems.map(({ path }) => path));
    const done = paths.filter((path) => !kept.has(path));
    const said = text(`${how}.done`, { count: done.length, name: visibleName(nameOf(directory)) });
    if (done.length > 0)
      showToast({
        kind: 'good',
        text: said,
        ...(how === 'copy' ? {} : { action: { label: text('action.undo'), onPress: () => void moveBack(done, directory, text) } }),
      });
  } catch (error) {
    tell(error, text);
  }
  refreshDirectories([directory, ...paths.map(parentOf)]);
}

/** Whether things can be moved into a directory: not into themselves, what is below them, or where they are already. */
export function canMoveInto(paths: readonly string[], directory: string): boolean {
  return paths.every((path) => directory !== path && !directory.startsWith(childOf(path, '')) && parentOf(path) !== directory);
}

/** Moves things back to where they were, each from the directory that it went into. */
async function moveBack(paths: readonly string[], from: string, text: TextFunction): Promise<void> {
  const origins = new Set(paths.map(parentOf));
  try {
    for (const origin of origins) {
      const there = paths.filter((path) => parentOf(path) === origin).map((path) => childOf(from, nameOf(path)));
      tellProblems(await engine().call('drive.transfer', { paths: there, directory: origin, how: 'move' }), text);
    }
  } catch (error) {
    tell(error, text);
  }
  refreshDirectories([from, ...origins]);
}

async function takeBack(trashed: readonly string[], parents: ReadonlySet<string>, text: TextFunction): Promise<void> {
  try {
    tellProblems(await engine().call('trash.restore', { paths: trashed }), text);
  } catch (error) {
    tell(error, text);
  }
  refreshDirectories(parents);
}

/** Says what was not done with some of several items. */
export function tellProblems(problems: readonly ItemProblem[], text: TextFunction): void {
  const [first] = problems;
  if (first === undefined) return;
  const reason = faultText(new EngineError(first.fault), text);
  showToast({ kind: 'problem', text: problems.length === 1 ? reason : text('items.failed', { count: problems.length, reason }) });
}

function tell(error: unknown, text: TextFunction): void {
  if (error instanceof EngineError && error.isCancelled) return;
  showToast({ kind: 'problem', text: faultText(error, text) });
}
