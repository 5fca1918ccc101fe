import type { UserSession } from '../../src/index.js';
import type { Model } from './judge.js';
import type { Choices } from './random.js';
import { content } from './world.js';

/** A change that a program makes, and what comes of it. */
export interface Change {
  readonly name: string;
  run(session: UserSession): Promise<unknown>;
  readonly after: Model;
}

type Kind = (home: string, model: Model, choices: Choices, id: number) => Change | undefined;

const files = (model: Model): string[] => [...model].flatMap(([path, bytes]) => (bytes === 'directory' ? [] : [path]));
const directories = (model: Model): string[] => [...model].flatMap(([path, bytes]) => (bytes === 'directory' ? [path] : []));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** The model with everything at and below a path somewhere else, or nowhere. */
function moved(model: Model, from: string, to: string | undefined): Model {
  const after = new Map<string, Buffer | 'directory'>();
  for (const [path, bytes] of model) {
    const isInside = path === from || path.startsWith(`${from}/`);
    if (!isInside) after.set(path, bytes);
    else if (to !== undefined) after.set(`${to}${path.slice(from.length)}`, bytes);
  }
  return after;
}

const kinds: readonly Kind[] = [
  (_, model, choices, id) => {
    const path = `${choices.pick(directories(model))}/new${id}`;
    const bytes = content(id, choices.pick([0, 40, 5000, 70_000, 300_000]));
    return {
      name: 'write a new file',
      run: async (session) => session.files.write(path, bytes),
      after: new Map([...model, [path, bytes]]),
    };
  },
  (_, model, choices, id) => {
    const path = choices.pick(files(model));
    const bytes = content(1000 + id, choices.pick([1, 60, 6000, 200_000]));
    return { name: 'replace a file', run: async (session) => session.files.write(path, bytes), after: new Map([...model, [path, bytes]]) };
  },
  (_, model, choices, id) => {
    const path = choices.pick(files(model));
    const more = content(2000 + id, choices.pick([1, 4000]));
    const whole = Buffer.concat([model.get(path) as Buffer, more]);
    return { name: 'append', run: async (session) => session.files.append(path, more), after: new Map([...model, [path, whole]]) };
  },
  (_, model, choices, id) => {
    const path = `${choices.pick(directories(model))}/dir${id}`;
    return {
      name: 'make a directory',
      run: async (session) => session.files.makeDirectory(path),
      after: new Map([...model, [path, 'directory']]),
    };
  },
  (home, model, choices, id) => {
    const path = choices.pick([...model.keys()].filter((name) => name !== home));
    const name = `renamed${id}`;
    return {
      name: 'rename',
      run: async (session) => session.files.rename(path, name),
      after: moved(model, path, `${parentOf(path)}/${name}`),
    };
  },
  (home, model, choices) => {
    const path = choices.pick([...model.keys()].filter((name) => name !== home));
    const into = directories(model).filter(
      (name) => name !== parentOf(path) && name !== path && !name.startsWith(`${path}/`) && !model.has(`${name}/${nameOf(path)}`),
    );
    if (into.length === 0) return undefined;
    const target = choices.pick(into);
    return {
      name: 'move',
      run: async (session) => session.files.move(path, target),
      after: moved(model, path, `${target}/${nameOf(path)}`),
    };
  },
  (home, model, choices) => {
    const path = choices.pick([...model.keys()].filter((name) => name !== home));
    const after = moved(model, path, undefined);
    // Something must be left for the cases that follow.
    return files(after).length < 2 ? undefined : { name: 'remove', run: async (session) => session.files.remove(path), after };
  },
  (_, model, choices, id) => {
    const directory = choices.pick(directories(model));
    const entries = Array.from({ length: 4 }, (_unused, i) => ({ path: [`tree${id}-${i}`], source: content(3000 + 4 * id + i, 500 * i) }));
    return {
      name: 'write a tree',
      run: async (session) => {
        for await (const { outcome } of session.files.writeTree(directory, entries)) if (outcome === 'failed') throw new Error('cannot be');
      },
      after: new Map([...model, ...entries.map(({ path, source }): [string, Buffer] => [`${directory}/${path[0] ?? ''}`, source])]),
    };
  },
];

/** A change of the tree, drawn at random. */
export function drawChange(home: string, model: Model, choices: Choices, id: number): Change {
  for (;;) {
    const change = choices.pick(kinds)(home, model, choices, id);
    if (change !== undefined) return change;
  }
}

/** What the client keeps for itself in a home directory. */
const OWN: ReadonlySet<string> = new Set(['shared', '.transactions', '.capabilitycache', '.keystore']);

/** Everything below a home directory; what cannot be read is handed to `damage`. */
export async function readTree(session: UserSession, home: string, damage: (error: unknown) => void): Promise<Model> {
  const model = new Map<string, Buffer | 'directory'>([[home, 'directory']]);
  const open = [home];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    try {
      for await (const entry of session.files.list(directory)) {
        if (entry.isDamaged) {
          damage(entry.error);
          continue;
        }
        if (directory === home && OWN.has(entry.name)) continue;
        if (entry.isDirectory) {
          model.set(entry.path, 'directory');
          open.push(entry.path);
          continue;
        }
        try {
          model.set(entry.path, Buffer.from(await session.files.read(entry.path)));
        } catch (error) {
          damage(error);
        }
      }
    } catch (error) {
      damage(error);
    }
  }
  return model;
}

/** Whether two trees are the same; `partial`: whether the first is a part of the second. */
export function isSameTree(a: Model, b: Model, partial = false): boolean {
  if (!partial && a.size !== b.size) return false;
  return [...a].every(([path, bytes]) => {
    const other = b.get(path);
    return bytes === 'directory' || other === 'directory' || other === undefined ? bytes === other : bytes.equals(other);
  });
}
