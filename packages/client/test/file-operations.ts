import { utf8Encode } from '@pyrgos/core/bytes';
import type { seededRandom } from '@pyrgos/testkit/random';
import type { FileSystem } from '../src/files/file-system.js';
import type { FileTree } from '../src/files/file-tree.js';
import { rotateAllKeys, writingSpacesBelow } from '../src/files/structure/index.js';

/** What an account holds: path to content, or to {@link DIRECTORY}. The home directory itself is not in it. */
export type Model = ReadonlyMap<string, string>;

/** The content of a directory in a {@link Model}: no file of these tests has it. */
export const DIRECTORY = '/';

/** What a change makes of a model; undefined when it must be refused. */
export type ModelStep = (model: Model) => Model | undefined;

/** What an operation runs on. */
export interface OperationDevice {
  readonly files: FileSystem;
  readonly tree: FileTree;
}

/** A change of files, with what it must do. */
export interface FileOperation {
  /** For people. */
  readonly label: string;
  readonly run: (device: OperationDevice) => Promise<void>;
  /** What it does, in parts that are each visible as a whole or not at all. */
  readonly steps: readonly ModelStep[];
}

type Random = ReturnType<typeof seededRandom>;
type Maker = (pick: Picker) => FileOperation;

const HOME = '/ada';
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const isBelow = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);
const isDirectory = (model: Model, path: string): boolean => path === HOME || model.get(path) === DIRECTORY;
const isFile = (model: Model, path: string): boolean => model.has(path) && !isDirectory(model, path);
const withEntry = (model: Model, path: string, value: string): Model => new Map([...model, [path, value]]);
const without = (model: Model, path: string): Model => new Map([...model].filter(([other]) => !isBelow(other, path)));
const subtree = (model: Model, from: string, to: string): Model =>
  new Map([...model].filter(([path]) => isBelow(path, from)).map(([path, value]) => [to + path.slice(from.length), value]));

function put(path: string, value: string): ModelStep {
  return (model) => (isDirectory(model, parentOf(path)) && !model.has(path) ? withEntry(model, path, value) : undefined);
}

function edit(path: string, change: (content: string) => string | undefined): ModelStep {
  return (model) => {
    const changed = isFile(model, path) ? change(model.get(path) ?? '') : undefined;
    return changed === undefined ? undefined : withEntry(model, path, changed);
  };
}

function relocate(from: string, to: string, isKept: boolean): ModelStep {
  return (model) => {
    if (!model.has(from) || !isDirectory(model, parentOf(to))) return undefined;
    if (from === to && !isKept) return model;
    if (model.has(to) || (isDirectory(model, from) && isBelow(to, from))) return undefined;
    return new Map([...(isKept ? model : without(model, from)), ...subtree(model, from, to)]);
  };
}

/** Picks places among what there was in the beginning, and a few more that others may have made. */
export class Picker {
  constructor(
    readonly random: Random,
    private readonly start: Model,
    /** Tells the contents that one device writes from those of others. */
    readonly mark: string,
  ) {}

  directory(): string {
    return this.of([HOME, ...this.paths((path) => isDirectory(this.start, path))]);
  }

  file(): string {
    return this.of(this.paths((path) => isFile(this.start, path)));
  }

  /** A directory that is not the home directory. */
  subdirectory(): string {
    return this.of(this.paths((path) => isDirectory(this.start, path)));
  }

  any(): string {
    return this.random.nextInteger(2) === 0 ? this.file() : this.subdirectory();
  }

  /** Mostly new ones, of which there are few. */
  name(): string {
    return this.of(['n0', 'n0', 'n1', 'n1', ...[...this.start.keys()].map(nameOf)]);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.random.nextInteger(choices.length)] as T;
  }

  private paths(isWanted: (path: string) => boolean): string[] {
    return [...this.start.keys()].filter(isWanted);
  }
}

const write: Maker = (pick) => {
  const path = `${pick.directory()}/${pick.name()}`;
  return writeTo(path, `written by ${pick.mark}`);
};

/** Writes a file, over what is there if that is a file. */
export function writeTo(path: string, content: string): FileOperation {
  const create = put(path, content);
  return {
    label: `write ${path}`,
    run: async ({ files }) => void (await files.write(path, utf8Encode(content))),
    steps: [(model) => (isFile(model, path) ? withEntry(model, path, content) : create(model))],
  };
}

/** Moves something into a directory, with its keys or with new ones. */
export function moved(path: string, directory: string, keepAccess: boolean): FileOperation {
  return {
    label: `move ${path} into ${directory}${keepAccess ? '' : ' with new keys'}`,
    run: async ({ files }) => void (await files.move(path, directory, { keepAccess })),
    steps: [
      (model) => {
        // Even to where it is, a move must find its target, and may not put a thing into itself.
        if (!isDirectory(model, directory) || isBelow(directory, path)) return undefined;
        if (keepAccess && parentOf(path) === directory) return model.has(path) ? model : undefined;
        return model.has(`${directory}/${nameOf(path)}`) ? undefined : relocate(path, `${directory}/${nameOf(path)}`, false)(model);
      },
    ],
  };
}

/** Gives something another name. */
export function renamed(path: string, name: string): FileOperation {
  return {
    label: `rename ${path} to ${name}`,
    run: async ({ files }) => void (await files.rename(path, name)),
    steps: [relocate(path, `${parentOf(path)}/${name}`, false)],
  };
}

/** Changes of a file that somebody has looked at, only if it still is what it was then: content and version. */
export function onlyIf(
  path: string,
  { content, version }: { readonly content: string; readonly version: string },
): readonly FileOperation[] {
  const ifVersion = version;
  const step = (change: (old: string) => string): ModelStep => edit(path, (old) => (old === content ? change(old) : undefined));
  const [written, more] = [`instead of ${content}`, ' and more'];
  return [
    {
      label: `write ${path} if it is the same`,
      run: async ({ files }) => void (await files.write(path, utf8Encode(written), { ifVersion })),
      steps: [step(() => written)],
    },
    {
      label: `overwrite the beginning of ${path} if it is the same`,
      run: async ({ files }) => void (await files.writeAt(path, 0, utf8Encode('<>'), { ifVersion })),
      steps: [step((old) => `<>${old.slice(2)}`)],
    },
    {
      label: `append to ${path} if it is the same`,
      run: async ({ files }) => void (await files.append(path, utf8Encode(more), { ifVersion })),
      steps: [step((old) => old + more)],
    },
    {
      label: `truncate ${path} if it is the same`,
      run: async ({ files }) => void (await files.truncate(path, 1, { ifVersion })),
      steps: [step((old) => old.slice(0, 1))],
    },
    {
      label: `remove ${path} if it is the same`,
      run: async ({ files }) => files.remove(path, { ifVersion }),
      steps: [(model) => (model.get(path) === content ? without(model, path) : undefined)],
    },
  ];
}

export function removed(path: string): FileOperation {
  return {
    label: `remove ${path}`,
    run: async ({ files }) => files.remove(path),
    steps: [(model) => (model.has(path) ? without(model, path) : undefined)],
  };
}

/** Gives something and all below it new keys, and with `rotateSigner` new writing spaces. */
export function rotated(path: string, rotateSigner: boolean): FileOperation {
  return {
    label: `rotate ${rotateSigner ? 'all keys' : 'read keys'} of ${path}`,
    run: async ({ tree }) => {
      await tree.change(
        { signal: undefined },
        async (view) => {
          const { parent } = await tree.locateParent(view, path);
          const { item } = await tree.locate(view, path);
          const writers = await writingSpacesBelow(view, item.owner, parent.item.writer);
          return { owner: item.owner, writers, parent: parent.item, item };
        },
        async (operation, { parent, item }) => rotateAllKeys(operation, parent, item, { rotateSigner }),
      );
    },
    steps: [(model) => (model.has(path) ? model : undefined)],
  };
}

/** Every kind of change, made for random places. */
export const OPERATIONS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['write', write],
  ['set content', (pick) => writeTo(pick.file(), `new content by ${pick.mark} ${'*'.repeat(pick.of([0, 10, 9000]))}`)],
  [
    'overwrite',
    (pick) => {
      const [path, start, bytes] = [pick.file(), pick.of([0, 2, 5]), `<${pick.mark}>`];
      return {
        label: `overwrite ${path} from ${start}`,
        run: async ({ files }) => void (await files.writeAt(path, start, utf8Encode(bytes))),
        steps: [edit(path, (old) => (start > old.length ? undefined : old.slice(0, start) + bytes + old.slice(start + bytes.length)))],
      };
    },
  ],
  [
    'append',
    (pick) => {
      const [path, bytes] = [pick.file(), `+${pick.mark}`];
      return {
        label: `append to ${path}`,
        run: async ({ files }) => void (await files.append(path, utf8Encode(bytes))),
        steps: [edit(path, (old) => old + bytes)],
      };
    },
  ],
  [
    'truncate',
    (pick) => {
      const [path, size] = [pick.file(), pick.of([0, 1, 3])];
      return {
        label: `truncate ${path} to ${size}`,
        run: async ({ files }) => void (await files.truncate(path, size)),
        steps: [edit(path, (old) => old.slice(0, size))],
      };
    },
  ],
  [
    'mkdir',
    (pick) => {
      const path = `${pick.directory()}/${pick.name()}`;
      return {
        label: `mkdir ${path}`,
        run: async ({ files }) => void (await files.makeDirectory(path)),
        steps: [put(path, DIRECTORY)],
      };
    },
  ],
  [
    'mkdir with parents',
    (pick) => {
      const directory = pick.directory();
      const path = `${directory}/${pick.name()}/${pick.name()}`;
      return {
        label: `mkdir with parents ${path}`,
        run: async ({ files }) => void (await files.makeDirectory(path, { parents: true })),
        steps: [
          (model) => {
            let next: Model | undefined = model;
            const names = path.split('/').slice(2);
            for (let depth = 1; depth <= names.length && next !== undefined; depth++) {
              const place: string = [HOME, ...names.slice(0, depth)].join('/');
              if (isDirectory(next, place)) continue;
              next = next.has(place) ? undefined : withEntry(next, place, DIRECTORY);
            }
            return next;
          },
        ],
      };
    },
  ],
  ['rename', (pick) => renamed(pick.any(), pick.name())],
  ['move', (pick) => moved(pick.any(), pick.directory(), pick.random.nextInteger(4) > 0)],
  ['move a directory', (pick) => moved(pick.subdirectory(), pick.subdirectory(), pick.random.nextInteger(4) > 0)],
  [
    'copy',
    (pick) => {
      const [path, directory, name] = [pick.any(), pick.directory(), pick.name()];
      return {
        label: `copy ${path} as ${directory}/${name}`,
        run: async ({ files }) => void (await files.copy(path, directory, { name })),
        steps: [relocate(path, `${directory}/${name}`, true)],
      };
    },
  ],
  ['remove', (pick) => removed(pick.file())],
  ['remove a tree', (pick) => removed(pick.subdirectory())],
  [
    'write a tree',
    (pick) => {
      const directory = pick.directory();
      const folders = [[], [pick.name()]];
      const written = folders.map((folder) => ['n0', pick.name(), 'n2'].map((name) => [...folder, name]));
      const unique = written.map((paths) => [...new Map(paths.map((path) => [path.join('/'), path])).values()]);
      const content = `tree of ${pick.mark}`;
      const entries = unique.flat().map((path) => ({ path, source: utf8Encode(content) }));
      return {
        label: `write ${entries.map(({ path }) => path.join('/')).join()} into ${directory}`,
        run: async ({ files }) => {
          for await (const { outcome } of files.writeTree(directory, entries, { onExisting: () => 'replace' })) {
            if (outcome === 'failed') throw new Error('no failure was let pass');
          }
        },
        // All of it is one part.
        steps: [
          (model) =>
            unique.reduce<Model | undefined>(
              (next, paths, i) => next && treeStep([directory, ...(folders[i] ?? [])].join('/'), paths, content)(next),
              model,
            ),
        ],
      };
    },
  ],
  ['rotate read keys', (pick) => rotated(pick.any(), false)],
  ['rotate all keys', (pick) => rotated(pick.any(), true)],
]);

/** Files into one directory; it and those above it are made when they are missing. */
function treeStep(folder: string, paths: readonly (readonly string[])[], content: string): ModelStep {
  return (model) => {
    let next: Model = model;
    const names = folder.split('/');
    for (let depth = HOME.split('/').length + 1; depth <= names.length; depth++) {
      const place = names.slice(0, depth).join('/');
      if (isDirectory(next, place)) continue;
      if (next.has(place)) return undefined;
      next = withEntry(next, place, DIRECTORY);
    }
    for (const path of paths) {
      const place = `${folder}/${path.at(-1) ?? ''}`;
      if (isDirectory(next, place)) return undefined;
      next = withEntry(next, place, content);
    }
    return next;
  };
}

/** What became of an operation: done, refused because of what is there, or given up at some point for another reason. */
export type Fate = 'done' | 'refused' | 'given up';

/** Every state that operations with these fates may leave, whatever order their parts came in. Empty when the fates cannot be. */
export function possibleStates(
  start: Model,
  operations: readonly { readonly operation: FileOperation; readonly fate: Fate }[],
): readonly Model[] {
  const states: Model[] = [];
  /** `next` has the next step of each operation, undefined when it has ended. */
  const explore = (model: Model, next: readonly (number | undefined)[]): void => {
    if (next.every((step) => step === undefined)) states.push(model);
    for (const [i, step] of next.entries()) {
      const { operation, fate } = operations[i] as (typeof operations)[number];
      if (step === undefined) continue;
      const go = (changed: Model, to: number | undefined): void =>
        explore(
          changed,
          next.map((other, j) => (i === j ? to : other)),
        );
      const run = operation.steps[step];
      if (fate === 'given up' || (run === undefined && fate === 'done')) go(model, undefined);
      const changed = run?.(model);
      if (changed !== undefined) go(changed, step + 1);
      if (run !== undefined && fate === 'refused' && changed === undefined) go(model, undefined);
    }
  };
  explore(
    start,
    operations.map(() => 0),
  );
  return states;
}
