import { Marked } from 'marked';
import { isShowable, MAX_MARKDOWN } from './markdown-limits.js';

const layout = new Marked({
  gfm: true,
  renderer: {
    // Nothing is coloured, so the language is of no use; without attributes, code is no formatting that could be repeated.
    code: ({ text }) => `<pre><code>${escaped(text)}\n</code></pre>\n`,
  },
});

/** HTML of Markdown, which is not safe to show yet; undefined when either of them is more than a page can show. */
export function markdownToHtml(markdown: string): string | undefined {
  if (markdown.length > MAX_MARKDOWN) return undefined;
  const html = layout.parse(markdown, { async: false });
  return isShowable(html) ? html : undefined;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
