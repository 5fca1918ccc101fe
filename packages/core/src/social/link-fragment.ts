import { assertBoolean, assertOptions } from '../arguments.js';
import { isWellFormed } from '../bytes.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_LINK_TEXT_LENGTH } from '../limits.js';

/** What a page does with the target of a link (chapter 06 sections 11.1 and 12). All of it is claimed by whoever made the link. */
export interface LinkView {
  /** Open it at once. */
  readonly opens: boolean;
  /** Download it at once. */
  readonly downloads: boolean;
  /** The folder or item to begin with. */
  readonly path: string | undefined;
  /** The app to open it with. */
  readonly app: string | undefined;
  /** JSON for the app, as text. */
  readonly args: string | undefined;
}

/** How the fragment of such a redirect begins, after whatever a browser has escaped of it. */
const REDIRECT = /^\{(?:"|%22)secretLink(?:"|%22):true%2c/iu;
const OPTIONS = ['opens', 'downloads', 'path', 'app', 'args'] as const;

/** Requires the text of a link of at most MAX_LINK_TEXT_LENGTH; ArgumentError, LimitError. */
export function assertLinkText(field: string, text: unknown): asserts text is string {
  if (typeof text !== 'string') throw new ArgumentError(field, 'must be a string');
  if (text.length > MAX_LINK_TEXT_LENGTH) throw new LimitError('length of a link', text.length, MAX_LINK_TEXT_LENGTH);
}

/** The error of a link; it never shows the text. */
export function badLink(what: string, problem: string): FormatError {
  return new FormatError('format.link', what, problem);
}

/** A fragment split into its secret part and what pages do with it. */
export interface SplitFragment {
  readonly secret: string;
  readonly view: LinkView;
}

/**
 * Splits what is behind the `#` of a link: the secret part, perhaps with `?open=true&path=…&args=…`; or JSON, perhaps percent-encoded, whose
 * member `secretKey` is the secret part. FormatError `format.link`.
 */
export function splitFragment(what: string, fragment: string, secretKey: 'link' | 'linkpassword'): SplitFragment {
  if (fragment.startsWith('{') || /^%7b/iu.test(fragment)) return splitJson(what, fragment, secretKey);
  const mark = fragment.indexOf('?');
  if (mark < 0) return { secret: fragment, view: noView };
  const query = new Map<string, string>();
  for (const part of fragment.slice(mark + 1).split('&')) {
    const equals = part.indexOf('=');
    if (equals > 0) query.set(part.slice(0, equals), unescaped(what, part.slice(equals + 1)));
  }
  return {
    secret: fragment.slice(0, mark),
    view: {
      opens: query.get('open') === 'true',
      downloads: query.get('download') === 'true',
      path: query.get('path'),
      app: query.get('app'),
      args: query.get('args'),
    },
  };
}

/** The query that {@link splitFragment} reads, with its `?`; empty when there is nothing to say. */
export function formatLinkView(view: Partial<LinkView>): string {
  assertOptions('view', view, OPTIONS);
  const { opens = false, downloads = false, path, app, args } = view;
  assertBoolean('view.opens', opens);
  assertBoolean('view.downloads', downloads);
  const parts = [];
  if (opens) parts.push('open=true');
  if (downloads) parts.push('download=true');
  for (const [key, value] of Object.entries({ path, app, args })) {
    if (value === undefined) continue;
    if (typeof value !== 'string' || !isWellFormed(value)) throw new ArgumentError(`view.${key}`, 'must be text');
    parts.push(`${key}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

const noView: LinkView = { opens: false, downloads: false, path: undefined, app: undefined, args: undefined };

function splitJson(what: string, fragment: string, secretKey: string): SplitFragment {
  // The redirects of servers to what is published escape the commas, and the path as forms do: a space is a plus in them (section 13.4).
  const value = parseJson(what, unescaped(what, REDIRECT.test(fragment) ? fragment.replaceAll('+', ' ') : fragment));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badLink(what, 'must be an object');
  const fields = new Map<string, unknown>(Object.entries(value));
  const secret = fields.get(secretKey);
  if (fields.get('secretLink') !== true || typeof secret !== 'string') throw badLink(what, 'is no link');
  const text = (key: string): string | undefined => {
    const found = fields.get(key);
    return typeof found === 'string' && isWellFormed(found) ? found : undefined;
  };
  const args = fields.get('args');
  return {
    secret,
    view: {
      opens: fields.get('open') === true,
      downloads: fields.get('download') === true,
      path: text('path'),
      app: text('app'),
      args: typeof args === 'object' && args !== null ? JSON.stringify(args) : text('args'),
    },
  };
}

function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The error of the platform quotes the text.
    throw badLink(what, 'cannot be read');
  }
}

function unescaped(what: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badLink(what, 'cannot be read');
  }
}
