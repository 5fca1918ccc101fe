import { HashTree, HashBranch } from '@pyrgos/core/containers';
import { DeniedError } from '@pyrgos/core/errors';
import { CHUNK_SIZE, RelativeCapability, withParentLink, withProperties } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { networkError, outcome } from '../../../test/commit-world.js';
import { content, entryOf, FileWorld, newDirectory, type NodePut, parentLinkTo } from '../../../test/file-world.js';
import { directoryChunks } from './directory-chunks.js';
import { findChild } from './find-path.js';
import { openItem } from './open-item.js';
import { type VerifyOptions, type VerifyProgress, verifyTree } from './verify-tree.js';

/** What is found in the home directory, as text. */
async function findings(world: FileWorld, options: VerifyOptions = {}): Promise<string[]> {
  const view = world.view(world.newSessions());
  const found: string[] = [];
  for await (const { path, part, chunk, error } of verifyTree(view, await world.openHome(view), options)) {
    found.push([path, part, ...(chunk === undefined ? [] : [chunk]), error.code].join(' '));
  }
  return found;
}

/** `/docs/deep/a`, `/docs/b`, `/c` of two chunks, and `/shared/d` in another writing space. */
async function tree(): Promise<{ readonly world: FileWorld; readonly docs: Awaited<ReturnType<FileWorld['addDirectory']>> }> {
  const world = await FileWorld.create();
  const docs = await world.addDirectory(world.home, 'docs');
  const deep = await world.addDirectory(docs, 'deep');
  await world.addFile(deep, 'a', content(10));
  await world.addFile(docs, 'b', content(10_000));
  await world.addFile(world.home, 'c', content(CHUNK_SIZE + 10));
  const shared = await world.addLinkedDirectory(world.home, 'shared', 200);
  await world.addFile(shared, 'd', content(0));
  return { world, docs };
}

describe('verifying a tree', () => {
  test('that is sound finds nothing, and tells how far it is', async () => {
    const { world } = await tree();
    const progress: VerifyProgress[] = [];
    expect(await findings(world, { onProgress: (now) => progress.push(now) })).toEqual([]);
    expect(progress.at(-1)).toEqual({ directories: 4, files: 4, bytes: 0 });
    expect(await findings(world, { content: true, onProgress: (now) => progress.push(now) })).toEqual([]);
    expect(progress.at(-1)).toEqual({ directories: 4, files: 4, bytes: 10 + 10_000 + CHUNK_SIZE + 10 });
  });

  test('of a single file looks at that file', async () => {
    const { world } = await tree();
    const view = world.view();
    const file = await findChild(view, await world.openHome(view), 'c');
    const progress: VerifyProgress[] = [];
    for await (const finding of verifyTree(view, file!, { content: true, onProgress: (now) => progress.push(now) }))
      expect(finding).toBeUndefined();
    expect(progress.at(-1)).toEqual({ directories: 0, files: 1, bytes: CHUNK_SIZE + 10 });
  });

  test('reports what is missing, and looks at everything else', async () => {
    const { world, docs } = await tree();
    const gone = await world.addFile(docs, 'gone', content(10));
    const torn = await world.addFile(world.home, 'torn', content(3 * CHUNK_SIZE));
    const lost = await world.addFile(docs, 'lost', content(2_000_000));
    await world.remove(world.signer, [gone.capability.location, torn.locations[1]!]);
    const view = world.view();
    const item = await openItem(view, lost.capability);
    world.loseBlock(item.node.data.fragments[0]!.cid);
    const seen: VerifyProgress[] = [];
    expect(await findings(world, { onProgress: (now) => seen.push(now) })).toEqual([
      '/torn content 1 not-found.file',
      '/docs/gone entry not-found.file',
    ]);
    expect(seen.at(-1)).toMatchObject({ directories: 4, files: 6 });
    expect(await findings(world, { content: true })).toEqual([
      '/torn content 1 not-found.file',
      '/docs/gone entry not-found.file',
      '/docs/lost content 0 not-found.block',
    ]);
  });

  test('reports damaged chunks of directories and goes on with the next ones', async () => {
    const world = await FileWorld.create();
    world.entriesPerChunk = 20;
    await world.addFiles(
      world.home,
      Array.from({ length: 60 }, (_, i) => ({ name: String(i), content: content(10) })),
    );
    const broken = await world.addDirectory(world.home, 'broken');
    await world.addDirectory(broken, 'inside');
    const view = world.view();
    const home = await world.openHome(view);
    for await (const { index, node } of directoryChunks(view, home)) if (index === 1) world.loseBlock(node.data.fragments[0]!.cid);
    const { node, fragments } = world.sealFile(world.home, 'x', content(10)).chunks[0]!;
    await world.put(world.signer, [{ location: broken.capability.location, node: node.with({ batIds: [] }), fragments }]);
    const progress: VerifyProgress[] = [];
    expect(await findings(world, { onProgress: (now) => progress.push(now) })).toEqual([
      '/broken entry crypto.authentication',
      ' list 1 not-found.block',
    ]);
    expect(progress.at(-1)?.files).toBe(40);
  });

  test('reports contents that are shorter than the file says', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'short', content(10), { properties: { size: 100 } });
    expect(await findings(world)).toEqual([]);
    expect(await findings(world, { content: true })).toEqual(['/short content 0 format.cryptree']);
  });

  test('reports items that say something else than the directory that lists them', async () => {
    const world = await FileWorld.create();
    const docs = await world.addDirectory(world.home, 'docs');
    const [a, b] = await world.addFiles(docs, [
      { name: 'a', content: content(1) },
      { name: 'b', content: content(2) },
    ]);
    const view = world.view();
    const rewritten: NodePut[] = [];
    for (const { capability, name } of [a!, b!]) {
      const { node, opened } = await openItem(view, capability);
      const changed =
        name === 'a'
          ? withProperties(world.crypto, node, opened, opened.properties.with({ name: 'z' }))
          : withParentLink(
              world.crypto,
              node,
              opened,
              RelativeCapability.toParent(world.home.capability, world.home.parentKey, world.signer.publicKeyHash),
            );
      rewritten.push({ location: capability.location, node: changed, fragments: [] });
    }
    await world.put(world.signer, rewritten);
    await world.list(docs, [b!.entry]);
    expect(await findings(world)).toEqual([
      '/docs/a metadata format.cryptree',
      '/docs/b metadata format.cryptree',
      '/docs/b entry format.cryptree',
      '/docs/b metadata format.cryptree',
    ]);
  });

  describe('listed as another kind than it is (chapter 04 sections 3.4 and 5.4)', () => {
    test('a file as a directory, and a directory as a file', async () => {
      const world = await FileWorld.create();
      const docs = await world.addDirectory(world.home, 'docs');
      const inside = await world.addDirectory(docs, 'inside');
      await world.addFile(inside, 'a', content(10));
      const { file, chunks } = world.sealFile(docs, 'b', content(10));
      await world.put(world.signer, chunks);
      const lie = (isDirectory: boolean) => file.properties.with({ isDirectory, streamSecret: undefined });
      docs.chunks[0]!.splice(0);
      await world.list(docs, [
        entryOf(world.crypto, docs, { ...file, properties: lie(true) }),
        entryOf(world.crypto, docs, { ...inside, properties: lie(false) }),
      ]);
      const progress: VerifyProgress[] = [];
      expect(await findings(world, { onProgress: (now) => progress.push(now) })).toEqual([
        '/docs/b entry format.cryptree',
        '/docs/inside entry format.cryptree',
      ]);
      // Both were looked at as what they are.
      expect(progress.at(-1)).toMatchObject({ directories: 3, files: 2 });
    });

    test('behind a link node, what counts is the kind of its target; lists without names say nothing', async () => {
      const world = await FileWorld.create();
      const shared = await world.addLinkedDirectory(world.home, 'shared', 200);
      await world.addFile(shared, 'a', content(10), { isNameless: true });
      await world.addDirectory(shared, 'old', { isNameless: true });
      expect(await findings(world)).toEqual([]);
      world.home.chunks[0]!.splice(0);
      const properties = shared.link.properties.with({ isDirectory: false });
      await world.list(world.home, [entryOf(world.crypto, world.home, { ...shared.link, properties })]);
      expect(await findings(world)).toEqual(['/shared entry format.cryptree']);
    });

    test('a directory whose own properties call it a file', async () => {
      const world = await FileWorld.create();
      const docs = await world.addDirectory(world.home, 'docs');
      await world.addFile(docs, 'a', content(10));
      const { node, opened } = await openItem(world.view(), docs.capability);
      const changed = withProperties(world.crypto, node, opened, opened.properties.with({ isDirectory: false }));
      await world.put(world.signer, [{ location: docs.capability.location, node: changed, fragments: [] }]);
      expect(await findings(world)).toEqual(['/docs metadata format.cryptree']);
    });
  });

  test('reports the target of a link node that names another one as its parent (chapter 04 section 10)', async () => {
    const world = await FileWorld.create();
    const shared = await world.addLinkedDirectory(world.home, 'shared', 200);
    const { node, opened } = await openItem(world.view(), shared.capability);
    const changed = withParentLink(world.crypto, node, opened, parentLinkTo(world.home, shared.signer));
    await world.put(shared.signer, [{ location: shared.capability.location, node: changed, fragments: [] }]);
    expect(await findings(world)).toEqual(['/shared metadata format.cryptree']);
  });

  test('reports what is stored beyond the end of a file, but not zeros that fill its last chunk (chapter 04 section 7.1)', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'padded', new Uint8Array(CHUNK_SIZE), { properties: { size: 100 } });
    await world.addFile(world.home, 'tail', Uint8Array.of(1, 2, 3), { properties: { size: 2 } });
    await world.addFile(world.home, 'hidden', content(2 * CHUNK_SIZE), { properties: { size: 2 * CHUNK_SIZE - 1 } });
    expect(await findings(world)).toEqual([]);
    expect(await findings(world, { content: true })).toEqual(['/tail content 0 format.cryptree', '/hidden content 1 format.cryptree']);
  });

  describe('comparing stored hash trees with the content (chapter 04 section 8)', () => {
    const treeOf = (world: FileWorld, ...chunks: readonly Uint8Array[]): HashTree => {
      const leaves = new Uint8Array(32 * chunks.length);
      for (const [i, chunk] of chunks.entries()) leaves.set(world.crypto.sha256(chunk), 32 * i);
      return HashTree.build(world.crypto, leaves);
    };

    test('reports one that does not fit, with the first chunk in which it differs, and looks at the siblings', async () => {
      const world = await FileWorld.create();
      const bytes = content(2 * CHUNK_SIZE + 10);
      const parts = [bytes.subarray(0, CHUNK_SIZE), bytes.subarray(CHUNK_SIZE, 2 * CHUNK_SIZE), bytes.subarray(2 * CHUNK_SIZE)] as const;
      const right = treeOf(world, ...parts).branch(0);
      const wrong = treeOf(world, parts[0], parts[0], parts[2]).branch(0);
      const add = async (name: string, data: Uint8Array, treeHash: HashBranch): Promise<unknown> =>
        world.addFile(world.home, name, data, { properties: { treeHash } });
      await add('right', bytes, right);
      await add('wrong', bytes, wrong);
      await add('root', bytes, HashBranch.of(wrong.root, right.levels));
      await add('list', bytes, HashBranch.of(right.root, wrong.levels));
      await add('only a root', bytes, HashBranch.of(right.root, []));
      await add('too short', bytes, treeOf(world, parts[0], parts[1]).branch(0));
      await add('a level too many', bytes, HashBranch.of(right.root, [...right.levels, ...right.levels]));
      await add('empty', new Uint8Array(), treeOf(world, new Uint8Array()).branch(0));
      await add('stale', new Uint8Array(), treeOf(world, content(1)).branch(0));
      expect(await findings(world)).toEqual([]);
      const progress: VerifyProgress[] = [];
      expect(await findings(world, { content: true, onProgress: (now) => progress.push(now) })).toEqual([
        '/wrong hash 1 format.cryptree',
        '/root hash format.cryptree',
        '/list hash 1 format.cryptree',
        '/too short hash 2 format.cryptree',
        '/a level too many hash format.cryptree',
        '/stale hash 0 format.cryptree',
      ]);
      expect(progress.at(-1)).toMatchObject({ files: 9, bytes: 7 * bytes.length });
    });

    test('says nothing of the tree of content that is not all there, and hashes without what fills the last chunk', async () => {
      const world = await FileWorld.create();
      const branch = treeOf(world, content(100)).branch(0);
      const filled = new Uint8Array(CHUNK_SIZE);
      filled.set(content(100));
      await world.addFile(world.home, 'filled', filled, { properties: { size: 100, treeHash: branch } });
      await world.addFile(world.home, 'short', content(10), { properties: { size: 100, treeHash: branch } });
      expect(await findings(world, { content: true })).toEqual(['/short content 0 format.cryptree']);
    });
  });

  test('ends with the session, and does not call everything damaged', async () => {
    const { world } = await tree();
    let isOpen = true;
    const assertOpen = (): void => {
      if (!isOpen) throw new DeniedError('denied.session', 'closed');
    };
    const view = world.view(world.newSessions({ assertOpen }));
    const home = await world.openHome(view);
    const onProgress = (): void => void (isOpen = false);
    const verified = (async () => {
      for await (const { error } of verifyTree(view, home, { content: true, onProgress })) expect(error.code).toBeUndefined();
    })();
    expect(await outcome(verified)).toBe('denied.session');
  });

  test('ends in a tree that contains itself, and in one that is too deep', async () => {
    const world = await FileWorld.create();
    const docs = await world.addDirectory(world.home, 'docs');
    await world.list(docs, [entryOf(world.crypto, docs, world.home), entryOf(world.crypto, docs, docs)]);
    const found = (await findings(world)).filter((text) => text.includes('entry'));
    // Under its own write key an item cannot be written, so it is reported twice.
    expect(found).toEqual(['/docs/docs entry format.cryptree', '/docs/ada entry format.cryptree', '/docs/docs entry format.cryptree']);
    const deep = await FileWorld.create();
    const puts: NodePut[] = [];
    let parent = deep.home;
    for (let i = 0; i < 20; i++) {
      const child = newDirectory(deep.crypto, 'n'.repeat(255), deep.owner, deep.signer, parentLinkTo(parent, deep.signer));
      parent.chunks[0]!.push(entryOf(deep.crypto, parent, child));
      puts.push(deep.sealDirectory(parent, 0));
      parent = child;
    }
    await deep.put(deep.signer, [...puts, deep.sealDirectory(parent, 0)]);
    const tooDeep = await findings(deep);
    expect(tooDeep).toEqual([expect.stringMatching(/^(\/n{255}){17} entry limit$/u)]);
  });

  test('is cancelled, and ends with an error when the server is lost', async () => {
    const { world } = await tree();
    const controller = new AbortController();
    const cancelled = findings(world, { signal: controller.signal, onProgress: () => controller.abort() });
    expect(await outcome(cancelled)).toBe('aborted');
    const view = world.view(world.newSessions());
    const home = await world.openHome(view);
    world.base.server.hooks.before = () => {
      throw networkError();
    };
    expect(await outcome(verifyTree(view, home).next())).toBe('network');
  });
});
