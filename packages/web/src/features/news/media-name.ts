import type { NewsMedia } from '../../engine/feed-calls.js';
import { viewerKindOf } from '../viewers/viewer-kind.js';

/** What a file of a post is, for somebody who knows nothing else of it. */
export type MediaKind = 'image' | 'video' | 'audio' | 'text' | 'pdf' | 'document' | 'archive' | 'other';

/** Of types that say what a file is good for: what it is, and the extension that programs know it by. Nothing that a system would run when it is opened. */
const TYPES: ReadonlyMap<string, { readonly kind: MediaKind; readonly extension: string }> = new Map(
  (
    [
      [
        'image',
        'image/png png, image/jpeg jpg, image/jpg jpg, image/gif gif, image/webp webp, image/avif avif, image/bmp bmp, image/svg+xml svg, image/heic heic, image/tiff tiff',
      ],
      ['video', 'video/mp4 mp4, video/webm webm, video/quicktime mov, video/x-matroska mkv, video/ogg ogv'],
      ['audio', 'audio/mpeg mp3, audio/mp4 m4a, audio/ogg ogg, audio/flac flac, audio/wav wav, audio/x-wav wav, audio/aac aac'],
      [
        'text',
        'text/plain txt, text/markdown md, text/csv csv, text/html html, text/css css, text/calendar ics, text/vcard vcf, application/json json, application/xml xml, text/xml xml',
      ],
      ['pdf', 'application/pdf pdf'],
      [
        'document',
        'application/msword doc, application/vnd.openxmlformats-officedocument.wordprocessingml.document docx, application/vnd.oasis.opendocument.text odt, application/rtf rtf, ' +
          'application/vnd.ms-excel xls, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx, application/vnd.oasis.opendocument.spreadsheet ods, ' +
          'application/vnd.ms-powerpoint ppt, application/vnd.openxmlformats-officedocument.presentationml.presentation pptx, application/vnd.oasis.opendocument.presentation odp, ' +
          'application/epub+zip epub',
      ],
      [
        'archive',
        'application/zip zip, application/x-tar tar, application/gzip gz, application/x-7z-compressed 7z, application/vnd.rar rar',
      ],
    ] as const
  ).flatMap(([kind, types]) =>
    types.split(', ').map((pair) => {
      const [type = '', extension = ''] = pair.split(' ');
      return [type, { kind, extension }] as const;
    }),
  ),
);

type Claims = Pick<NewsMedia, 'mimeType' | 'size' | 'name'>;

/** What a file of a post is, by its type and, where it has one, its name. */
export function mediaKind(media: Claims): MediaKind {
  const known = knownOf(media);
  if (known !== undefined) return known.kind;
  const shown = viewerKindOf({ ...media, name: media.name ?? '' });
  return shown === 'markdown' ? 'text' : shown;
}

/** The name under which a file of a post is stored on a device: its own one, or `base` with the extension of its type, where that is known. */
export function mediaFileName(media: Claims, base: string): string {
  if (media.name !== undefined) return media.name;
  const known = knownOf(media);
  return known === undefined ? base : `${base}.${known.extension}`;
}

function knownOf({ mimeType }: Claims): { readonly kind: MediaKind; readonly extension: string } | undefined {
  return TYPES.get(mimeType.toLowerCase().split(';', 1)[0]?.trim() ?? '');
}
