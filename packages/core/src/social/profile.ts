import { isWellFormed, utf8Decode, utf8Encode, assertBytes } from '../bytes.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import {
  MAX_PROFILE_BIO_LENGTH,
  MAX_PROFILE_EMAIL_LENGTH,
  MAX_PROFILE_NAME_LENGTH,
  MAX_PROFILE_PHONE_LENGTH,
  MAX_PROFILE_STATUS_LENGTH,
  MAX_PROFILE_TEXT_SIZE,
  MAX_PROFILE_WEBROOT_LENGTH,
} from '../limits.js';
import { assertFriendName } from './social-fields.js';

/** The fields of a profile that are text; each is a file of this name (chapter 06 section 14). */
export const ProfileText = {
  firstName: 'firstname',
  lastName: 'lastname',
  bio: 'bio',
  status: 'status',
  phone: 'phone',
  email: 'email',
  /** The path of the folder that is the user's web site. */
  webroot: 'webroot',
} as const;

/** The fields of a profile that are pictures, the bytes as they are. */
export const ProfilePicture = {
  /** A small one. */
  photo: 'photo',
  /** The original. */
  original: 'highres',
} as const;

/** One of {@link ProfileText}. */
export type ProfileTextField = (typeof ProfileText)[keyof typeof ProfileText];

/** Any field of a profile. */
export type ProfileField = ProfileTextField | (typeof ProfilePicture)[keyof typeof ProfilePicture];

const LONGEST: ReadonlyMap<string, number> = new Map<ProfileTextField, number>([
  [ProfileText.firstName, MAX_PROFILE_NAME_LENGTH],
  [ProfileText.lastName, MAX_PROFILE_NAME_LENGTH],
  [ProfileText.bio, MAX_PROFILE_BIO_LENGTH],
  [ProfileText.status, MAX_PROFILE_STATUS_LENGTH],
  [ProfileText.phone, MAX_PROFILE_PHONE_LENGTH],
  [ProfileText.email, MAX_PROFILE_EMAIL_LENGTH],
  [ProfileText.webroot, MAX_PROFILE_WEBROOT_LENGTH],
]);

/** The path of a field: `/<username>/.profile/<field>`. */
export function profilePath(username: string, field: ProfileField): string {
  assertFriendName('username', username);
  if (!LONGEST.has(field) && !(Object.values(ProfilePicture) as readonly string[]).includes(field)) {
    throw new ArgumentError('field', 'must be a field of a profile');
  }
  return `/${username}/.profile/${field}`;
}

/** The longest text of a field that is written, in UTF-16 code units. */
export function longestProfileText(field: ProfileTextField): number {
  return LONGEST.get(field) ?? unknownField();
}

/** The bytes of a field: the text in UTF-8. An empty one means that it is not set. LimitError for a text that is too long. */
export function encodeProfileText(field: ProfileTextField, text: string): Uint8Array {
  const longest = longestProfileText(field);
  if (typeof text !== 'string' || !isWellFormed(text)) throw new ArgumentError('text', 'must be text');
  if (text.length > longest) throw new LimitError(`length of the field ${field}`, text.length, longest);
  return utf8Encode(text);
}

/**
 * The text of a field, or undefined when it is not set. Longer texts than we write are read, too: other clients have other limits. FormatError
 * when it is no UTF-8; LimitError beyond MAX_PROFILE_TEXT_SIZE.
 */
export function decodeProfileText(bytes: Uint8Array): string | undefined {
  assertBytes('bytes', bytes);
  if (bytes.length > MAX_PROFILE_TEXT_SIZE) throw new LimitError('field of a profile', bytes.length, MAX_PROFILE_TEXT_SIZE);
  const text = utf8Decode(bytes);
  if (text === undefined) throw new FormatError('format.social', 'field of a profile', 'must be UTF-8');
  return text === '' ? undefined : text;
}

function unknownField(): never {
  throw new ArgumentError('field', 'must be a field of a profile with text');
}
