import { sep } from 'node:path';
import { type Cid, CidCodec, formatBlockStoreName, MultihashCode, parseBlockStoreName } from '@pyrgos/core/codec';
import { ArgumentError, FormatError } from '@pyrgos/core/errors';

/** The ending of the name of a block file (chapter 08 section 4.2). */
const SUFFIX = '.data';

/** Whether a user name is safe as the name of a folder, so that no name leads out of the store. */
export function isPartitionName(username: string): boolean {
  return typeof username === 'string' && /^[a-z0-9_-]{1,64}$/.test(username);
}

/** Requires such a user name. ArgumentError. */
export function assertPartitionName(username: string): void {
  if (!isPartitionName(username)) {
    throw new ArgumentError('username', 'must be 1 to 64 of the characters a-z, 0-9, _ and -');
  }
}

/** Whether blocks with this CID are stored: version 1, raw or dag-cbor, sha2-256. Identity CIDs carry their own content. */
export function isStorable(cid: Cid): boolean {
  return (
    cid.version === 1 && (cid.codec === CidCodec.raw || cid.codec === CidCodec.dagCbor) && cid.multihash.code === MultihashCode.sha2_256
  );
}

/**
 * Where a block file is. The reference has 1024 folders for each user (chapter 08 section 4.2); these are 32, because a put has to sync each
 * folder that it changes: of 250 small blocks that was more work than their content.
 */
export interface BlockPath {
  /** `<root>/<username>`. */
  readonly userFolder: string;
  /** `<root>/<username>/<X>`, X being the character before the last one of the name. */
  readonly folder: string;
  /** `<root>/<username>/<X>/<KEY>.data`. */
  readonly file: string;
}

/** The place of a storable block of a user whose name was checked. */
export function blockPath(root: string, username: string, cid: Cid): BlockPath {
  const name = formatBlockStoreName(cid);
  // Not path.join: a large put does this for hundreds of blocks.
  const userFolder = root + sep + username;
  const folder = userFolder + sep + name.slice(-2, -1);
  return { userFolder, folder, file: folder + sep + name + SUFFIX };
}

/** The CID of a block file from its name, or undefined for any other file. */
export function cidOfFileName(name: string): Cid | undefined {
  if (!name.endsWith(SUFFIX)) return undefined;
  try {
    const cid = parseBlockStoreName(name.slice(0, -SUFFIX.length));
    return isStorable(cid) ? cid : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
