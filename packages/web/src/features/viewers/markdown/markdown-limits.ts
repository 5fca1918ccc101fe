/** Bytes up to which a text in Markdown is laid out; that is as much as a book of 60,000 words. Larger ones are shown as they are. */
export const MAX_MARKDOWN = 262_144;

/** Elements up to which what was laid out is shown: all of them are cleaned and shown at once, while nothing else happens on the page. */
export const MAX_ELEMENTS = 20_000;

/** UTF-16 code units of laid-out HTML: references write one long address as often as they like. */
export const MAX_HTML = 2_097_152;

/** Elements that browsers may make of unclosed formatting, see {@link isShowable}. */
export const MAX_REPEATED = 200_000;

/** Milliseconds after which laying out a text is given up. */
export const PATIENCE = 10_000;

const ANY_TAG = /<[a-z/]/giu;
/** Formatting with attributes. Links are not among them: the next one ends the one before. */
const FORMATTING = /<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/][^>]/giu;

/**
 * Whether HTML is small enough to be cleaned and shown on the page, by counting what looks like a tag. Browsers open formatting that was not closed again in every
 * paragraph, so that a few thousand tags become millions of elements: formatting with attributes, of which there may be any number, counts once for each tag.
 */
export function isShowable(html: string): boolean {
  if (html.length > MAX_HTML) return false;
  const tags = count(html, ANY_TAG);
  return tags <= 2 * MAX_ELEMENTS && tags * (count(html, FORMATTING) + 1) <= MAX_REPEATED;
}

function count(text: string, pattern: RegExp): number {
  let found = 0;
  for (const _ of text.matchAll(pattern)) found++;
  return found;
}
