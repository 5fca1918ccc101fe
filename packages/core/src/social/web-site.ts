import { assertString } from '../arguments.js';
import { assertBytes, utf8Decode } from '../bytes.js';
import { FormatError } from '../errors.js';
import { MAX_PATH_LENGTH, MAX_SITE_HEADERS_SIZE } from '../limits.js';
import { isLegalName } from '../model/cryptree/file-name.js';
import { isFriendName } from './social-fields.js';

/** The policy of a site that sets none (chapter 06 section 13.5). */
export const DEFAULT_SITE_POLICY = "default-src 'self'";

const POLICY = 'content-security-policy';
/** Visible ASCII and spaces: nothing that ends a header. */
const HEADER_VALUE = /^[\x20-\x7e]+$/u;

/** Types that a gateway knows by the end of the name, whatever is stored. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['js', 'text/javascript'],
  ['html', 'text/html'],
  ['css', 'text/css'],
  ['json', 'application/json'],
  ['png', 'image/png'],
  ['woff', 'application/font-woff'],
  ['svg', 'image/svg+xml'],
  ['wasm', 'application/wasm'],
  ['xml', 'application/xml'],
]);

/**
 * The folder of a user's web site, from the text of the field `webroot` of the profile (chapter 06 section 13.5): the names of its path, the first of
 * which is the user's. FormatError when it is no path of that user: nobody's site shows the files of others.
 */
export function parseWebRoot(owner: string, text: string): string[] {
  assertString('owner', owner);
  assertString('text', text);
  const names = text.replace(/^\//u, '').replace(/\/$/u, '').split('/');
  if (text.length > MAX_PATH_LENGTH || !names.every(isLegalName)) throw new FormatError('format.social', 'webroot', 'must be a path');
  if (!isFriendName(owner) || names[0] !== owner) throw new FormatError('format.social', 'webroot', 'must be a path of the user');
  return names;
}

/**
 * The names below the folder of a site that a request asks for (chapter 06 section 13.5): `//` counts as `/`, nothing stands for `index.html`. The path is
 * percent-decoded already. Undefined for a path that nothing can have: 404.
 */
export function parseSitePath(path: string): string[] | undefined {
  assertString('path', path);
  if (path.length > MAX_PATH_LENGTH) return undefined;
  const names = path.split('/').filter((name) => name !== '');
  if (names.length === 0) return ['index.html'];
  return names.every(isLegalName) ? names : undefined;
}

/** The content security policy in a site's `headers.json`; the default one when the file is too large or has none that can be sent. */
export function sitePolicy(headersJson: Uint8Array | undefined): string {
  if (headersJson === undefined) return DEFAULT_SITE_POLICY;
  assertBytes('headersJson', headersJson);
  if (headersJson.length > MAX_SITE_HEADERS_SIZE) return DEFAULT_SITE_POLICY;
  const policy = memberOf(utf8Decode(headersJson) ?? '', POLICY);
  return typeof policy === 'string' && HEADER_VALUE.test(policy) ? policy : DEFAULT_SITE_POLICY;
}

/** The type that a gateway gives a file of a site by the end of its name, or undefined: then the stored one counts. */
export function siteContentType(name: string): string | undefined {
  assertString('name', name);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? undefined : TYPES.get(name.slice(dot + 1));
}

function memberOf(text: string, name: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined;
}
