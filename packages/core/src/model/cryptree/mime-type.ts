import { assertString } from '../../arguments.js';
import { assertBytes } from '../../bytes.js';
import { UNKNOWN_MIME_TYPE } from './child-facts.js';
import { textMimeType } from './mime-text.js';
import { isUtf8Start } from './utf8-start.js';

/** Bytes of a file that tell its type (chapter 04 section 1). */
export const MIME_HEAD_SIZE = 40;

/** The type of a post of the social feed (chapter 04 section 6). */
export const POST_MIME_TYPE = 'application/vnd.peergos-post';

/** Bytes at an offset. Text is ASCII. */
type Mark = readonly [offset: number, bytes: string | readonly number[]];
/** One line of the table: a type, and alternatives of marks which all must be there. */
type Rule = readonly [type: string | ((name: string) => string), ...alternatives: (readonly Mark[])[]];

const RIFF: Mark = [0, 'RIFF'];
const BOX: readonly Mark[] = [
  [0, [0]],
  [4, 'ftyp'],
];
const OGG: Mark = [0, [0x4f, 0x67, 0x67, 0x53, 0x00, 0x02]];

/** A file of the ISO base media format with this brand. */
function brand(text: string, offset = 8): readonly Mark[] {
  return [...BOX, [offset, text]];
}

/** An Ogg file whose first packet starts so. */
function ogg(first: string | readonly number[]): readonly Mark[] {
  return [OGG, [28, first]];
}

function ascii(text: string, ...before: readonly number[]): readonly number[] {
  return [...before, ...Array.from(text, (char) => char.charCodeAt(0))];
}

const ZIP_SUFFIXES: readonly (readonly [string, string])[] = [
  ['.jar', 'application/java-archive'],
  ['.epub', 'application/epub+zip'],
  ['.pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  ['.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['.odt', 'application/vnd.oasis.opendocument.text'],
  ['.ods', 'application/vnd.oasis.opendocument.spreadsheet'],
  ['.odp', 'application/vnd.oasis.opendocument.presentation'],
  ['.apk', 'application/vnd.android.package-archive'],
];

function zipType(name: string): string {
  return ZIP_SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[1] ?? 'application/zip';
}

/** The table of chapter 04 section 18.1 in its order; the first match wins. */
const RULES: readonly Rule[] = [
  ['image/bmp', [[0, 'BM']]],
  ['image/gif', [[0, 'GIF']]],
  [(name) => (name.endsWith('.ico') ? 'image/vnd.microsoft.icon' : 'image/png'), [[0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]]]],
  ['image/jpg', [[0, [0xff, 0xd8]]]],
  ['image/x-icon', [[0, [0, 0, 1, 0]]], [[0, [0, 0, 2, 0]]]],
  ['image/webp', [RIFF, [8, 'WEBP']]],
  ['image/jxl', [[0, [0xff, 0x0a]]], [[0, [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20, 0x0d, 0x0a, 0x87, 0x0a]]]],
  ['image/tiff', [[0, [0x49, 0x49, 0x2a, 0]]], [[0, [0x4d, 0x4d, 0, 0x2a]]]],
  ['video/mp4', ...['iso2', 'isom', 'dash', 'mp42', 'mp41'].map((text) => brand(text)), brand('isom', 16)],
  ['video/m4v', brand('M4V ')],
  ['image/avif', brand('avif')],
  ['image/heic', brand('heic')],
  ['audio/mp4', brand('M4A ')],
  ['video/h264', brand('avc1')],
  ['video/quicktime', brand('qt  ')],
  ['video/3gpp', brand('3gp')],
  ['video/mp4', BOX],
  ['video/quicktime', ...['pnot', 'moov', 'mdat'].map((text): readonly Mark[] => [[4, text]])],
  ['video/webm', [[24, 'webm']]],
  ['video/ogg', ogg(ascii('theora', 0x80)), ogg(ascii('fishead').concat(0)), ogg(ascii('video', 1).concat(0, 0, 0))],
  ['video/x-matroska', [[0, [0x1a, 0x45, 0xdf, 0xa3]]]],
  ['video/x-flv', [[0, 'FLV']]],
  ['video/avi', [[8, 'AVI ']]],
  ['audio/midi', [[0, 'MThd']]],
  ['audio/mpeg', [[0, 'ID3']], [[0, [0xff, 0xfb]]], [[0, [0xff, 0xfa]]]],
  ['audio/flac', [[0, 'fLaC']]],
  ['audio/ogg', ogg('OpusHead'), ogg(ascii('FLAC', 0x7f)), ogg(ascii('vorbis', 1)), ogg('Speex   ')],
  ['audio/wav', [RIFF, [8, 'WAVE']]],
  [
    'audio/aiff',
    [
      [0, 'FORM'],
      [8, 'AIFF'],
    ],
  ],
  ['application/pdf', [[0, '%PDF']]],
  ['application/postscript', [[0, '%!PS-Adobe-']]],
  ['application/wasm', [[0, [0, 0x61, 0x73, 0x6d]]]],
  [zipType, [[0, [0x50, 0x4b, 3, 4]]]],
  ['application/x-gzip', [[0, [0x1f, 0x8b, 8]]]],
  ['application/x-rar-compressed', [[0, ascii('Rar!').concat(0x1a, 7)]]],
  ['font/woff', [[0, 'wOFF']]],
  ['font/woff2', [[0, 'wOF2']]],
  ['font/otf', [[0, 'OTTO']]],
  ['font/ttf', [[0, [0, 1, 0, 0]]]],
  [POST_MIME_TYPE, [[0, [0x82, 0x11]]]],
  ['application/vnd.peergos-identity-proof', [[0, [0x82, 0x18, 0x18]]]],
];

function has(head: Uint8Array, [offset, mark]: Mark): boolean {
  if (head.length < offset + mark.length) return false;
  for (let i = 0; i < mark.length; i++) {
    const expected = typeof mark === 'string' ? mark.charCodeAt(i) : mark[i];
    if (head[offset + i] !== expected) return false;
  }
  return true;
}

function applies(rule: Rule, head: Uint8Array): boolean {
  // The first element is the type. No copy of the others: all rules are tried for every file.
  for (let i = 1; i < rule.length; i++) if ((rule[i] as readonly Mark[]).every((mark) => has(head, mark))) return true;
  return false;
}

/**
 * The type of a file, from its first bytes (MIME_HEAD_SIZE are looked at; fewer only when the file has no more) and its name (chapter 04
 * section 18.1). Some names differ from the registered ones on purpose: all implementations write the same.
 */
export function detectMimeType(head: Uint8Array, name: string): string {
  assertBytes('head', head);
  assertString('name', name);
  const start = head.subarray(0, MIME_HEAD_SIZE);
  for (const rule of RULES) {
    const [type] = rule;
    if (applies(rule, start)) return typeof type === 'string' ? type : type(name);
  }
  return isUtf8Start(start) ? textMimeType(start, name) : UNKNOWN_MIME_TYPE;
}
