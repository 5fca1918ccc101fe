import { expect, test } from 'vitest';
import { itemsOfDrop } from './dropped-items.js';

/** A file on a disk; undefined: one that cannot be read. */
function fileEntry(name: string, file: File | undefined): FileSystemEntry {
  return Object.assign(entry(name, true), {
    file: (resolve: (file: File) => void, reject: (error: unknown) => void) => {
      if (file === undefined) reject(new Error('locked'));
      else resolve(file);
    },
  });
}

/** A folder; undefined: one that cannot be looked into. */
function folderEntry(name: string, children: readonly FileSystemEntry[] | undefined): FileSystemEntry {
  const parts = children === undefined ? [] : [children, []];
  return Object.assign(entry(name, false), {
    createReader: () => ({
      readEntries: (resolve: (part: readonly FileSystemEntry[]) => void, reject: (error: unknown) => void) => {
        const part = parts.shift();
        if (part === undefined) reject(new Error('locked'));
        else resolve(part);
      },
    }),
  });
}

function entry(name: string, isFile: boolean): FileSystemEntry {
  const made = { name, isFile, isDirectory: !isFile, fullPath: `/${name}` };
  return made as unknown as FileSystemEntry;
}

test('what cannot be read is named, and everything else is there', async () => {
  const dropped = [
    folderEntry('docs', [
      fileEntry('a.txt', new File(['a'], 'a.txt')),
      fileEntry('locked.txt', undefined),
      folderEntry('private', undefined),
    ]),
    fileEntry('b.txt', new File(['b'], 'b.txt')),
  ];
  const { items, unread } = await itemsOfDrop({
    items: dropped.map((made) => ({ kind: 'file', webkitGetAsEntry: () => made })),
    files: [],
  });
  expect(items.map(({ path }) => path.join('/'))).toEqual(['docs', 'docs/a.txt', 'docs/private', 'b.txt']);
  expect(unread).toEqual(['docs/locked.txt', 'docs/private']);
});
