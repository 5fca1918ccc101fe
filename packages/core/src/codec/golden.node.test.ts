import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import { equalBytes } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { type CarBlock, carBlock, carHeader, readCar } from './car.js';
import { decodeCbor } from './cbor-decode.js';
import { encodeCbor } from './cbor-encode.js';
import { formatBlockStoreName, parseBlockStoreName } from './cid-block-name.js';
import { type Cid, CidCodec, parseCid } from './cid.js';
import { linksOf } from './links.js';

/** What this test reads of state.json. */
interface State {
  readonly blocks: { readonly count: number; readonly bytes: number };
  readonly owners: readonly { readonly writers: readonly { readonly writer: string; readonly target: string | null }[] }[];
}

const folder = goldenFolder();

/** Blocks written by the reference implementation. */
describe.skipIf(folder === undefined)(`golden-1${folder === undefined ? ` (skipped: ${goldenMissing})` : ''}`, () => {
  const blocks = new Map<string, CarBlock>();
  let state: State;
  let roots: readonly Cid[];
  let fileSize = 0;

  beforeAll(async () => {
    const crypto = await loadCrypto();
    state = JSON.parse(readFileSync(join(folder ?? '', 'state.json'), 'utf8')) as State;
    const car = readCar(createReadStream(join(folder ?? '', 'blocks.car')), { hasher: crypto });
    roots = await car.roots();
    for await (const block of car) {
      expect(blocks.has(block.cid.key), `${block.cid.toString()} occurs once`).toBe(false);
      blocks.set(block.cid.key, block);
      fileSize += carBlock(block.cid, block.bytes).length;
    }
  });

  test('counts and sizes are those of the server', () => {
    expect(blocks.size).toBe(state.blocks.count);
    let bytes = 0;
    for (const block of blocks.values()) bytes += block.bytes.length;
    expect(bytes).toBe(state.blocks.bytes);
  });

  test('our writer gives a file of the same header and size', () => {
    const header = carHeader(roots);
    const start = readFileSync(join(folder ?? '', 'blocks.car')).subarray(0, header.length);
    expect(equalBytes(header, start)).toBe(true);
    expect(readFileSync(join(folder ?? '', 'blocks.car')).length).toBe(header.length + fileSize);
  });

  test('the roots are the targets of the pointers', () => {
    const targets = state.owners.flatMap(({ writers }) => writers.map(({ target }) => target)).filter((target) => target !== null);
    expect(roots.map(String)).toEqual(targets);
    for (const root of roots) expect(blocks.has(root.key)).toBe(true);
  });

  test('every dag-cbor block decodes and re-encodes to the same bytes', () => {
    let count = 0;
    for (const { cid, bytes } of blocks.values()) {
      if (cid.codec !== CidCodec.dagCbor) continue;
      count++;
      expect(equalBytes(encodeCbor(decodeCbor(bytes)), bytes), cid.toString()).toBe(true);
    }
    expect(count).toBeGreaterThan(500);
  });

  test('every link leads to a block of the file or is an identity CID', () => {
    const reached = new Set(roots.map((root) => root.key));
    for (const { cid, bytes } of blocks.values()) {
      if (cid.codec !== CidCodec.dagCbor) continue;
      for (const link of linksOf(decodeCbor(bytes))) {
        if (link.isIdentity) continue;
        expect(blocks.has(link.key), `${cid.toString()} -> ${link.toString()}`).toBe(true);
        reached.add(link.key);
      }
    }
    expect(reached.size).toBe(blocks.size);
  });

  test('names of blocks and keys survive', () => {
    for (const { cid } of blocks.values()) {
      expect(parseCid(cid.toString()).equals(cid)).toBe(true);
      expect(parseBlockStoreName(formatBlockStoreName(cid)).equals(cid)).toBe(true);
    }
    for (const { writer } of state.owners.flatMap(({ writers }) => writers)) expect(String(parseCid(writer))).toBe(writer);
  });
});
