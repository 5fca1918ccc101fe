import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commitToAServer } from './commit-to-a-server.js';
import { encryptAChunk } from './encrypt-a-chunk.js';
import { whatChanged } from './merkle-map.js';

const guide = readFileSync(new URL('../sdk.md', import.meta.url), 'utf8');

describe('the examples of docs/sdk.md', () => {
  test.each(['encrypt-a-chunk.ts', 'merkle-map.ts', 'commit-to-a-server.ts'])('%s is what the guide shows', (file) => {
    const source = readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
    expect(guide).toContain(`\`\`\`ts\n${source}\`\`\``);
  });

  test('encrypting a chunk', async () => {
    expect(await encryptAChunk(new Uint8Array(100))).toBe(0);
    expect(await encryptAChunk(new Uint8Array(2_500_000))).toBe(3);
  });

  test('committing to a server', async () => {
    expect(await commitToAServer()).toEqual(['content', 42]);
  });

  test('a Merkle map', async () => {
    const changed = (await whatChanged()).map(({ left, right }) => [left, right]);
    expect(changed).toHaveLength(2);
    expect(changed).toEqual(
      expect.arrayContaining([
        [7, 700],
        [8, undefined],
      ]),
    );
  });
});
