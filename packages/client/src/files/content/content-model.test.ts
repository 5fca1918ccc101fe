import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { CHUNK_SIZE, chunkCount } from '@pyrgos/core/model';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ContentWorld, streamOf } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { rotateAllKeys } from '../structure/rotate-all-keys.js';
import { appendContent, cleanFile, overwriteSection, truncateFile } from './edit-content.js';
import { setContent } from './set-content.js';

/** Sizes around what matters: nothing, the inline limit, borders of chunks. */
const size = fc.oneof(
  fc.constantFrom(0, 1, 4093, 4099, 4100, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE),
  fc.nat(10_000),
  fc.nat(2 * CHUNK_SIZE),
);
/** A place in a file, as a share of its size. */
const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const isStream = fc.boolean();

const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), size, isStream, changedChunksOnly: fc.boolean() }),
  fc.record({ kind: fc.constant('append' as const), size: fc.nat(CHUNK_SIZE), isStream }),
  fc.record({ kind: fc.constant('overwrite' as const), share, size: fc.nat(CHUNK_SIZE), isStream }),
  fc.record({ kind: fc.constant('truncate' as const), share }),
  fc.record({ kind: fc.constant('revoke' as const) }),
  fc.record({ kind: fc.constant('clean' as const) }),
);

it('any sequence of changes of a file has the effect that it has on bytes in memory, and leaves no chunks behind', async () => {
  await fc.assert(
    fc.asyncProperty(size, fc.array(step, { minLength: 1, maxLength: 6 }), async (first, steps) => {
      const world = await ContentWorld.create();
      const { ports } = world;
      const empty = await world.chunkCount();
      let seed = 1;
      let model: Uint8Array = content(first, seed++);
      await world.upload('f', model);
      for (const next of steps) {
        const part = 'size' in next ? content(next.size, seed++) : new Uint8Array();
        const source = 'isStream' in next && next.isStream ? streamOf(part) : part;
        const at = 'share' in next ? Math.round(next.share * model.length) : 0;
        if (next.kind === 'revoke') {
          const item = (await world.item('f'))!;
          await world.run((operation, home) => rotateAllKeys(operation, home, item, { rotateSigner: false }));
        } else {
          await world.change('f', async (operation, file) => {
            if (next.kind === 'set') await setContent(operation, ports, file, source, { changedChunksOnly: next.changedChunksOnly });
            else if (next.kind === 'append') await appendContent(operation, ports, file, source);
            else if (next.kind === 'overwrite') await overwriteSection(operation, ports, file, at, source);
            else if (next.kind === 'truncate') await truncateFile(operation, ports, file, at);
            else await cleanFile(operation, ports, file);
          });
        }
        if (next.kind === 'set') model = part;
        else if (next.kind === 'append') model = concatBytes(model, part);
        else if (next.kind === 'truncate') model = model.slice(0, at);
        else if (next.kind === 'overwrite') {
          model = concatBytes(model.subarray(0, at), part, model.subarray(Math.min(model.length, at + part.length)));
        }
        const read = await world.read('f');
        expect([next, read !== undefined && equalBytes(read, model)]).toEqual([next, true]);
        expect(await world.chunkCount()).toBe(empty + chunkCount(model.length));
      }
    }),
    { numRuns: 10 },
  );
});
