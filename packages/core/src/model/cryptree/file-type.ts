import { assertBoolean, assertObject, assertString } from '../../arguments.js';

/** The word of the reference's interface for a kind of file (chapter 04 section 6). */
export type FileType =
  | 'dir'
  | 'calendar'
  | 'contact file'
  | 'image'
  | 'audio'
  | 'video'
  | 'text'
  | 'pdf'
  | 'zip'
  | 'java-archive'
  | 'powerpoint presentation'
  | 'word document'
  | 'excel spreadsheet'
  | 'presentation'
  | 'text document'
  | 'spreadsheet'
  | 'file';

const EXACT: ReadonlyMap<string, FileType> = new Map<string, FileType>([
  ['text/calendar', 'calendar'],
  ['text/vcard', 'contact file'],
  ['application/pdf', 'pdf'],
  ['application/zip', 'zip'],
  ['application/json', 'text'],
  ['application/java-archive', 'java-archive'],
  ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'powerpoint presentation'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'word document'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'excel spreadsheet'],
  ['application/vnd.oasis.opendocument.presentation', 'presentation'],
  ['application/vnd.oasis.opendocument.text', 'text document'],
  ['application/vnd.oasis.opendocument.spreadsheet', 'spreadsheet'],
]);

const BY_START: readonly FileType[] = ['image', 'audio', 'video', 'text'];

/** What kind of thing this is, in the words of the reference's interface (chapter 04 section 6). */
export function fileTypeOf(properties: { readonly isDirectory: boolean; readonly mimeType: string }): FileType {
  assertObject('properties', properties);
  const { isDirectory, mimeType } = properties;
  assertBoolean('isDirectory', isDirectory);
  assertString('mimeType', mimeType);
  if (isDirectory) return 'dir';
  return EXACT.get(mimeType) ?? BY_START.find((start) => mimeType.startsWith(start)) ?? 'file';
}
