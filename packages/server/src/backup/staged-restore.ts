import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { dataPaths, operatorFiles } from '../config/data-paths.js';
import { pathExists } from '../config/path-exists.js';
import { syncFolder } from '../sql/wal-file.js';

/** In this order, so that the database comes last: without one a data directory is empty to the server. */
const ENTRIES = ['blocks', 'pki', 'pyrgos.sqlite'];

/**
 * The folder in which a restore builds a data directory: inside it, so that moving into place never copies, even on a volume of its own.
 * `complete` in it says that everything is there and on disk: from then on the restore is finished, whatever happens.
 */
export function stageOf(directory: string): string {
  return dataPaths.stage(directory);
}

/** PyrgosError `storage` when the directory holds a server already. */
export async function requireEmptyDataDirectory(directory: string): Promise<void> {
  for (const path of [dataPaths.database(directory), dataPaths.blocks(directory), dataPaths.pki(directory)]) {
    if (!(await pathExists(path))) continue;
    throw new PyrgosError(
      'storage',
      `The data directory ${directory} holds a server already. Move it away, or name another one with --data or PYRGOS_PATH.`,
    );
  }
}

/** Makes an empty stage. */
export async function createStage(directory: string): Promise<string> {
  const stage = stageOf(directory);
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true, mode: 0o700 });
  return stage;
}

/** Removes what an unfinished restore left. */
export async function dropStage(directory: string): Promise<void> {
  await rm(stageOf(directory), { recursive: true, force: true });
}

/** Declares the stage complete and moves it into place. The restore is durable when it resolves. */
export async function commitStage(directory: string): Promise<void> {
  const stage = stageOf(directory);
  // Folders of blocks and the PKI were synced when they were written; here go the names in the stage itself.
  await syncFolder(stage);
  const marker = await open(dataPaths.restored(directory), 'wx', 0o600);
  await marker.sync();
  await marker.close();
  await syncFolder(stage);
  await finishRestore(directory);
}

/** For work on a disk that cannot be written. PyrgosError `storage` when parts of the data are still where a restore has built them. */
export async function requireFinishedRestore(directory: string): Promise<void> {
  if (!(await pathExists(dataPaths.restored(directory)))) return;
  const present = new Set(await readdir(stageOf(directory)));
  if (!ENTRIES.some((name) => present.has(name))) return;
  throw new PyrgosError(
    'storage',
    `A restore into ${directory} was interrupted before everything was in its place, and its disk is read-only now. Make the disk writable and start again, ` +
      'or restore the backup on another disk.',
  );
}

/**
 * For every start: finishes a restore that was complete when the process died. Cheap when there is none. PyrgosError `storage` for one that was not
 * complete and has no server beside it: a start would make a new, empty server where the restored one is expected.
 */
export async function finishRestore(directory: string): Promise<void> {
  const stage = stageOf(directory);
  if (!(await pathExists(stage))) return;
  const isComplete = await pathExists(dataPaths.restored(directory));
  if (!isComplete && !(await pathExists(dataPaths.database(directory)))) {
    throw new PyrgosError(
      'storage',
      `A restore into ${directory} did not finish. Restore the backup again with "admin restore", which begins anew, or remove the folder ${stage} to start with an empty server.`,
    );
  }
  await finishOrForget(directory);
}

/** For the next restore: finishes one that was complete when the process died, and removes one that was not. */
export async function finishOrForget(directory: string): Promise<void> {
  const stage = stageOf(directory);
  if (!(await pathExists(stage))) return;
  if (await pathExists(dataPaths.restored(directory))) {
    const present = new Set(await readdir(stage));
    for (const name of operatorFiles) {
      // What the operator has written there meanwhile is newer.
      if (present.has(name) && !(await pathExists(join(directory, name)))) await rename(join(stage, name), join(directory, name));
    }
    for (const name of ENTRIES) if (present.has(name)) await rename(join(stage, name), join(directory, name));
    await syncFolder(directory);
  }
  await dropStage(directory);
  await syncFolder(directory);
}
