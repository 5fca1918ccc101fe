import { expect, test } from 'vitest';
import { extensionOf, MAX_TEXT, viewerKindOf } from './viewer-kind.js';

test.each([
  ['cat.png', 'image/png', 10, 'image'],
  ['cat', 'IMAGE/PNG; x=y', 10, 'image'],
  ['cat.heic', 'image/heic', 10, 'other'],
  ['drawing.svg', 'image/svg+xml', 10, 'image'],
  ['film.mp4', 'video/mp4', 1e9, 'video'],
  ['song.mp3', 'audio/mpeg', 1e7, 'audio'],
  ['paper.pdf', 'application/pdf', 1e7, 'pdf'],
  ['README.md', 'text/plain', 10, 'markdown'],
  ['README', 'text/markdown', 10, 'markdown'],
  ['main.ts', 'video/mp2t', 10, 'text'],
  ['film.ts', 'video/mp2t', 1e8, 'video'],
  ['main.rs', 'application/octet-stream', 10, 'text'],
  ['Makefile', 'application/octet-stream', 10, 'text'],
  ['data', 'application/json', 10, 'text'],
  ['empty', 'application/octet-stream', 0, 'text'],
  ['empty.png', 'application/octet-stream', 0, 'image'],
  ['empty.MP4', '', 0, 'video'],
  ['empty.pdf', 'application/octet-stream', 0, 'pdf'],
  ['empty.ts', 'video/mp2t', 0, 'text'],
  ['garbage.png', 'text/plain', 10, 'image'],
  ['garbage.mp3', 'text/plain', 10, 'audio'],
  ['notes.txt', 'image/png', 10, 'image'],
  ['huge.log', 'text/plain', MAX_TEXT + 1, 'other'],
  ['constructor', 'application/octet-stream', 10, 'other'],
  ['__proto__', '', 10, 'other'],
])('%s of type %j and %i bytes: %s', (name, mimeType, size, kind) => {
  expect(viewerKindOf({ name, mimeType, size })).toBe(kind);
});

test.each([
  ['a.tar.GZ', 'gz'],
  ['Makefile', 'makefile'],
  ['.gitignore', 'gitignore'],
  ['a.', ''],
])('%s ends with %j', (name, extension) => {
  expect(extensionOf(name)).toBe(extension);
});
