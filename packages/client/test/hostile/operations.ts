import type { UserSession } from '../../src/index.js';
import type { Observation } from './judge.js';

/** Takes what the client tells, as soon as it does, and the errors of entries that it calls damaged. */
export interface Witness {
  tell(observation: Observation): void;
  damage(error: unknown): void;
}

/** One thing that a program does with a session; it reads only. */
export interface Operation {
  readonly name: string;
  /** How often it is chosen. */
  readonly weight: number;
  run(session: UserSession, witness: Witness): Promise<void>;
}

const list =
  (directory: string): Operation['run'] =>
  async ({ files }, { tell, damage }) => {
    const names: string[] = [];
    for await (const entry of files.list(directory)) {
      if (entry.isDamaged) {
        damage(entry.error);
        if (entry.name !== undefined) names.push(entry.name);
        continue;
      }
      names.push(entry.name);
      tell({ kind: 'entry', path: entry.path, size: entry.size, isDirectory: entry.isDirectory });
    }
    tell({ kind: 'listing', path: directory, names });
  };

const stat =
  (path: string): Operation['run'] =>
  async ({ files }, { tell }) => {
    const { size, isDirectory } = await files.stat(path);
    tell({ kind: 'entry', path, size, isDirectory });
  };

const find =
  (path: string): Operation['run'] =>
  async ({ files }, { tell }) => {
    const entry = await files.find(path);
    tell(entry === undefined ? { kind: 'absent', path } : { kind: 'entry', path, size: entry.size, isDirectory: entry.isDirectory });
  };

const read =
  (path: string, start = 0, end?: number): Operation['run'] =>
  async ({ files }, { tell }) => {
    const bytes = await files.read(path, end === undefined ? { start } : { start, end });
    tell({ kind: 'content', path, start, bytes, whole: end === undefined });
  };

const stream =
  (path: string, from = 0): Operation['run'] =>
  async ({ files }, { tell }) => {
    let start = from;
    const pieces: Uint8Array[] = [];
    for await (const piece of await files.stream(path, { start })) {
      tell({ kind: 'content', path, start, bytes: piece, whole: false });
      start += piece.length;
      pieces.push(piece);
    }
    tell({ kind: 'content', path, start: from, bytes: Buffer.concat(pieces), whole: true });
  };

/** The operations on the tree of `home`. */
export function readingOperations(home: string): readonly Operation[] {
  return [
    { name: 'list a directory', weight: 8, run: list(`${home}/many`) },
    { name: 'list the home', weight: 3, run: list(home) },
    { name: 'stat', weight: 4, run: stat(`${home}/many/7.txt`) },
    { name: 'find what is not there', weight: 2, run: find(`${home}/dir/nothing.txt`) },
    { name: 'find in a directory', weight: 2, run: find(`${home}/dir/inner.txt`) },
    { name: 'read a small file', weight: 6, run: read(`${home}/log.txt`) },
    { name: 'read a file of fragments', weight: 4, run: read(`${home}/middle.bin`) },
    { name: 'read in a file', weight: 4, run: read(`${home}/middle.bin`, 100_000, 100_100) },
    { name: 'read across two chunks', weight: 1, run: read(`${home}/pair.bin`, 5_242_870, 5_242_890) },
    { name: 'seek in a large file', weight: 1, run: read(`${home}/large.bin`, 11_000_000, 11_000_500) },
    { name: 'stream a large file', weight: 1, run: stream(`${home}/large.bin`) },
    {
      name: 'verify',
      weight: 3,
      run: async ({ files }, { damage }) => {
        for await (const finding of files.verify(`${home}/many`, { content: true })) damage(finding.error);
      },
    },
    {
      name: 'ask for the space',
      weight: 3,
      run: async ({ space }) => {
        for (const bytes of [await space.quota(), await space.usage()]) {
          if (!(typeof bytes === 'number' && bytes >= 0)) throw new Error('a number of bytes that is none');
        }
      },
    },
  ];
}

/** Lists a directory and reads all its smaller files, each for itself, as a whole, in the middle and as a stream: what is wrong with one is the damage of that one. */
export function siblings(directory: string, damages: (path: string) => void): Operation {
  return {
    name: `read the files of ${directory}`,
    weight: 1,
    run: async (session, witness) => {
      const names: string[] = [];
      for await (const entry of session.files.list(directory)) {
        if (entry.name !== undefined) names.push(entry.name);
        if (entry.isDamaged) {
          damages(`${directory}/${entry.name ?? ''}`);
          witness.damage(entry.error);
          continue;
        }
        witness.tell({ kind: 'entry', path: entry.path, size: entry.size, isDirectory: entry.isDirectory });
        if (entry.isDirectory || entry.size > 1_000_000) continue;
        const middle = Math.floor(entry.size / 3);
        for (const way of [read(entry.path), read(entry.path, middle, middle + 40), stream(entry.path, middle)]) {
          try {
            await way(session, witness);
          } catch (error) {
            damages(entry.path);
            witness.damage(error);
          }
        }
      }
      witness.tell({ kind: 'listing', path: directory, names });
    },
  };
}
