import { assertIterable } from '../arguments.js';
import { assertBytes, utf8Decode, utf8Encode } from '../bytes.js';
import { LimitError } from '../errors.js';
import { MAX_BLOCKED_USERNAMES_SIZE } from '../limits.js';
import { assertFriendName, isFriendName } from './social-fields.js';

const LINE_FEED = 10;

/** The bytes of `/<user>/.blocked-usernames.txt`: the names, sorted, each followed by a line feed (chapter 06 section 4.7). LimitError. */
export function encodeBlockedUsernames(usernames: Iterable<string>): Uint8Array {
  assertIterable('usernames', usernames);
  const names = new Set<string>();
  for (const name of usernames) {
    assertFriendName('usernames', name);
    names.add(name);
  }
  const bytes = utf8Encode(
    [...names]
      .sort()
      .map((name) => `${name}\n`)
      .join(''),
  );
  checkSize(bytes.length);
  return bytes;
}

/**
 * The names in `/<user>/.blocked-usernames.txt`, in its order. Empty lines and lines that are no names are left out; the last line counts without
 * a line feed, too. LimitError beyond MAX_BLOCKED_USERNAMES_SIZE.
 */
export function decodeBlockedUsernames(bytes: Uint8Array): Set<string> {
  assertBytes('bytes', bytes);
  checkSize(bytes.length);
  const names = new Set<string>();
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    // Line by line: one that is no UTF-8 must not cost the others.
    const name = utf8Decode(bytes.subarray(start, end));
    if (isFriendName(name)) names.add(name);
    start = end + 1;
  }
  return names;
}

function checkSize(size: number): void {
  if (size > MAX_BLOCKED_USERNAMES_SIZE) throw new LimitError('file of blocked users', size, MAX_BLOCKED_USERNAMES_SIZE);
}
