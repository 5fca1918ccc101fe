import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commitToAServer } from './commit-to-a-server.js';
import { encryptAChunk } from './encrypt-a-chunk.js';
import { filesOfAnAccount } from './files-of-an-account.js';
import { handleErrors } from './handle-errors.js';
import { largeFiles } from './large-files.js';
import { whatChanged } from './merkle-map.js';
import { secondFactors } from './second-factors.js';
import { stayLoggedIn } from './stay-logged-in.js';
import { streamAFile, uploadAFolder } from './upload-a-folder.js';

const guide = readFileSync(new URL('../sdk.md', import.meta.url), 'utf8');

describe('the examples of docs/sdk.md', () => {
  test.each([
    'files-of-an-account.ts',
    'large-files.ts',
    'upload-a-folder.ts',
    'second-factors.ts',
    'stay-logged-in.ts',
    'handle-errors.ts',
    'encrypt-a-chunk.ts',
    'merkle-map.ts',
    'commit-to-a-server.ts',
  ])('%s is what the guide shows', (file) => {
    const source = readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
    expect(guide).toContain(`\`\`\`ts\n${source}\`\`\``);
  });

  describe('on a server', () => {
    let daemon: DaemonProcess;
    const password = 'seven lanterns over quiet water';

    beforeAll(async () => {
      daemon = await startDaemonProcess({ 'max-users': '10' });
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

    describe('with a folder', () => {
      let folder: string;
      beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), 'pyrgos-example-'));
      });
      afterEach(async () => rm(folder, { recursive: true, force: true }));

      test('a folder of the disk, and a stream', async () => {
        const { files } = await (await connect(daemon.url)).signUp({ username: 'cleo', password });
        await mkdir(join(folder, 'a', 'b'), { recursive: true });
        await writeFile(join(folder, 'a', 'b', 'small'), 'x');
        await writeFile(join(folder, 'large'), new Uint8Array(11_000_000).fill(3));
        const { signal } = new AbortController();
        expect(await uploadAFolder(files, folder, signal)).toEqual({
          outcomes: new Map([
            ['a/b/small', 'created'],
            ['large', 'created'],
          ]),
          bytes: 11_000_001,
        });
        const again = await uploadAFolder(files, folder, signal);
        expect(new Set(again.outcomes.values())).toEqual(new Set(['unchanged']));
        expect(await streamAFile(files, '/cleo/large', 20_000_000)).toBe(11_000_000);
        const some = await streamAFile(files, '/cleo/large', 1);
        expect([some > 0, some < 11_000_000]).toEqual([true, true]);
      });

      test('staying logged in, another password, space', async () => {
        const server = await connect(daemon.url);
        (await server.signUp({ username: 'dora', password })).close();
        const newPassword = 'eight lanterns over quiet water';
        const used = await stayLoggedIn(daemon.url, folder, { username: 'dora', password, newPassword });
        expect([used > 0, used < 1]).toEqual([true, true]);
        (await server.logIn({ username: 'dora', password: newPassword })).close();
      });
    });

    test('second factors', async () => {
      (await (await connect(daemon.url)).signUp({ username: 'emil', password })).close();
      expect(await secondFactors(daemon.url, 'emil', password)).toBe(2);
    });

    test('errors', async () => {
      const session = await (await connect(daemon.url)).signUp({ username: 'fred', password });
      expect(await handleErrors(daemon.url, session)).toEqual([
        'There is no such file.',
        'There is something of this name already.',
        'Wrong user name or password.',
        'Cancelled.',
      ]);
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
