import type { ChatMessage, ChatSummary } from '@pyrgos/client';
import { expect, test } from 'vitest';
import { chatTitle, messageLines } from './chat-text.js';

/** What the functions look at. */
const summary = { title: '', members: ['ada', 'mal'], pending: [] } as unknown as ChatSummary;
const message = {
  index: 1,
  time: new Date(0),
  isNew: true,
  author: 'mal',
  about: [],
  attachments: [],
  edited: false,
  text: '',
} as unknown as ChatMessage;

test('no title, however long, fills the screen', () => {
  const title = `x${' '.repeat(500_000)}`;
  expect(chatTitle({ ...summary, title }, 'ada', { isShort: true })).toHaveLength('… (mal)'.length + 39);
  expect(chatTitle({ ...summary, title }, 'ada').length).toBeLessThan(250);
  const [line = ''] = messageLines({ ...message, kind: 'title', about: [title] });
  expect(line.length).toBeLessThan(300);
  expect(line.endsWith("…'")).toBe(true);
});

test('a message is shown whole', () => {
  const text = 'x'.repeat(100_000);
  expect(messageLines({ ...message, kind: 'text', text }).join('\n')).toContain(text);
});
