import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { decodeMultihash, Multihash } from '../codec/multihash.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '../errors.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_SOCIAL_POST_SIZE } from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import v from '../../../../vectors/06/posts.json' with { type: 'json' };
import { FileRef } from './file-ref.js';
import { generatePostName, postFolder, postMediaFolder } from './post-paths.js';
import { PostAudience, SocialPost } from './social-post.js';

const crypto = await loadCrypto();
const capability = AbsoluteCapability.decode(fromHex(v.readOnly));
const reference = FileRef.of(v.fileRefPath, capability, decodeMultihash(fromHex(v.fileRefHash)));
const post = SocialPost.of({ author: v.author, body: [v.text], audience: PostAudience.friends, time: v.time });
const other = FileRef.of('/bob/b', capability, reference.contentHash);

describe('FileRef', () => {
  test('the vector', () => {
    expect(toHex(reference.encode())).toBe(v.fileRef);
    expect(FileRef.decode(fromHex(v.fileRef)).equals(reference)).toBe(true);
    expect(String(reference)).not.toContain('bob');
  });

  test.each(v.invalidFileRefs)('refused: $reason', ({ cbor }) => {
    expect(() => FileRef.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('JSON for apps', () => {
    const json = reference.formatJson();
    expect(JSON.parse(json)).toMatchObject({
      path: '/bob/a',
      contentHash: expect.stringMatching(/^Qm/u),
      cap: expect.stringMatching(/^#/u),
    });
    expect(FileRef.parseJson(json).equals(reference)).toBe(true);
    for (const change of [{ path: '../x' }, { path: 1 }, { cap: '#a' }, { contentHash: 'x' }, { cap: undefined }, { contentHash: '11' }]) {
      expect(() => FileRef.parseJson(JSON.stringify({ ...(JSON.parse(json) as object), ...change }))).toThrow(PyrgosError);
    }
    for (const text of ['', 'null', '[]', '{"path":']) expect(() => FileRef.parseJson(text)).toThrow(FormatError);
    expect(() => FileRef.parseJson('x'.repeat(70_000))).toThrow(LimitError);
  });

  test('arguments are checked', () => {
    const writable = AbsoluteCapability.of({ ...capability, wBaseKey: SymmetricKey.generate(crypto) });
    expect(() => FileRef.of('a/../b', capability, reference.contentHash)).toThrow(ArgumentError);
    expect(() => FileRef.of('a/..', capability, reference.contentHash)).toThrow(ArgumentError);
    expect(FileRef.of('a/..b', capability, reference.contentHash).path).toBe('a/..b');
    expect(() => FileRef.of('a', writable, reference.contentHash)).toThrow(ArgumentError);
    expect(() => FileRef.of('a', capability, Multihash.create(0, new Uint8Array(3)))).toThrow(ArgumentError);
  });
});

describe('SocialPost', () => {
  test('the vectors', () => {
    expect(toHex(post.encode())).toBe(v.post);
    expect(SocialPost.decode(fromHex(v.post)).equals(post)).toBe(true);
    expect(toHex(post.contentHash(crypto).bytes)).toBe(v.contentHash);
    const edited = post.edit([v.editedText], v.editedTime);
    expect(toHex(edited.encode())).toBe(v.edited);
    expect(SocialPost.decode(fromHex(v.edited)).equals(edited)).toBe(true);
  });

  test.each(v.invalidPosts)('refused: $reason', ({ cbor }) => {
    expect(() => SocialPost.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('a comment that shows a file', () => {
    const comment = SocialPost.of({ author: 'bob', body: ['see', reference], audience: PostAudience.author, time: 0, parent: other });
    const read = SocialPost.decode(comment.encode());
    expect(read.equals(comment)).toBe(true);
    expect(read.parent?.equals(other)).toBe(true);
    expect(read.body[1]).toBeInstanceOf(FileRef);
  });

  test('comments do not change the content hash, and each is there once', () => {
    const commented = post.withComments([reference, other, reference]).withComments([other]);
    expect(commented.comments.map(({ path }) => path)).toEqual(['/bob/a', '/bob/b']);
    expect(commented.contentHash(crypto).equals(post.contentHash(crypto))).toBe(true);
    expect(SocialPost.decode(commented.encode()).equals(commented)).toBe(true);
    expect(commented.equals(post)).toBe(false);
  });

  test('changes keep the comments, and each older version once', () => {
    let changed = post.withComments([reference]);
    for (let i = 1; i <= 20; i++) changed = changed.edit([`version ${i}`], v.time + i);
    expect(changed.comments).toHaveLength(1);
    expect(changed.previousVersions.map(({ time }) => time)).toEqual(Array.from({ length: 20 }, (_, i) => v.time + i));
    expect(changed.previousVersions.every(({ comments, previousVersions }) => comments.length + previousVersions.length === 0)).toBe(true);
    expect(changed.firstTime).toBe(v.time);
    expect(changed.encode().length).toBeLessThan(3000);
  });

  test('deep nesting is a typed error', () => {
    let nested: unknown = post.toCbor();
    for (let i = 0; i < 30; i++) nested = [17, new Map([...((post.toCbor() as unknown[])[1] as Map<string, unknown>), ['v', [nested]]])];
    expect(SocialPost.decode(encodeCbor(nested as never)).previousVersions[0]?.previousVersions).toHaveLength(1);
    for (let i = 0; i < 30; i++) nested = [17, new Map([['v', [nested]]])];
    expect(() => encodeCbor(nested as never)).toThrow(LimitError);
  });

  test('MAX_SOCIAL_POST_SIZE', () => {
    const sized = (length: number): SocialPost => SocialPost.of({ author: 'a', body: ['x'.repeat(length)], audience: 'Public', time: 0 });
    const overhead = sized(100_000).encode().length - 100_000;
    const largest = sized(MAX_SOCIAL_POST_SIZE - overhead);
    expect(SocialPost.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_SOCIAL_POST_SIZE - overhead + 1).encode()).toThrow(LimitError);
    expect(() => SocialPost.decode(new Uint8Array(MAX_SOCIAL_POST_SIZE + 1))).toThrow(LimitError);
  });

  test('arguments are checked', () => {
    const parts = { author: 'alice', body: ['x'], audience: PostAudience.public, time: 0 };
    for (const change of [
      { author: '.a' },
      { body: 'x' },
      { body: [1] },
      { body: ['\ud800'] },
      { audience: 'All' },
      { time: 0.5 },
      { parent: {} },
    ]) {
      expect(() => SocialPost.of({ ...parts, ...change } as never)).toThrow(ArgumentError);
    }
    expect(() => post.withComments([post] as never)).toThrow(ArgumentError);
    expect(() => post.edit(['x'], -1)).toThrow(ArgumentError);
  });
});

describe('where posts are', () => {
  test('by the time of the first version, in UTC', () => {
    expect(postFolder(post)).toBe('/alice/.posts/2023/11');
    expect(postFolder(post.edit(['later'], v.time + 100_000_000))).toBe('/alice/.posts/2023/11');
    expect(postFolder(SocialPost.of({ author: 'bob', body: [], audience: 'Public', time: Date.UTC(2024, 0, 1) / 1000 }))).toBe(
      '/bob/.posts/2024/1',
    );
    expect(postMediaFolder('bob', Date.UTC(2024, 0, 1) / 1000 - 1)).toBe('/bob/.posts/2023/media');
    expect(() => postMediaFolder('bob', Number.MAX_SAFE_INTEGER)).toThrow(ArgumentError);
    expect(() => postMediaFolder('.', 0)).toThrow(ArgumentError);
  });

  test('random names', () => {
    expect(generatePostName({ randomBytes: (length) => new Uint8Array(length).fill(0xff) })).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
    expect(generatePostName(crypto)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  });
});
