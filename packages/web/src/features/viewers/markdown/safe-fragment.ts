import DOMPurify from 'dompurify';

/** What Markdown can say, and nothing more: no images, which could tell somebody that they were looked at, no styles, no forms. */
const TAGS =
  'a blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i b ins kbd li mark ol p pre q s samp span strong sub summary sup table tbody td tfoot th thead tr u ul details'.split(
    ' ',
  );
const ATTRIBUTES = ['href', 'start', 'align', 'colspan', 'rowspan', 'dir', 'lang', 'title', 'open'];

/** Where a link may lead: out of the app, to where people can see that it does. */
const PROTOCOLS: ReadonlySet<string> = new Set(['https:', 'http:', 'mailto:']);

/**
 * HTML that anybody may have written, as nodes that do nothing but show text. Links open in a new tab, which learns nothing of where they were found; those that do not lead out
 * are no links any more. In place of an image there is a sign and its description.
 */
export function safeFragment(html: string): DocumentFragment {
  const purifier = DOMPurify(window);
  purifier.addHook('uponSanitizeElement', (node, { tagName }) => {
    if (!(node instanceof Element)) return;
    if (tagName === 'img') {
      // A sign that a picture was meant here, whatever the language.
      node.replaceWith(document.createTextNode(`🖼 ${node.getAttribute('alt') ?? ''}`.trimEnd()));
    } else if (tagName === 'input' && node.getAttribute('type') === 'checkbox') {
      node.replaceWith(document.createTextNode(node.hasAttribute('checked') ? '☑ ' : '☐ '));
    }
  });
  purifier.addHook('afterSanitizeAttributes', (node) => {
    if (node.localName !== 'a') return;
    const href = node.getAttribute('href') ?? '';
    if (PROTOCOLS.has(protocolOf(href))) {
      node.setAttribute('target', '_blank');
      node.setAttribute('rel', 'noopener noreferrer');
    } else node.removeAttribute('href');
  });
  return purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

/** The protocol of an absolute address; nothing of a relative one. */
function protocolOf(href: string): string {
  try {
    return new URL(href).protocol;
  } catch {
    return '';
  }
}
