import { marked } from 'marked';
import { describe, expect, test } from 'vitest';
import { isShowable, MAX_ELEMENTS, MAX_HTML, MAX_MARKDOWN } from './markdown-limits.js';
import { markdownToHtml } from './markdown-to-html.js';

describe('what is laid out of Markdown', () => {
  test('an ordinary long text', () => {
    const part =
      '## A chapter\n\nSome **bold** and [linked](https://example.org/) `code` text, and more of it without anything.\n\n- one\n- two\n\n';
    const text = part.repeat(1000);
    expect(text.length).toBeLessThan(MAX_MARKDOWN);
    expect(markdownToHtml(text)).toBe(marked.parse(text, { async: false, gfm: true }));
  });

  test('code in any language, without a trace of it', () => {
    expect(markdownToHtml('```ts\na < b\n```\n'.repeat(500))).toBe('<pre><code>a &lt; b\n</code></pre>\n'.repeat(500));
  });

  test('a text of millions of small things is not', () => {
    expect(markdownToHtml('*a* [b](http://c)\n\n'.repeat(260_000))).toBeUndefined();
    expect(markdownToHtml('*a* '.repeat(MAX_MARKDOWN / 4))).toBeUndefined();
  });

  test('neither is one that becomes long', () => {
    const text = `[a]: http://${'b'.repeat(100_000)}\n\n${'[a] '.repeat(1000)}`;
    expect(text.length).toBeLessThan(MAX_MARKDOWN);
    expect(markdownToHtml(text)).toBeUndefined();
    expect(isShowable('a'.repeat(MAX_HTML + 1))).toBe(false);
  });

  test('elements are counted, ends of them too', () => {
    expect(isShowable('<p>a</p>'.repeat(MAX_ELEMENTS))).toBe(true);
    expect(isShowable('<p>a</p>'.repeat(MAX_ELEMENTS + 1))).toBe(false);
  });

  test('formatting that is opened again in every paragraph is counted as often', () => {
    const formatting = Array.from({ length: 1000 }, (_, n) => `<b id=${n}>`).join('');
    expect(isShowable(`${formatting}${'<p>a'.repeat(1000)}`)).toBe(false);
  });
});
