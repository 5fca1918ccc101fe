import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('the installable app (needs a Chromium)', () => {
  let world: WebWorld;
  beforeAll(async () => {
    world = await WebWorld.start();
  });
  afterAll(async () => {
    await world?.stop();
  });

  test('every icon that the manifest names is there, in the size that it says', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../packages/web/public/manifest.json', import.meta.url), 'utf8')) as {
      readonly icons: readonly { readonly src: string; readonly sizes: string; readonly type: string; readonly purpose: string }[];
    };
    expect(manifest.icons.map(({ purpose }) => purpose)).toContain('maskable');
    for (const { src, sizes, type } of manifest.icons) {
      const answer = await fetch(new URL(src, world.daemon.url));
      expect(answer.headers.get('content-type')).toContain(type);
      if (type !== 'image/png') continue;
      const png = new DataView(await answer.arrayBuffer());
      expect(`${png.getUint32(16)}x${png.getUint32(20)}`).toBe(sizes);
    }
  });
});
