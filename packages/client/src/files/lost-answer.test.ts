import { beforeEach, describe, expect, test } from 'vitest';
import { networkError, outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let world: FileWorld;
let here: FileSystem;
let there: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  [here, there] = [world.device(), world.device()];
  await here.makeDirectory('/ada/d');
  await here.write('/ada/d/log', bytes('0'));
});

/** The next commit is applied, its answer is lost, and `then` happens before it is sent again. */
function loseAnswer(then: () => Promise<unknown>): void {
  const { hooks } = world.base.server;
  let isDone = false;
  hooks.after = async ({ name }) => {
    if (isDone || !name.startsWith('setPointer')) return;
    isDone = true;
    there.refresh();
    await then();
    throw networkError();
  };
}

async function text(files: FileSystem, path: string): Promise<string> {
  files.refresh();
  return new TextDecoder().decode(await files.read(path));
}

async function names(files: FileSystem, path: string): Promise<string[]> {
  files.refresh();
  const found: string[] = [];
  for await (const { name } of files.names(path)) found.push(String(name));
  return found.sort();
}

describe('a change whose answer was lost, and upon which another device has built since', () => {
  test('append: once', async () => {
    loseAnswer(async () => there.append('/ada/d/log', bytes('B')));
    await here.append('/ada/d/log', bytes('A'));
    expect(await text(here, '/ada/d/log')).toBe('0AB');
  });

  test('write: what is newer is not written over', async () => {
    loseAnswer(async () => there.write('/ada/d/log', bytes('newer')));
    await here.write('/ada/d/log', bytes('older'));
    expect(await text(here, '/ada/d/log')).toBe('newer');
  });

  test('with ifVersion: nobody is told that nothing was changed', async () => {
    const { version } = await here.stat('/ada/d/log');
    loseAnswer(async () => there.setProperties('/ada/d/log', { isHidden: true }));
    expect(await outcome(here.write('/ada/d/log', bytes('mine'), { ifVersion: version }))).toBe('resolved');
    expect(await text(here, '/ada/d/log')).toBe('mine');
    const next = await here.stat('/ada/d/log');
    loseAnswer(async () => there.append('/ada/d/log', bytes(' and theirs')));
    expect(await outcome(here.append('/ada/d/log', bytes(' more'), { ifVersion: next.version }))).toBe('resolved');
    expect(await text(here, '/ada/d/log')).toBe('mine more and theirs');
  });

  test.each<[string, () => Promise<unknown>, string[]]>([
    ['makeDirectory', async () => here.makeDirectory('/ada/d/x'), ['log', 'x', 'y']],
    ['remove', async () => here.remove('/ada/d/log'), ['y']],
    ['rename', async () => here.rename('/ada/d/log', 'log2'), ['log2', 'y']],
    ['copy', async () => here.copy('/ada/d/log', '/ada/d'), ['log', 'log (copy)', 'y']],
  ])('%s', async (_, change, expected) => {
    loseAnswer(async () => there.makeDirectory('/ada/d/y'));
    expect(await outcome(change())).toBe('resolved');
    expect(await names(here, '/ada/d')).toEqual(expected);
  });

  test('several commits later: what is certain is no error, and what is not is never done twice', async () => {
    loseAnswer(async () => {
      await there.append('/ada/d/log', bytes('B'));
      await there.append('/ada/d/log', bytes('C'));
    });
    const append = here.append('/ada/d/log', bytes('A'));
    await expect(append).rejects.toMatchObject({ code: 'network', retry: 'after', data: { reason: 'unknown-outcome' } });
    expect(await text(here, '/ada/d/log')).toBe('0ABC');
    const { version } = await here.stat('/ada/d/log');
    loseAnswer(async () => {
      await there.append('/ada/d/log', bytes('E'));
      await there.append('/ada/d/log', bytes('F'));
    });
    expect(await outcome(here.append('/ada/d/log', bytes('D'), { ifVersion: version }))).toBe('network');
    expect(await text(here, '/ada/d/log')).toBe('0ABCDEF');
    // The node of a new directory is one that nobody else can have made.
    loseAnswer(async () => {
      await there.makeDirectory('/ada/d/y');
      await there.makeDirectory('/ada/d/z');
    });
    expect(await outcome(here.makeDirectory('/ada/d/x'))).toBe('resolved');
    expect(await names(here, '/ada/d')).toEqual(['log', 'x', 'y', 'z']);
  });
});

test('a lost answer without anybody else', async () => {
  loseAnswer(async () => undefined);
  await here.append('/ada/d/log', bytes('A'));
  expect(await text(here, '/ada/d/log')).toBe('0A');
  loseAnswer(async () => undefined);
  expect(await outcome(here.remove('/ada/d/log'))).toBe('resolved');
});
