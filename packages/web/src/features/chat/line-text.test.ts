import { expect, test } from 'vitest';
import type { TextFunction } from '../../i18n/text.js';
import { inviteText } from './chat-name.js';
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

test('names and titles change nothing around them, and hide nothing', () => {
  const title = 'רחוב 12';
  expect(eventText(sampleLine(0, { kind: 'title', about: [title] }), 'en', say)).toBe(
    `chat.titled {"name":"ada","title":"\u2068${title}\u2069"}`,
  );
  expect(eventText(sampleLine(0, { kind: 'title', about: ['\u202egnp.exe\u202c'] }), 'en', say)).toBe(
    'chat.titled {"name":"ada","title":"‹U+202E›gnp.exe‹U+202C›"}',
  );
  // What looks like the end of an isolation is none.
  expect(eventText(sampleLine(0, { kind: 'title', about: [`א\u2069!`] }), 'en', say)).toContain('\u2068א‹U+2069›!\u2069');
  expect(eventText(sampleLine(0, { kind: 'removed', about: ['bob', 'א'] }), 'en', say)).toContain('\u2068bob, \u2068א\u2069\u2069');
  const invite = { id: 'chat', inviter: 'bob', title, app: undefined, isKnown: false };
  expect(inviteText(invite, say)).toBe(`chats.invitation.into {"name":"bob","title":"\u2068${title}\u2069"}`);
  expect(previewText(sampleLine(0, { text: '\u202egnp.exe' }), 'en', say)).toBe('‹U+202E›gnp.exe');
});
