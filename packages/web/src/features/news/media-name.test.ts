import { expect, test } from 'vitest';
import { mediaFileName, mediaKind } from './media-name.js';

test.each([
  ['text/plain', 'text', 'ada-1.txt'],
  ['text/plain; charset=utf-8', 'text', 'ada-1.txt'],
  ['APPLICATION/PDF', 'pdf', 'ada-1.pdf'],
  ['application/zip', 'archive', 'ada-1.zip'],
  ['application/vnd.oasis.opendocument.text', 'document', 'ada-1.odt'],
  ['image/png', 'image', 'ada-1.png'],
  // Nothing gets an extension by which a system would run it.
  ['application/x-msdownload', 'other', 'ada-1'],
  ['application/octet-stream', 'other', 'ada-1'],
  ['', 'other', 'ada-1'],
  ['../x', 'other', 'ada-1'],
])('what a file of the type “%s” is and is called', (mimeType, kind, name) => {
  expect(mediaKind({ mimeType, size: 9, name: undefined })).toBe(kind);
  expect(mediaFileName({ mimeType, size: 9, name: undefined }, 'ada-1')).toBe(name);
});

test('a name that is known stays', () => {
  const media = { mimeType: 'application/octet-stream', size: 9, name: 'notes.ts' };
  expect(mediaKind(media)).toBe('text');
  expect(mediaFileName(media, 'ada-1')).toBe('notes.ts');
});
