import type { Row } from '../../engine/calls.js';

/** How a file is shown; `other`: not at all, only what is known of it. */
export type ViewerKind = 'image' | 'video' | 'audio' | 'pdf' | 'markdown' | 'text' | 'other';

/** Bytes up to which a text is opened: all of it is in the editor. */
export const MAX_TEXT = 5_000_000;

/** Images that browsers decode. */
const IMAGES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/jpg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'image/svg+xml',
  'image/x-icon',
  'image/vnd.microsoft.icon',
]);

/** Texts whose type does not say so. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/javascript',
  'application/xml',
  'application/x-sh',
  'application/x-yaml',
  'application/toml',
  'application/sql',
]);

/** Extensions of texts: clients that cannot tell the type of such a file name none, or a wrong one (`.ts` is a kind of video to some). */
const TEXT_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'txt text log csv tsv json jsonl ndjson xml yaml yml toml ini cfg conf properties env gitignore editorconfig html htm xhtml css scss less ' +
    'js mjs cjs jsx ts mts cts tsx vue svelte py pyi rb php pl lua r jl java kt kts scala groovy gradle c h cc cpp cxx hh hpp cs fs go rs swift m mm zig ' +
    'sh bash zsh fish bat ps1 sql graphql proto tex bib rst adoc org diff patch srt vtt ics vcf makefile dockerfile cmake nix tf'
  ).split(' '),
);

/** Extensions of text in Markdown. */
const MARKDOWN_EXTENSIONS: ReadonlySet<string> = new Set(['md', 'markdown', 'mdown', 'mkd']);

/** Kinds of files that are no text, whoever took them for one: what is empty or damaged cannot be told from its content. */
const TYPES_BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['avif', 'image/avif'],
  ['bmp', 'image/bmp'],
  ['ico', 'image/x-icon'],
  ['mp4', 'video/mp4'],
  ['m4v', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['webm', 'video/webm'],
  ['mkv', 'video/x-matroska'],
  ['mp3', 'audio/mpeg'],
  ['m4a', 'audio/mp4'],
  ['ogg', 'audio/ogg'],
  ['opus', 'audio/ogg'],
  ['flac', 'audio/flac'],
  ['wav', 'audio/wav'],
  ['pdf', 'application/pdf'],
]);

/** The letters behind the last dot of a name, small; the name itself when it has no dot. */
export function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

/** The type as which a file is shown, without parameters: what it claims to be, or what its name says where that is a text or nothing. */
export function shownTypeOf({ name, mimeType }: Pick<Row, 'name' | 'mimeType'>): string {
  const type = mimeType.toLowerCase().split(';', 1)[0]?.trim() ?? '';
  const isVague = type === '' || type === 'application/octet-stream' || type === 'text/plain';
  return (isVague ? TYPES_BY_EXTENSION.get(extensionOf(name)) : undefined) ?? type;
}

/** How a file is shown, by its type, its name and its size. The type is a claim of whoever wrote it: viewers have to bear that it is wrong. */
export function viewerKindOf({ name, mimeType, size }: Pick<Row, 'name' | 'mimeType' | 'size'>): ViewerKind {
  const type = shownTypeOf({ name, mimeType });
  const extension = extensionOf(name);
  if (IMAGES.has(type)) return 'image';
  if (type === 'application/pdf') return 'pdf';
  const isMedia = /^(?:video|audio)\//u.test(type) || type === 'application/ogg';
  if (size <= MAX_TEXT) {
    if (type === 'text/markdown' || MARKDOWN_EXTENSIONS.has(extension)) return 'markdown';
    if ((size === 0 && !isMedia) || type.startsWith('text/') || TEXT_TYPES.has(type) || TEXT_EXTENSIONS.has(extension)) return 'text';
  }
  if (!isMedia) return 'other';
  return type.startsWith('video/') ? 'video' : 'audio';
}
