import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError } from '@pyrgos/core/errors';
import { afterAll, describe, expect, test } from 'vitest';
import { localStoreContract } from '../../test/local-store-contract.js';
import { FileLocalStore } from './file-local-store.node.js';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pyrgos-store-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

localStoreContract('in files', async () => FileLocalStore.open(join(newFolder(), 'store')));

describe('a local store in files', () => {
  test('is for its user only, survives, and names no user', async () => {
    const folder = join(newFolder(), 'store');
    await (await FileLocalStore.open(folder)).put('login/alice', Uint8Array.of(1));
    expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
    const [file = ''] = readdirSync(folder);
    expect((statSync(join(folder, file)).mode & 0o777).toString(8)).toBe('600');
    expect(file).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(join(folder, file))).toHaveLength(1);
    expect(await (await FileLocalStore.open(folder)).get('login/alice')).toEqual(Uint8Array.of(1));
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('errors are typed and show no path', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'file'), '');
    const error: unknown = await FileLocalStore.open(join(folder, 'file')).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'storage' });
    expect(String(error)).not.toContain(folder);
    const store = await FileLocalStore.open(join(folder, 'gone'));
    rmSync(join(folder, 'gone'), { recursive: true });
    await expect(store.put('a', Uint8Array.of(1))).rejects.toMatchObject({ code: 'storage' });
    expect(await store.get('a')).toBeUndefined();
    await expect(FileLocalStore.open('')).rejects.toThrow(ArgumentError);
  });
});
