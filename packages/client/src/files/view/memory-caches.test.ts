import { expect, test } from 'vitest';
import { content, FileWorld } from '../../../test/file-world.js';
import { listFacts } from './list-facts.js';
import { DEFAULT_CACHE_BYTES, memoryCaches } from './memory-caches.js';

test('caches share what they may take', async () => {
  const world = await FileWorld.create();
  await world.addFiles(
    world.home,
    Array.from({ length: 60 }, (_, i) => ({ name: String(i), content: content(4000, i) })),
  );
  for (const bytes of [0, 100_000, DEFAULT_CACHE_BYTES]) {
    const { blockCache, nodes } = memoryCaches(bytes);
    const view = world.view(world.newSessions({ blockCache, nodes }));
    const home = await world.openHome(view);
    for (const _ of ['the first time', 'once more']) {
      let listed = 0;
      for await (const { isDangling } of listFacts(view, home)) if (!isDangling) listed++;
      expect(listed).toBe(60);
      const sizes = [blockCache.size, nodes.size, nodes.listings.size];
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(bytes);
      expect(sizes.every((size) => size > 0)).toBe(bytes > 0);
    }
  }
});
