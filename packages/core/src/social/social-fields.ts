import { isWireUsername } from '../accounts/usernames.js';
import { boundedText } from '../accounts/bounded-fields.js';
import { isWellFormed } from '../bytes.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { MAX_FILE_NAME_LENGTH, MAX_PATH_LENGTH } from '../limits.js';

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

/** Whether text can be the name of a file or directory in a record. */
export function isChildName(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= MAX_FILE_NAME_LENGTH && !text.includes('/') && isWellFormed(text);
}

/** Requires {@link isChildName}; otherwise an ArgumentError for `field`. */
export function assertChildName(field: string, text: unknown): asserts text is string {
  if (!isChildName(text)) throw new ArgumentError(field, `must be a file name of at most ${MAX_FILE_NAME_LENGTH} characters`);
}
