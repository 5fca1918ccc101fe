import { assertString } from '../../arguments.js';
import { assertBytes, copyBytes, equalBytes, utf8Encode } from '../../bytes.js';
import { ArgumentError, LimitError } from '../../errors.js';
import { MAX_THUMBNAIL_SIZE } from '../../limits.js';

/** The type that a thumbnail without one has (chapter 04 section 6). */
export const DEFAULT_THUMBNAIL_TYPE = 'image/png';

/** Types of images (RFC 6838 section 4.2), without parameters. */
const IMAGE_TYPE = /^image\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/iu;

/** A small image of a file's content, stored in its properties (chapter 04 section 18.2). Nobody has checked the image. Immutable. */
export class Thumbnail {
  private constructor(
    /** `image/webp`, `image/jpeg` or `image/png` in practice; chosen by whoever wrote it. */
    readonly mimeType: string,
    /** At most MAX_THUMBNAIL_SIZE; never modify them. */
    readonly bytes: Uint8Array<ArrayBuffer>,
  ) {}

  /** Copies the image. ArgumentError for a type that is not one of images, LimitError beyond MAX_THUMBNAIL_SIZE. */
  static of(mimeType: string, bytes: Uint8Array): Thumbnail {
    assertString('mimeType', mimeType);
    if (!IMAGE_TYPE.test(mimeType)) throw new ArgumentError('mimeType', 'must be the type of an image, such as image/webp');
    return Thumbnail.stored(mimeType, bytes);
  }

  /** What somebody has stored, of whatever type they say that it is. @internal */
  static stored(mimeType: string, bytes: Uint8Array): Thumbnail {
    utf8Encode(mimeType, 'mimeType');
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_THUMBNAIL_SIZE) throw new LimitError('thumbnail size', bytes.length, MAX_THUMBNAIL_SIZE);
    return new Thumbnail(mimeType, copyBytes(bytes));
  }

  /** Value equality. */
  equals(other: Thumbnail | undefined): boolean {
    return other instanceof Thumbnail && this.mimeType === other.mimeType && equalBytes(this.bytes, other.bytes);
  }
}
