import type { TreeFile, UserSession } from '@pyrgos/client';
import { measure, type Measurement, millisecondsEach, singleMeasurement } from './measure.js';
import { RandomContent } from './random-content.js';

/** Bytes of a small file. */
const SMALL_FILE = 4096;
const DIRECTORIES = 100;
/** What bulk uploads should take at most, in milliseconds a file. */
const BULK_TARGET = 8;

function* smallFiles(directory: string, count: number): Generator<TreeFile, void, undefined> {
  for (let i = 0; i < count; i++) yield { path: [directory, `file-${i}`], source: new RandomContent(SMALL_FILE, i) };
}

async function upload({ files }: UserSession, directory: string, count: number): Promise<void> {
  let stored = 0;
  for await (const { outcome } of files.writeTree(files.homePath, smallFiles(directory, count))) if (outcome === 'created') stored++;
  if (stored !== count) throw new Error(`${count - stored} files are missing`);
}

/** The directory that holds this many small files. */
function directoryOf(count: number): string {
  return `small-${count}`;
}

/** Directories one after the other, and single small files. */
export async function benchDirectories({ files }: UserSession): Promise<readonly Measurement[]> {
  const parent = `${files.homePath}/directories`;
  await files.makeDirectory(parent);
  let count = 0;
  const identity = (milliseconds: number): number => milliseconds;
  const content = new RandomContent(SMALL_FILE, 0);
  return measure(
    'client changes, one by one',
    'ms',
    identity,
    [
      { name: `mkdir x${DIRECTORIES}`, run: async () => files.makeDirectory(`${parent}/directory-${count++}`) },
      { name: `write 4 KiB x${DIRECTORIES}`, run: async () => files.write(`${parent}/file-${count}`, content) },
    ],
    { samples: DIRECTORIES, warmUps: 0 },
  );
}

/** Many small files into one new directory, by one call. */
export async function benchSmallUpload(session: UserSession, count: number): Promise<readonly Measurement[]> {
  const start = performance.now();
  await upload(session, directoryOf(count), count);
  const each = millisecondsEach(count)(performance.now() - start);
  return [singleMeasurement('client bulk upload, each file', `${count} x 4 KiB`, 'ms', each, BULK_TARGET)];
}

/** All entries of a directory of small files, opened and verified: as a new device sees it, and once more. Then the names alone. */
export async function benchList({ files }: UserSession, count: number): Promise<readonly Measurement[]> {
  const directory = `${files.homePath}/${directoryOf(count)}`;
  const timed = async (name: string, list: () => AsyncIterable<unknown>): Promise<Measurement> => {
    const start = performance.now();
    let seen = 0;
    for await (const _ of list()) seen++;
    if (seen !== count) throw new Error(`${count - seen} entries are missing`);
    return singleMeasurement('client list', name, 'ms', performance.now() - start);
  };
  return [
    await timed(`names of ${count} files, new device`, () => files.names(directory)),
    await timed(`${count} files, each opened`, () => files.list(directory)),
    await timed(`${count} files, once more`, () => files.list(directory)),
  ];
}
