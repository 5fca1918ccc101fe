import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import { once } from '../../test/interference.js';
import type { FileSystem } from './file-system.js';

// What another device has done to a path that this session has seen a moment ago: no pointer is read again within 7 seconds, and time stands still.

let world: FileWorld;
let here: FileSystem;
let there: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  [here, there] = [world.device(), world.device()];
  await here.makeDirectory('/ada/d/sub', { parents: true });
  await here.makeDirectory('/ada/old');
  await here.write('/ada/d/a', bytes('first'));
  await here.write('/ada/d/sub/x', bytes('old x'));
  await here.stat('/ada/d/a');
  there.refresh();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function names(files: FileSystem, path: string): Promise<string[]> {
  files.refresh();
  const found: string[] = [];
  for await (const { name } of files.names(path)) found.push(name ?? '');
  return found.sort();
}

async function text(path: string): Promise<string> {
  there.refresh();
  return new TextDecoder().decode(await there.read(path));
}

/** The other device puts another file in the place of `/ada/d/a`, which becomes `/ada/d/b`. */
async function rotateFile(): Promise<void> {
  await there.rename('/ada/d/a', 'b');
  await there.write('/ada/d/a', bytes('second'));
}

/** The other device puts another directory in the place of `/ada/d`, which becomes `/ada/d.bak`. */
async function rotateDirectory(): Promise<void> {
  await there.rename('/ada/d', 'd.bak');
  await there.makeDirectory('/ada/d/sub', { parents: true });
  await there.write('/ada/d/a', bytes('second'));
  await there.write('/ada/d/sub/x', bytes('new x'));
}

describe('a file was replaced', () => {
  beforeEach(rotateFile);

  test('remove', async () => {
    await here.remove('/ada/d/a');
    expect(await names(there, '/ada/d')).toEqual(['b', 'sub']);
  });

  test('append', async () => {
    await here.append('/ada/d/a', bytes('+'));
    expect([await text('/ada/d/a'), await text('/ada/d/b')]).toEqual(['second+', 'first']);
  });

  test('setProperties', async () => {
    await here.setProperties('/ada/d/a', { isHidden: true });
    there.refresh();
    expect([(await there.stat('/ada/d/a')).isHidden, (await there.stat('/ada/d/b')).isHidden]).toEqual([true, false]);
  });

  test('rename', async () => {
    await here.rename('/ada/d/a', 'c');
    expect([await text('/ada/d/c'), await text('/ada/d/b')]).toEqual(['second', 'first']);
  });

  test('copy', async () => {
    await here.copy('/ada/d/a', '/ada/old');
    expect(await text('/ada/old/a')).toBe('second');
  });
});

test('a file that was moved away, and another one in its place: truncate', async () => {
  await there.move('/ada/d/a', '/ada/old');
  await there.write('/ada/d/a', bytes('second'));
  await here.truncate('/ada/d/a', 1);
  expect([await text('/ada/d/a'), await text('/ada/old/a')]).toEqual(['s', 'first']);
});

test('a file that was renamed: nothing else is removed', async () => {
  await there.rename('/ada/d/a', 'b');
  expect(await outcome(here.remove('/ada/d/a'))).toBe('not-found.file');
  expect(await names(there, '/ada/d')).toEqual(['b', 'sub']);
});

describe('a directory above was replaced', () => {
  test('append', async () => {
    await rotateDirectory();
    await here.append('/ada/d/a', bytes('+'));
    expect([await text('/ada/d/a'), await text('/ada/d.bak/a')]).toEqual(['second+', 'first']);
  });

  test('append with the version of before', async () => {
    const { version } = await here.stat('/ada/d/a');
    await rotateDirectory();
    expect(await outcome(here.append('/ada/d/a', bytes('+'), { ifVersion: version }))).toBe('conflict.changed');
  });

  test('write in place of a file', async () => {
    await rotateDirectory();
    await here.write('/ada/d/sub/x', bytes('mine'));
    expect([await text('/ada/d/sub/x'), await text('/ada/d.bak/sub/x')]).toEqual(['mine', 'old x']);
  });

  test('write a new file', async () => {
    await rotateDirectory();
    await here.write('/ada/d/sub/n', bytes('mine'));
    expect([await names(there, '/ada/d/sub'), await names(there, '/ada/d.bak/sub')]).toEqual([['n', 'x'], ['x']]);
  });

  test('makeDirectory', async () => {
    await rotateDirectory();
    await here.makeDirectory('/ada/d/sub/n/m', { parents: true });
    expect([await names(there, '/ada/d/sub'), await names(there, '/ada/d.bak/sub')]).toEqual([['n', 'x'], ['x']]);
  });

  test('remove', async () => {
    await rotateDirectory();
    await here.remove('/ada/d/sub/x');
    expect([await names(there, '/ada/d/sub'), await names(there, '/ada/d.bak/sub')]).toEqual([[], ['x']]);
  });

  test('removeAll: the new directory has no such file', async () => {
    await there.rename('/ada/d', 'd.bak');
    await there.makeDirectory('/ada/d');
    expect(await outcome(here.removeAll('/ada/d', ['a']))).toBe('not-found.file');
    expect(await names(there, '/ada/d.bak')).toEqual(['a', 'sub']);
  });

  test('truncate', async () => {
    await rotateDirectory();
    await here.truncate('/ada/d/sub/x', 0);
    expect([await text('/ada/d/sub/x'), await text('/ada/d.bak/sub/x')]).toEqual(['', 'old x']);
  });

  test('rename', async () => {
    await rotateDirectory();
    await here.rename('/ada/d/sub/x', 'y');
    expect([await names(there, '/ada/d/sub'), await names(there, '/ada/d.bak/sub')]).toEqual([['y'], ['x']]);
  });

  test('move, from it and to it', async () => {
    await rotateDirectory();
    await here.move('/ada/d/sub/x', '/ada/old');
    expect(await text('/ada/old/x')).toBe('new x');
    await there.rename('/ada/old', 'older');
    await there.makeDirectory('/ada/old');
    await here.move('/ada/d/a', '/ada/old');
    expect([await names(there, '/ada/old'), await names(there, '/ada/older')]).toEqual([['a'], ['x']]);
  });

  test('writeTree', async () => {
    await rotateDirectory();
    const entries = [{ path: ['sub', 'x'], source: bytes('mine') }];
    for await (const { outcome: done } of here.writeTree('/ada/d', entries, { onExisting: () => 'replace' })) expect(done).toBe('replaced');
    expect([await text('/ada/d/sub/x'), await text('/ada/d.bak/sub/x')]).toEqual(['mine', 'old x']);
  });

  test('at the very moment of the commit', async () => {
    once(world.base, 'setPointers', rotateDirectory);
    await here.remove('/ada/d/sub/x');
    expect([await names(there, '/ada/d/sub'), await names(there, '/ada/d.bak/sub')]).toEqual([[], ['x']]);
  });

  test('in the middle of a long upload', async () => {
    const content = new Uint8Array(12_000_000).fill(1);
    once(world.base, 'setPointers', async () => void (await there.rename('/ada/d', 'd.bak')));
    expect(await outcome(here.write('/ada/d/sub/long', content))).toBe('not-found.file');
    expect(await names(there, '/ada/d.bak/sub')).toEqual(['x']);
  });
});

describe('while a change waits, another one of this session is merged', () => {
  const after = async (change: () => Promise<unknown>): Promise<string> => {
    const [, said] = await Promise.all([here.makeDirectory('/ada/e'), outcome(change())]);
    return said;
  };

  test('remove of what was replaced', async () => {
    await rotateFile();
    await after(async () => here.remove('/ada/d/a'));
    expect(await names(there, '/ada/d')).toEqual(['b', 'sub']);
  });

  test('remove of what was renamed', async () => {
    await there.rename('/ada/d/a', 'b');
    expect(await after(async () => here.remove('/ada/d/a'))).toBe('not-found.file');
    expect(await names(there, '/ada/d')).toEqual(['b', 'sub']);
  });

  test('append to what was replaced', async () => {
    await rotateFile();
    await after(async () => here.append('/ada/d/a', bytes('+')));
    expect([await text('/ada/d/a'), await text('/ada/d/b')]).toEqual(['second+', 'first']);
  });

  test('remove of a directory that was renamed and filled', async () => {
    await there.rename('/ada/d', 'kept');
    await there.write('/ada/kept/precious', bytes('!'));
    expect(await after(async () => here.remove('/ada/d'))).toBe('not-found.file');
    expect(await names(there, '/ada')).toContain('kept');
  });
});

describe('a directory in a writing space of its own, below one that was replaced', () => {
  beforeEach(async () => {
    const above = await world.addDirectory(world.home, 'above');
    const shared = await world.addLinkedDirectory(above, 'shared', 200);
    await world.addFile(shared, 'x', bytes('old x'));
    here.refresh();
    await here.stat('/ada/above/shared/x');
    there.refresh();
    await there.rename('/ada/above', 'above.bak');
    await there.makeDirectory('/ada/above/shared', { parents: true });
    await there.write('/ada/above/shared/x', bytes('new x'));
  });

  test('remove', async () => {
    await here.remove('/ada/above/shared/x');
    expect([await names(there, '/ada/above/shared'), await names(there, '/ada/above.bak/shared')]).toEqual([[], ['x']]);
  });

  test('append', async () => {
    await here.append('/ada/above/shared/x', bytes('+'));
    expect([await text('/ada/above/shared/x'), await text('/ada/above.bak/shared/x')]).toEqual(['new x+', 'old x']);
  });
});

test('what others do elsewhere, even in a directory above, repeats no upload', async () => {
  const reads: number[] = [];
  const source = {
    size: 9_000_000,
    open: async function* (offset: number): AsyncGenerator<Uint8Array> {
      reads.push(offset);
      yield new Uint8Array(9_000_000 - offset);
    },
  };
  await here.write('/ada/d/sub/long', source);
  const undisturbed = reads.splice(0);
  once(world.base, 'setPointers', async () => {
    await there.makeDirectory('/ada/new');
    await there.write('/ada/d/b', bytes('b'));
  });
  await here.write('/ada/d/sub/longer', source);
  expect(reads).toEqual(undisturbed);
  expect(await names(there, '/ada/d/sub')).toEqual(['long', 'longer', 'x']);
});

test('a change that has waited for another one of this session looks for its path again, without asking the server', async () => {
  const requestsOf = async (run: () => Promise<unknown>): Promise<string[]> => {
    world.requests();
    await run();
    return world.requests().sort();
  };
  const [one, two] = [async () => here.makeDirectory('/ada/d/one'), async () => here.append('/ada/d/sub/x', bytes('+'))];
  const [three, four] = [async () => here.makeDirectory('/ada/d/three'), async () => here.append('/ada/d/sub/x', bytes('+'))];
  const apart = [...(await requestsOf(one)), ...(await requestsOf(two))].sort();
  expect(await requestsOf(async () => Promise.all([three(), four()]))).toEqual(apart);
});

test('a copy has what is in the source when it is copied, not what this session saw a moment ago', async () => {
  await there.write('/ada/d/a', bytes('second'));
  await there.write('/ada/d/sub/x', bytes('new x'));
  await there.write('/ada/d/sub/y', bytes('y'));
  await here.copy('/ada/d/a', '/ada/old');
  expect(await text('/ada/old/a')).toBe('second');
  await there.write('/ada/d/sub/x', bytes('newer x'));
  await here.copy('/ada/d', '/ada/old');
  expect([await text('/ada/old/d/sub/x'), await names(there, '/ada/old/d/sub')]).toEqual(['newer x', ['x', 'y']]);
});
