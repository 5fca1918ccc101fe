import { seededRandom } from '@pyrgos/testkit/random';
import { equalBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { ByteSource } from './content/index.js';
import type { FileSystem } from './file-system.js';

// What a session does itself while an upload of its own is on its way: the upload lends its turn, so the two never race at the server.

const large = seededRandom(5).randomBytes(16_000_000);
let world: FileWorld;
let files: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  files = world.device();
  await files.makeDirectory('/ada/inbox');
  await files.makeDirectory('/ada/trash');
});

/** The content; when some of it has been read, `change` is made, once. */
function meanwhile(change: () => Promise<unknown>): ByteSource {
  let isMade = false;
  return {
    size: large.length,
    open: async function* (offset) {
      for (let at = offset; at < large.length; at += 1_000_000) {
        if (at >= 12_000_000 && !isMade) {
          isMade = true;
          await change();
        }
        yield large.subarray(at, at + 1_000_000);
      }
    },
  };
}

const outcome = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'done';
  } catch (error) {
    return error instanceof PyrgosError ? error.code : String(error);
  }
};
const has = async (path: string): Promise<boolean> => (await world.device().find(path)) !== undefined;

describe.each<[string, (path: string, source: ByteSource) => Promise<unknown>]>([
  ['a new file', async (path, source) => files.write(path, source)],
  [
    'in place of a file',
    async (path, source) => {
      await files.write(path, new Uint8Array(6_000_000));
      return files.write(path, source);
    },
  ],
  [
    'behind a file',
    async (path, source) => {
      await files.write(path, 'x');
      return files.append(path, source);
    },
  ],
])('%s', (what, write) => {
  const isNew = what === 'a new file';

  test('its directory is moved away: there is nothing at the path any more', async () => {
    expect(
      await outcome(
        write(
          '/ada/inbox/big',
          meanwhile(async () => files.move('/ada/inbox', '/ada/trash')),
        ),
      ),
    ).toBe('not-found.file');
    expect(await has('/ada/trash/inbox/big')).toBe(!isNew);
    expect(await has('/ada/inbox')).toBe(false);
  });

  test('its directory is renamed', async () => {
    expect(
      await outcome(
        write(
          '/ada/inbox/big',
          meanwhile(async () => files.rename('/ada/inbox', 'other')),
        ),
      ),
    ).toBe('not-found.file');
    expect(await has('/ada/other/big')).toBe(!isNew);
  });

  test('something else is changed: that is no reason to begin again', async () => {
    let reads = 0;
    const source = meanwhile(async () => {
      reads++;
      await files.write('/ada/inbox/small', 'x');
      await files.rename('/ada/trash', 'bin');
    });
    expect(await outcome(write('/ada/inbox/big', source))).toBe('done');
    expect(reads).toBe(1);
    expect(await has('/ada/inbox/big')).toBe(true);
  });
});

test('a directory that is made anew in its place gets the file', async () => {
  const source = meanwhile(async () => {
    await files.move('/ada/inbox', '/ada/trash');
    await files.makeDirectory('/ada/inbox');
  });
  const { entry } = await files.write('/ada/inbox/big', source);
  expect(entry.path).toBe('/ada/inbox/big');
  expect(equalBytes(await world.device().read('/ada/inbox/big'), large)).toBe(true);
  expect(await has('/ada/trash/inbox/big')).toBe(false);
  expect(await files.clearUnfinishedUploads()).toBe(0);
});
