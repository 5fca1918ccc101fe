import { readFileSync } from 'node:fs';
import { connect } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commitToAServer } from './commit-to-a-server.js';
import { encryptAChunk } from './encrypt-a-chunk.js';
import { filesOfAnAccount } from './files-of-an-account.js';
import { largeFiles } from './large-files.js';
import { whatChanged } from './merkle-map.js';

const guide = readFileSync(new URL('../sdk.md', import.meta.url), 'utf8');

describe('the examples of docs/sdk.md', () => {
  test.each(['files-of-an-account.ts', 'large-files.ts', 'encrypt-a-chunk.ts', 'merkle-map.ts', 'commit-to-a-server.ts'])(
    '%s is what the guide shows',
    (file) => {
      const source = readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
      expect(guide).toContain(`\`\`\`ts\n${source}\`\`\``);
    },
  );

  describe('on a server', () => {
    let daemon: DaemonProcess;
    const password = 'seven lanterns over quiet water';

    beforeAll(async () => {
      daemon = await startDaemonProcess({ 'max-users': '5' });
    });
    afterAll(async () => daemon.stop());

    test('the files of an account', async () => {
      const found = await filesOfAnAccount(daemon.url, 'ada', password);
      expect(found).toHaveLength(21);
      expect(found[0]).toBe('0.txt, 7 bytes, text/plain');
      expect(found.at(-1)).toBe('bread, a lighthouse');
    });

    test('large files', async () => {
      const { files } = await (await connect(daemon.url)).signUp({ username: 'bert', password });
      expect(await largeFiles(files, new Uint8Array(12_000_000).fill(7))).toBe(12_000_000);
    });
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
