import { expect, test } from 'vitest';
import type { TextFunction } from '../../i18n/text.js';
import { eventText, oneLine, previewText } from './line-text.js';
import { sampleLine } from './sample-lines.js';

const say: TextFunction = (id, values) => `${id} ${JSON.stringify(values ?? {})}`;

test('a text of several lines is one line, and not longer than fits', () => {
  expect(oneLine(' one\n\ttwo  three ')).toBe('one two three');
  const long = oneLine(`${'x'.repeat(199)}😀😀`);
  expect(long).toBe(`${'x'.repeat(199)} …`);
});

test('what has happened is said with the names', () => {
  expect(eventText(sampleLine(0, { kind: 'removed', about: ['bob'] }), 'en', say)).toBe('chat.removed {"name":"ada","other":"bob"}');
  expect(eventText(sampleLine(0, { kind: 'left', isOwn: true }), 'en', say)).toBe('chat.left.own {"name":"ada"}');
  const many = Array.from({ length: 1000 }, (_, i) => `p${i}`);
  expect(eventText(sampleLine(0, { kind: 'admins', about: many }), 'en', say)).toContain('p18, p19 …');
  expect(eventText(sampleLine(0, { kind: 'title', about: ['Trip'] }), 'en', say)).toBe('chat.titled {"name":"ada","title":"Trip"}');
});

test('a message without words is told by its files, and a deleted one as such', () => {
  const attachments = [{ name: 'x.png', extension: 'png' }];
  expect(previewText(sampleLine(0, { text: '', attachments }), 'en', say)).toBe('chat.files {"count":1}');
  expect(previewText(sampleLine(0, { text: '', isDeleted: true }), 'en', say)).toBe('chat.deleted {}');
  expect(previewText(sampleLine(0, { text: 'a\nb' }), 'en', say)).toBe('a b');
});
