import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { content } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { uploadFile } from '../content/upload-file.js';
import type { Item, OperationView } from '../view/index.js';
import { copyItem, deleteItems, makeDirectory, moveItem, rename, rotateAllKeys } from './index.js';

/** Path to length of the content; directories have none. The home directory is ``. */
type Model = Map<string, number | undefined>;

const NAMES = ['a', 'b', 'c', 'd.x'];
const KINDS = ['mkdir', 'write', 'rename', 'move', 'copy', 'delete', 'rotate'] as const;

/** What happens: to a path, with another path, under a name, with a choice. All are taken modulo what there is. */
interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly flag: boolean;
  /** Which of two devices does it. */
  readonly device: number;
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    from: fc.nat(30),
    to: fc.nat(30),
    name: fc.constantFrom(...NAMES),
    flag: fc.boolean(),
    device: fc.nat(1),
  }),
  { minLength: 8, maxLength: 16 },
);

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function join(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`;
}

/** Moves or copies a subtree of the model. */
function relocated(model: Model, from: string, to: string): Model {
  const inside = [...model].filter(([path]) => path === from || path.startsWith(`${from}/`));
  return new Map(inside.map(([path, size]): [string, number | undefined] => [to + path.slice(from.length), size]));
}

function removed(model: Model, path: string): Model {
  return new Map([...model].filter(([other]) => other !== path && !other.startsWith(`${path}/`)));
}

/** What the step makes of the model; undefined when it must be refused. */
function expected(model: Model, step: Step, path: string, target: string): Model | undefined {
  const place = (parent: string, name: string): string | undefined => (model.has(join(parent, name)) ? undefined : join(parent, name));
  const own = path.slice(path.lastIndexOf('/') + 1);
  const isInside = target === path || target.startsWith(`${path}/`);
  switch (step.kind) {
    case 'mkdir':
    case 'write': {
      const made = place(target, step.name);
      return made === undefined ? undefined : new Map([...model, [made, step.kind === 'mkdir' ? undefined : step.from * 300]]);
    }
    case 'rename': {
      if (step.name === own) return model;
      const renamed = place(parentOf(path), step.name);
      return renamed === undefined ? undefined : new Map([...removed(model, path), ...relocated(model, path, renamed)]);
    }
    case 'move': {
      // With its keys it stays where it is; a copy in its own place has no name.
      if (step.flag && target === parentOf(path)) return model;
      const moved = place(target, own);
      return isInside || moved === undefined ? undefined : new Map([...removed(model, path), ...relocated(model, path, moved)]);
    }
    case 'copy': {
      const copied = place(target, step.name);
      return isInside && model.get(path) === undefined
        ? undefined
        : copied === undefined
          ? undefined
          : new Map([...model, ...relocated(model, path, copied)]);
    }
    case 'delete':
      return removed(model, path);
    default:
      return model;
  }
}

async function run(world: StructureWorld, operation: OperationView, step: Step, path: string, target: string): Promise<unknown> {
  const { server, clock } = world.files.base;
  const ports = { blocks: server.blocks, clock };
  const maxPerChunk = 2;
  const at = (of: string): Promise<Item> => world.at(of);
  switch (step.kind) {
    case 'mkdir':
      return makeDirectory(operation, await at(target), step.name, { clock, maxPerChunk });
    case 'write':
      return uploadFile(operation, ports, await at(target), step.name, content(step.from * 300));
    case 'rename':
      return rename(operation, await at(parentOf(path)), await at(path), step.name);
    case 'move':
      return moveItem(operation, ports, await at(parentOf(path)), await at(path), await at(target), { keepAccess: step.flag, maxPerChunk });
    case 'copy':
      return copyItem(operation, ports, { view: operation, item: await at(path) }, await at(target), { name: step.name, maxPerChunk });
    case 'delete':
      return deleteItems(operation, await at(parentOf(path)), [await at(path)]);
    default:
      return rotateAllKeys(operation, await at(parentOf(path)), await at(path), { rotateSigner: step.flag });
  }
}

test('random changes by two devices: the tree is that of a model, and everything in it is sound', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const world = await StructureWorld.create();
      const devices = [world.sessions, world.files.newSessions({ crypto: world.files.crypto })];
      let model: Model = new Map();
      for (const step of sequence) {
        const paths = [...model.keys()];
        const directories = ['', ...paths.filter((path) => model.get(path) === undefined)];
        const needsItem = step.kind !== 'mkdir' && step.kind !== 'write';
        if (needsItem && paths.length === 0) continue;
        const path = paths[step.from % Math.max(1, paths.length)] ?? '';
        const target = directories[step.to % directories.length] ?? '';
        const next = expected(model, step, path, target);
        world.wait();
        world.sessions = devices[step.device] as StructureWorld['sessions'];
        const done = world.operate((operation) => run(world, operation, step, path, target));
        const wasDone = await done.then(
          () => true,
          () => false,
        );
        expect(wasDone, `${step.kind} ${path} ${target} ${step.name}`).toBe(next !== undefined);
        model = next ?? model;
        const found = await world.inspect();
        expect(found.problems).toEqual([]);
        const tree = [...found.tree.keys()].map((full) => full.slice('/ada/'.length)).filter((full) => full !== '');
        expect(tree.sort()).toEqual([...model.keys()].sort());
        for (const [full, size] of model) expect(found.items.get(`/ada/${full}`)!.properties.size).toBe(size ?? 0);
      }
    }),
    { numRuns: 12 },
  );
}, 180_000);
