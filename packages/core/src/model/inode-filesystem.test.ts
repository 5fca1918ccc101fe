import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { cborMap, type CborMap, type CborValue } from '../codec/cbor-value.js';
import type { Cid } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import v from '../../../../vectors/03/inodes.json' with { type: 'json' };
import { AbsoluteCapability } from './absolute-capability.js';
import { Champ } from './champ/index.js';
import { inodeChampOptions, type InodeEnvironment } from './directory-inode.js';
import { Inode } from './inode.js';
import { InodeFileSystem } from './inode-filesystem.js';
import { MemoryBlocks } from './memory-blocks.js';

const crypto = await loadCrypto();
const owner = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash;
const capability = AbsoluteCapability.decode(fromHex(v.capability));
/** Different capabilities, told apart by their map key. */
const cap = (text: string): AbsoluteCapability => AbsoluteCapability.of({ ...capability, mapKey: crypto.sha256(utf8Encode(text)) });

function newWorld(): { readonly blocks: MemoryBlocks; readonly environment: InodeEnvironment } {
  const blocks = new MemoryBlocks(crypto);
  return { blocks, environment: { hasher: crypto, source: blocks, sink: blocks, context: { owner } } };
}

async function namesIn(files: InodeFileSystem, path: string): Promise<string[]> {
  const out: string[] = [];
  for await (const { inode } of files.listDirectory(path)) out.push(inode.name);
  return out.toSorted();
}

/** Which capability a path finds, with what remains of the path. */
async function found(files: InodeFileSystem, path: string): Promise<string | undefined> {
  const entry = await files.getByPath(path);
  return entry === undefined ? undefined : `${toHex(entry.capability.mapKey)}/${entry.remaining.join('/')}`;
}

const expectedFor = (published: string, ...remaining: string[]): string => `${toHex(cap(published).mapKey)}/${remaining.join('/')}`;

async function publish(files: InodeFileSystem, ...paths: readonly string[]): Promise<InodeFileSystem> {
  let result = files;
  for (const path of paths) result = await result.addCap(path, cap(path));
  return result;
}

describe('vectors', () => {
  test.each(v.valid)('$name', async ({ steps }) => {
    let files = InodeFileSystem.create(newWorld().environment);
    expect(toHex(files.encode())).toBe(v.emptyRoot);
    for (const step of steps as readonly { add?: string; remove?: string; counter?: number; root?: string }[]) {
      files = step.add === undefined ? await files.removeCap(step.remove ?? '') : await files.addCap(step.add, capability);
      if (step.root !== undefined) expect([files.counter, files.champRoot.toString()]).toEqual([step.counter, step.root]);
    }
  });

  test('the bytes of the first node', async () => {
    const { blocks, environment } = newWorld();
    const files = await InodeFileSystem.create(environment).addCap('username/webroot', capability);
    expect(toHex(await blocks.getBlock(files.champRoot))).toBe(v.firstNode);
  });
});

describe('InodeFileSystem', () => {
  test('what is saved can be opened', async () => {
    const { environment } = newWorld();
    const files = await publish(InodeFileSystem.create(environment), 'alice/a', 'alice/d/b');
    const opened = await InodeFileSystem.open(environment, files.save());
    expect(opened.equals(files)).toBe(true);
    expect(await found(opened, '/alice/d/b')).toBe(expectedFor('alice/d/b'));
  });

  test('the first published element ends a lookup', async () => {
    const files = await publish(InodeFileSystem.create(newWorld().environment), 'alice/d/e', 'alice/d');
    expect(await found(files, 'alice/d')).toBe(expectedFor('alice/d'));
    expect(await found(files, 'alice/d/e/f')).toBe(expectedFor('alice/d', 'e', 'f'));
    expect(await found(files, 'alice/x')).toBeUndefined();
    expect(await found(files, 'alice')).toBeUndefined();
    expect(await found(files, '')).toBeUndefined();
    expect(await namesIn(files, 'alice/d')).toEqual(['e']);
    expect(await namesIn(files, '')).toEqual(['alice']);
    expect(await namesIn(files, 'alice/d/e')).toEqual([]);
    expect(await namesIn(files, 'bob')).toEqual([]);
  });

  test('an empty filesystem finds nothing', async () => {
    const files = InodeFileSystem.create(newWorld().environment);
    expect(await found(files, 'alice/a')).toBeUndefined();
    expect(await namesIn(files, '')).toEqual([]);
    expect(await files.removeCap('alice/a')).toBe(files);
  });

  test('the home directory cannot be published, nor anything writable', async () => {
    const files = InodeFileSystem.create(newWorld().environment);
    await expect(files.addCap('alice', capability)).rejects.toBeInstanceOf(ArgumentError);
    await expect(files.addCap('', capability)).rejects.toBeInstanceOf(ArgumentError);
    await expect(files.addCap('alice//a', capability)).rejects.toBeInstanceOf(ArgumentError);
    const writable = AbsoluteCapability.of({ ...capability, wBaseKey: SymmetricKey.of(new Uint8Array(32)) });
    await expect(files.addCap('alice/a', writable)).rejects.toBeInstanceOf(ArgumentError);
    await expect(files.addCap('alice/a', 'x' as never)).rejects.toBeInstanceOf(ArgumentError);
  });

  test('re-publishing replaces in a short list, a full list and a CHAMP', async () => {
    let files = InodeFileSystem.create(newWorld().environment);
    for (const [size, form] of [
      [1, 'list'],
      [32, 'list'],
      [33, 'champ'],
    ] as const) {
      for (let i = 0; i < size; i++) files = await files.addCap(`u/d/f${i}`, cap('old'));
      const { counter } = files;
      files = await files.addCap('u/d/f0', cap('new'));
      expect([form, await found(files, 'u/d/f0'), files.counter]).toEqual([form, expectedFor('new'), counter]);
      expect(await namesIn(files, 'u/d')).toHaveLength(size);
    }
  });

  test('a published leaf becomes a directory under its own inode', async () => {
    let files = await publish(InodeFileSystem.create(newWorld().environment), 'u/a', 'u/d/b');
    // (2, "a") was taken before (2, "d") was made, so that the numbers differ from what the counter says now.
    files = await publish(files, 'u/a/below');
    expect(await namesIn(files, 'u/a')).toEqual(['below']);
    files = await files.removeCap('u/a');
    expect(await found(files, 'u/a/below')).toBeUndefined();
  });

  test('pruning stops at a published directory and at one with other children', async () => {
    let files = await publish(InodeFileSystem.create(newWorld().environment), 'u/p', 'u/p/d/x', 'u/q/r/s', 'u/q/t');
    files = await files.removeCap('u/p/d/x');
    expect(await found(files, 'u/p')).toBe(expectedFor('u/p'));
    expect(await namesIn(files, 'u/p')).toEqual([]);
    files = await files.removeCap('u/q/r/s');
    expect(await namesIn(files, 'u/q')).toEqual(['t']);
    const { counter } = files;
    files = await files.removeCap('u/q/t');
    expect(await namesIn(files, 'u')).toEqual(['p']);
    files = await files.removeCap('u/p');
    expect([await namesIn(files, ''), files.counter]).toEqual([[], counter]);
  });

  test('removing what is not there changes nothing', async () => {
    const files = await publish(InodeFileSystem.create(newWorld().environment), 'u/a');
    for (const path of ['u/b', 'u/a/b', 'v/a', '']) expect(await files.removeCap(path)).toBe(files);
  });

  test('an edit that fails leaves the value alone', async () => {
    const { blocks, environment } = newWorld();
    const files = await publish(InodeFileSystem.create(environment), ...Array.from({ length: 120 }, (_, i) => `u/d/f${i}`));
    const missing = {
      ...environment,
      source: { getBlock: async (cid: Cid) => (cid.equals(files.champRoot) ? blocks.getBlock(cid) : Promise.reject(new Error('offline'))) },
    };
    const broken = InodeFileSystem.fromCbor(missing, files.toCbor());
    await expect(broken.addCap('u/d/new', capability)).rejects.toThrow('offline');
    expect(broken.equals(files)).toBe(true);
  });

  test('1000 entries in one directory', { timeout: 60_000 }, async () => {
    let files = InodeFileSystem.create(newWorld().environment);
    const names = Array.from({ length: 1000 }, (_, i) => `f${i}`);
    for (const name of names) files = await files.addCap(`u/d/${name}`, capability);
    expect(await namesIn(files, 'u/d')).toEqual(names.toSorted());
    expect(files.counter).toBe(3);
    for (const name of names.slice(0, 990)) files = await files.removeCap(`u/d/${name}`);
    expect(await namesIn(files, 'u/d')).toEqual(names.slice(990).toSorted());
  });
});

describe('damaged data', () => {
  const inode = (name: CborValue): CborValue =>
    cborMap([
      ['i', 9],
      ['n', name],
    ]);
  const entry = (name: CborValue): CborValue =>
    cborMap([
      ['c', capability.toCbor()],
      ['i', inode(name)],
    ]);
  const badEntries: CborValue[] = [
    entry('a/b'),
    entry('x'.repeat(256)),
    entry(''),
    entry(5),
    'text',
    null,
    cborMap([['c', capability.toCbor()]]),
    cborMap([
      ['c', null],
      ['i', inode('n')],
    ]),
  ];

  /** A filesystem whose directory `u` holds the given value. */
  async function withDirectory(environment: InodeEnvironment, value: CborValue): Promise<InodeFileSystem> {
    const champ = Champ.empty(environment.source, environment.context, inodeChampOptions(environment));
    const u = Inode.of(1, 'u');
    await champ.put(Inode.root.encode(), undefined, cborMap([['c', [cborMap([['i', u.toCbor()]])]]]));
    await champ.put(u.encode(), undefined, value);
    return InodeFileSystem.fromCbor(
      environment,
      cborMap([
        ['c', 2],
        ['r', champ.flush(environment.sink)],
      ]),
    );
  }

  test('bad entries of a list are passed over and kept; their siblings stay usable', async () => {
    const { environment } = newWorld();
    let files = await withDirectory(environment, cborMap([['c', [...badEntries, entry('good'), entry('good')]]]));
    expect(await namesIn(files, 'u')).toEqual(['good']);
    expect(await found(files, 'u/good')).toBeDefined();
    expect(await found(files, 'u/n')).toBeUndefined();
    files = await publish(files, 'u/more', 'u/good');
    expect(await namesIn(files, 'u')).toEqual(['good', 'more']);
    expect(await found(files, 'u/good')).toBe(expectedFor('u/good'));
    const champ = Champ.open(files.champRoot, environment.source, environment.context, inodeChampOptions(environment));
    const stored = ((await champ.get(Inode.of(1, 'u').encode())) as CborMap).get('c') as readonly CborValue[];
    expect(stored.slice(0, badEntries.length)).toEqual(badEntries);
    files = await publish(files, ...Array.from({ length: 33 }, (_, i) => `u/f${i}`));
    expect(await namesIn(files, 'u')).toHaveLength(35);
    files = await (await files.removeCap('u/good')).removeCap('u/more');
    expect(await namesIn(files, 'u')).toHaveLength(33);
  });

  test('bad entries of a CHAMP are passed over and can be replaced', async () => {
    const { environment } = newWorld();
    const champ = Champ.empty(environment.source, environment.context, inodeChampOptions(environment));
    for (const [key, value] of [
      ['good', entry('good')],
      ['other', entry('name')],
      ['text', 'text'],
    ] as const) {
      await champ.put(utf8Encode(key), undefined, value);
    }
    let files = await withDirectory(environment, await champ.toCbor(environment.sink));
    expect(await namesIn(files, 'u')).toEqual(['good']);
    expect([await found(files, 'u/other'), await found(files, 'u/name'), await found(files, 'u/text')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    files = await publish(files, 'u/other', 'u/text');
    expect(await namesIn(files, 'u')).toEqual(['good', 'other', 'text']);
  });

  test('a directory of another form is an error', async () => {
    const { environment } = newWorld();
    const files = await withDirectory(environment, 'text');
    await expect(files.getByPath('u/a')).rejects.toBeInstanceOf(FormatError);
    await expect(files.addCap('u/a', capability)).rejects.toBeInstanceOf(FormatError);
  });

  test('a directory that contains itself does not hang anybody', async () => {
    const { environment } = newWorld();
    const self = cborMap([['i', Inode.of(1, 'u').toCbor()]]);
    const files = await withDirectory(environment, cborMap([['c', [self]]]));
    expect(await namesIn(files, 'u/u/u/u')).toEqual(['u']);
    expect(await found(files, 'u/u/u/u')).toBeUndefined();
    // The same directory twice on one way: the second write finds what the first one stored.
    await expect(files.removeCap('u/u/u')).rejects.toMatchObject({ code: 'conflict.champ' });
  });
});

/** Paths of a small tree. Names tell their parent, since upstream's numbers are unique only together with a name (section 8.3). */
const path = fc
  .tuple(fc.constantFrom('u', 'v'), fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 }))
  .map(([user, steps]) => {
    const elements: string[] = [user];
    for (const step of steps) elements.push(`${elements.at(-1) ?? ''}${step}`);
    return elements.join('/');
  });
const operation = fc.record({ kind: fc.constantFrom('add', 'add', 'add', 'remove'), path, seed: fc.integer({ min: 0, max: 3 }) });

const isAtOrBelow = (candidate: string, directory: string): boolean =>
  directory === '' || candidate === directory || candidate.startsWith(`${directory}/`);

describe('against a model', () => {
  test('adds and removes in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        let files = InodeFileSystem.create(newWorld().environment);
        const model = new Map<string, string>();
        let counter = 0;
        for (const { kind, path, seed } of operations) {
          if (kind === 'add') {
            files = await files.addCap(path, cap(`${seed}`));
            model.set(path, `${seed}`);
          } else {
            files = await files.removeCap(path);
            for (const published of model.keys()) if (isAtOrBelow(published, path)) model.delete(published);
          }
          expect(files.counter).toBeGreaterThanOrEqual(counter);
          counter = files.counter;
        }
        const paths = new Set(operations.flatMap(({ path }) => path.split('/').map((_, i, all) => all.slice(0, i + 1).join('/'))));
        for (const candidate of ['', ...paths]) {
          const elements = candidate.split('/');
          const prefixes = elements.map((_, i) => elements.slice(0, i + 1).join('/'));
          const first = prefixes.find((prefix) => model.has(prefix));
          const expected =
            first === undefined ? undefined : expectedFor(model.get(first) ?? '', ...elements.slice(first.split('/').length));
          expect(await found(files, candidate)).toBe(expected);
          const below = [...model.keys()].filter((published) => published !== candidate && isAtOrBelow(published, candidate));
          const children = new Set(
            below.map((published) => published.slice(candidate === '' ? 0 : candidate.length + 1).split('/')[0] ?? ''),
          );
          expect(await namesIn(files, candidate)).toEqual([...children].toSorted());
        }
      }),
      { numRuns: 60 },
    );
  });

  test('the order of publishing large directories does not matter for what is found', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `u/d/${i}`);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(names, { minLength: 20 }), async (order) => {
        const files = await publish(InodeFileSystem.create(newWorld().environment), ...order);
        for (const name of names) expect(await found(files, name)).toBe(order.includes(name) ? expectedFor(name) : undefined);
        expect(await namesIn(files, 'u/d')).toHaveLength(order.length);
      }),
      { numRuns: 10 },
    );
  });

  test('decoding of anything is a typed error or a filesystem', () => {
    expect(() => InodeFileSystem.fromCbor(newWorld().environment, decodeCbor(Uint8Array.of(0xa0)))).toThrow(FormatError);
  });
});
