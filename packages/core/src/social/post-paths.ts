import { assertInstance } from '../arguments.js';
import { assertInteger, toHex } from '../bytes.js';
import type { RandomSource } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { assertFriendName } from './social-fields.js';
import { SocialPost } from './social-post.js';

/** The largest Unix time in seconds that has a calendar date. */
const MAX_TIME = 8_640_000_000_000;

/** The folder of a post: `/<author>/.posts/<year>/<month>`, by the time of its first version, in UTC (chapter 06 section 15.2). */
export function postFolder(post: SocialPost): string {
  assertInstance('post', post, SocialPost);
  const date = dateOf(post.firstTime);
  return `/${post.author}/.posts/${date.getUTCFullYear()}/${date.getUTCMonth() + 1}`;
}

/** The folder of the files that posts show: `/<username>/.posts/<year>/media`; Unix time in seconds. */
export function postMediaFolder(username: string, time: number): string {
  assertFriendName('username', username);
  return `/${username}/.posts/${dateOf(time).getUTCFullYear()}/media`;
}

/** A fresh random name, a UUID, for a post (with `.cbor` after it) or a file that posts show. */
export function generatePostName(random: RandomSource): string {
  const bytes = Uint8Array.from(drawRandomBytes(random, 16));
  const view = new DataView(bytes.buffer);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x40);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/u, '$1-$2-$3-$4-');
}

function dateOf(time: number): Date {
  assertInteger('time', time, 0, MAX_TIME);
  return new Date(time * 1000);
}
