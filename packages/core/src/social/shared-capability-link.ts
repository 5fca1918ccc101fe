import type { AbsoluteCapability } from '../model/absolute-capability.js';
import { formatCapabilityLink, parseCapabilityLink } from '../model/capability-link.js';
import { assertLinkText, formatLinkView, type LinkView, splitFragment } from './link-fragment.js';

/** A link with a capability in it that was read, and what a page does with its target. */
export interface ParsedCapabilityLink {
  readonly capability: AbsoluteCapability;
  readonly view: LinkView;
}

/**
 * Reads a link that holds the keys themselves (chapter 06 section 12, `legacy: read only`): everything behind the first `#`, or the whole text when
 * there is none; the bare link, perhaps with `?open=true` or `?download=true`, or JSON. FormatError `format.link`, which never shows the text.
 * LimitError beyond MAX_LINK_TEXT_LENGTH.
 */
export function parseSharedCapabilityLink(text: string): ParsedCapabilityLink {
  assertLinkText('text', text);
  // JSON has a `#` of its own.
  const fragment = /^(?:\{|%7b)/iu.test(text) ? text : text.slice(text.indexOf('#') + 1);
  const { secret, view } = splitFragment('capability link', fragment, 'link');
  return { capability: parseCapabilityLink(secret), view };
}

/** The link of {@link formatCapabilityLink} with what a page is to do. It contains the keys. */
export function formatSharedCapabilityLink(capability: AbsoluteCapability, view: Partial<LinkView> = {}): string {
  return `${formatCapabilityLink(capability)}${formatLinkView(view)}`;
}
