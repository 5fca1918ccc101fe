import { Multihash } from '@pyrgos/core/codec';
import { MAX_SOCIAL_POST_SIZE } from '@pyrgos/core/limits';
import { SocialPost } from '@pyrgos/core/social';
import { FileReader, type Item, type View } from '../files/view/index.js';
import { readAll } from './own-files.js';

/** The type by which posts are recognised (chapter 06 section 15.1). */
export const POST_MIME_TYPE = 'application/vnd.peergos-post';

/** Whether a file says that it is a post. */
export function isPost(item: Item): boolean {
  return !item.isDirectory && item.properties.mimeType === POST_MIME_TYPE;
}

/** The post in a file. FormatError when it is none; LimitError beyond MAX_SOCIAL_POST_SIZE. */
export async function readPost(view: View, file: Item): Promise<SocialPost> {
  return SocialPost.decode(await readAll(view, file, MAX_SOCIAL_POST_SIZE));
}

/** SHA-256 of the bytes of a file, all of which is read, piece by piece. `onRead` is told the size of each piece. */
export async function contentHash(view: View, file: Item, onRead?: (bytes: number) => void): Promise<Multihash> {
  const hash = view.crypto.createSha256();
  for await (const piece of new FileReader(view, file.requireFile())) {
    onRead?.(piece.length);
    hash.update(piece);
  }
  return Multihash.sha256(hash.digest());
}
