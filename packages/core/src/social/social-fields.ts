import { isWireUsername } from '../accounts/usernames.js';
import { boundedText } from '../accounts/bounded-fields.js';
import { assertBytes, isWellFormed } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue } from '../codec/cbor-value.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_PATH_LENGTH, MAX_SOCIAL_FILE_SIZE } from '../limits.js';
import { isGroupUid } from './group-uid.js';

/** The fields of a map of this layer. */
export function socialMap(where: string, value: CborValue | undefined): CborFields {
  return CborFields.map('format.social', where, value);
}

/**
 * Whether text can name a user among friends: a username that does not begin with a dot, for such names belong to groups (chapter 06
 * section 1), and `.` and `..` would lead out of the folder that is named after the user.
 */
export function isFriendName(text: unknown): text is string {
  return isWireUsername(text) && !text.startsWith('.');
}

/** Requires {@link isFriendName}; otherwise an ArgumentError for `field`. */
export function assertFriendName(field: string, text: unknown): asserts text is string {
  if (!isFriendName(text)) throw new ArgumentError(field, 'must be a username without a leading dot');
}

/** The name of a user among friends, which must be present. */
export function friendNameField(fields: CborFields, key: string | number): string {
  const text = fields.text(key);
  return isFriendName(text) ? text : fields.fail(key, 'must be a username without a leading dot');
}

/** A path of at most MAX_PATH_LENGTH UTF-16 code units that must be present. It is claimed: the names in it are not checked. */
export function pathField(fields: CborFields, key: string | number): string {
  return boundedText(fields, key, MAX_PATH_LENGTH);
}

/** Requires text that {@link pathField} accepts; otherwise an ArgumentError for `field`. */
export function assertPath(field: string, text: unknown): asserts text is string {
  if (typeof text !== 'string' || text.length > MAX_PATH_LENGTH || !isWellFormed(text)) {
    throw new ArgumentError(field, `must be text of at most ${MAX_PATH_LENGTH} characters`);
  }
}

/** Whether text can name whom something is shared with: a user or a group (chapter 06 section 6). */
export function isRecipient(text: unknown): text is string {
  return isFriendName(text) || isGroupUid(text);
}

/** The bytes of a whole file as one item; anything after it is an error. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
export function decodeSocialFile(bytes: Uint8Array): CborValue {
  checkFileSize(bytes);
  return decodeCbor(bytes);
}

/** The bytes of a whole file. LimitError for what {@link decodeSocialFile} would refuse. */
export function encodeSocialFile(value: CborValue): Uint8Array {
  const bytes = encodeCbor(value);
  checkFileSize(bytes);
  return bytes;
}

function checkFileSize(bytes: Uint8Array): void {
  assertBytes('bytes', bytes);
  if (bytes.length > MAX_SOCIAL_FILE_SIZE) throw new LimitError('social file', bytes.length, MAX_SOCIAL_FILE_SIZE);
}
