import { PyrgosError } from '@pyrgos/core/errors';
import { describe, expect, test } from 'vitest';
import { content, FileWorld } from '../../../test/file-world.js';
import { CommittedView } from './committed-view.js';
import { directoryChunks } from './directory-chunks.js';
import { FileReader } from './file-reader.js';
import { findChild, findEntry, findPath, pathOf, resolvePath, splitPath } from './find-path.js';
import { listChildren, listEntries, openEntries } from './list-children.js';
import { openItem } from './open-item.js';
import { OperationView } from './operation-view.js';
import { Sessions } from './sessions.js';
import { verifyTree } from './verify-tree.js';

const junk: readonly unknown[] = [undefined, null, 7, 'text', {}, [], () => undefined, new Uint8Array(3)];

/** The first element of an iterable, or the value of a promise. */
async function run(call: () => unknown): Promise<unknown> {
  const result = call();
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
    return (result as AsyncIterable<unknown>)[Symbol.asyncIterator]().next();
  }
  return result;
}

describe('junk arguments', () => {
  test('are typed errors everywhere', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'a', content(10));
    const view = world.view();
    const home = await world.openHome(view);
    const file = (await findChild(view, home, 'a'))!;
    const reader = new FileReader(view, file);
    const { stores, crypto } = { stores: { blocks: world.base.server.blocks, pointers: world.base.server.pointers }, crypto: world.crypto };
    // Each function gets junk in the place of one argument, the others are right; undefined is right for optional ones.
    const calls: readonly (readonly [string, (value: never) => unknown, boolean?])[] = [
      ['openItem view', (value) => openItem(value, home.capability)],
      ['openItem capability', (value) => openItem(view, value)],
      ['openItem options', (value) => openItem(view, home.capability, value), true],
      ['directoryChunks view', (value) => directoryChunks(value, home)],
      ['directoryChunks directory', (value) => directoryChunks(view, value)],
      ['directoryChunks options', (value) => directoryChunks(view, home, value), true],
      ['listChildren directory', (value) => listChildren(view, value)],
      ['listEntries view', (value) => listEntries(value, home)],
      ['openEntries entries', (value) => openEntries(view, home, value)],
      ['openEntries element', (value) => openEntries(view, home, [value])],
      ['findChild name', (value) => findChild(view, home, value)],
      ['findEntry directory', (value) => findEntry(view, value, 'a')],
      ['findPath path', (value) => findPath(view, home, value)],
      ['findPath root', (value) => findPath(view, value, 'a')],
      ['resolvePath view', (value) => resolvePath(value, home, 'a')],
      ['splitPath', (value) => splitPath(value)],
      ['pathOf item', (value) => pathOf(view, value)],
      ['pathOf view', (value) => pathOf(value, file)],
      ['verifyTree root', (value) => verifyTree(view, value)],
      ['FileReader view', (value) => new FileReader(value, file)],
      ['FileReader item', (value) => new FileReader(view, value)],
      ['FileReader options', (value) => new FileReader(view, file, { prefetch: value }), true],
      ['read start', (value) => reader.read(value, 1), true],
      ['read end', (value) => reader.read(0, value), true],
      ['read options', (value) => reader.read(0, 1, value), true],
      ['stream start', (value) => reader.stream({ start: value }), true],
      ['stream onProgress', (value) => reader.stream({ onProgress: value }), true],
      ['Sessions', (value) => new Sessions(value)],
      ['Sessions stores', (value) => new Sessions({ stores: value, crypto }).of(world.owner)],
      ['Sessions crypto', (value) => new Sessions({ stores, crypto: value })],
      ['Sessions.of', (value) => world.sessions.of(value)],
      ['CommittedView', (value) => new CommittedView(value)],
      ['OperationView sessions', (value) => new OperationView(value, value, value)],
    ];
    for (const [name, call, isOptional] of calls) {
      for (const value of junk) {
        let outcome = 'accepted';
        try {
          await run(() => call(value as never));
        } catch (error) {
          outcome = error instanceof PyrgosError ? error.code : String(error);
        }
        const where = `${name}: ${typeof value} ${String(value)}`;
        if (outcome === 'accepted') {
          const isHarmless = isOptional === true || value === 'text' || (Array.isArray(value) && value.length === 0) || value === 7;
          expect(isHarmless, where).toBe(true);
        } else {
          expect(outcome, where).toMatch(/^(argument|not-found\.file)$/u);
        }
      }
    }
  });
});
