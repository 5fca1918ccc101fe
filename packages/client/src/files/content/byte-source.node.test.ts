import { concatBytes } from '@pyrgos/core/bytes';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openSource } from './byte-source.js';

test('a stream of a file on disk is a source', async () => {
  const path = fileURLToPath(import.meta.url);
  const opened = openSource(createReadStream(path));
  expect(opened).toMatchObject({ size: undefined, isRepeatable: false });
  const parts: Uint8Array[] = [];
  for await (const part of opened.open(0, undefined)) parts.push(part);
  expect(concatBytes(...parts)).toEqual(new Uint8Array(await readFile(path)));
});
