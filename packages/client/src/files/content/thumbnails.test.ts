import { MAX_THUMBNAIL_SIZE } from '@pyrgos/core/limits';
import { Thumbnail } from '@pyrgos/core/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { chunksOf, ContentWorld, streamOf } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { appendContent, overwriteSection } from './edit-content.js';
import { setContent } from './set-content.js';
import { type Thumbnailer, thumbnailKind, type ThumbnailSource } from './thumbnailer.js';

const png = (size: number, seed = 1): Uint8Array => {
  const bytes = content(size, seed);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return bytes;
};

/** "Shows" the first bytes after the signature. */
class HeadThumbnailer implements Thumbnailer {
  readonly seen: ThumbnailSource[] = [];

  async create(source: ThumbnailSource, signal?: AbortSignal): Promise<Thumbnail> {
    this.seen.push(source);
    const blob = await source.blob(signal);
    expect(blob.size).toBe(source.size);
    expect(new Uint8Array(await blob.slice(0, 12).arrayBuffer())).toEqual(await source.head(12, signal));
    return Thumbnail.of('image/webp', (await source.head(12, signal)).slice(8));
  }
}

let world: ContentWorld;
beforeEach(async () => {
  world = await ContentWorld.create();
});

const thumbnailOf = async (name: string): Promise<Uint8Array | undefined> => (await world.item(name))!.properties.thumbnail?.bytes;

describe('what gets a thumbnail (section 18.2)', () => {
  it('is decided by type and size', () => {
    expect(
      [
        ['image/png', 41],
        ['image/png', 40],
        ['image/svg+xml', 1000],
        ['image/jpg', 1000],
        ['video/mp4', 1000],
        ['audio/mpeg', 1000],
        ['audio/mp4', 1000],
        ['text/plain', 1000],
        ['', 1000],
      ].map(([type, size]) => thumbnailKind(type as string, size as number)),
    ).toEqual(['image', undefined, undefined, 'image', 'video', 'cover', undefined, undefined, undefined]);
  });
});

describe('thumbnails', () => {
  it('are made of new files, large ones too, and stored in chunk 0', async () => {
    const thumbnailer = new HeadThumbnailer();
    const ports = { thumbnailer };
    await world.upload('small', png(5000), {}, ports);
    expect(await thumbnailOf('small')).toEqual(png(5000).slice(8, 12));
    const large = chunksOf(1);
    large.set(png(20));
    await world.upload('large', new Blob([large as Uint8Array<ArrayBuffer>]), {}, ports);
    expect(await thumbnailOf('large')).toEqual(large.slice(8, 12));
    // A stream of one chunk was kept; one of more cannot be read again.
    await world.upload('stream', streamOf(png(5000)), {}, ports);
    expect(await thumbnailOf('stream')).toEqual(png(5000).slice(8, 12));
    await world.upload('long stream', streamOf(large), {}, ports);
    expect(await thumbnailOf('long stream')).toBeUndefined();
    await world.upload('text', content(5000), {}, ports);
    expect(thumbnailer.seen).toHaveLength(3);
    await world.upload('given', png(5000), { thumbnail: Thumbnail.of('image/png', Uint8Array.of(7)) }, ports);
    expect(await thumbnailOf('given')).toEqual(Uint8Array.of(7));
    expect(thumbnailer.seen).toHaveLength(3);
  });

  it('follow the content', async () => {
    const ports = { ...world.ports, thumbnailer: new HeadThumbnailer() };
    await world.upload('f', png(5000), {}, ports);
    await world.change('f', (operation, file) => setContent(operation, ports, file, png(5000, 2)));
    expect(await thumbnailOf('f')).toEqual(png(5000, 2).slice(8, 12));
    await world.change('f', (operation, file) => appendContent(operation, ports, file, content(10)));
    expect(await thumbnailOf('f')).toEqual(png(5000, 2).slice(8, 12));
    await world.change('f', (operation, file) => overwriteSection(operation, ports, file, 9, Uint8Array.of(1, 2)));
    const changed = png(5000, 2).slice(8, 12);
    changed.set([1, 2], 1);
    expect(await thumbnailOf('f')).toEqual(changed);
    // Whoever cannot make one takes the old one away, for it would lie.
    await world.change('f', (operation, file) => overwriteSection(operation, world.ports, file, 9, Uint8Array.of(3, 4)));
    expect(await thumbnailOf('f')).toBeUndefined();
  });

  it('are no reason for an upload to fail', async () => {
    const failing: readonly Thumbnailer[] = [
      { create: async () => Promise.reject(new Error('no decoder')) },
      {
        create: () => {
          throw new TypeError('broken');
        },
      },
      { create: async () => undefined },
      { create: async () => ({ mimeType: 'image/png', bytes: new Uint8Array(1) }) as Thumbnail },
      { create: async () => Thumbnail.of('image/png', new Uint8Array(MAX_THUMBNAIL_SIZE + 1)) },
    ];
    for (const [i, thumbnailer] of failing.entries()) {
      await world.upload(`f${i}`, png(5000), {}, { thumbnailer });
      expect(await thumbnailOf(`f${i}`)).toBeUndefined();
    }
    const largest = Thumbnail.of('image/png', content(MAX_THUMBNAIL_SIZE));
    await world.upload('largest', png(5000), {}, { thumbnailer: { create: async () => largest } });
    expect((await world.item('largest'))!.properties.thumbnail?.equals(largest)).toBe(true);
  });

  it('do not hold up a cancelled upload', async () => {
    const controller = new AbortController();
    const hanging: Thumbnailer = { create: async () => new Promise(() => controller.abort()) };
    expect(await outcome(world.upload('f', png(5000), { signal: controller.signal }, { thumbnailer: hanging }))).toBe('aborted');
    expect(await world.names()).toEqual([]);
  });
});
