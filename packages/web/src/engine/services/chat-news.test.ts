import { NetworkError, PyrgosError } from '@pyrgos/core/errors';
import { expect, test } from 'vitest';
import { newsOf } from './chat-news.js';

test('whose messages wait, and for what, is told apart from who cannot be asked', () => {
  const problems = [
    { username: 'ada', error: new NetworkError('nobody is there') },
    { username: 'bob', error: new PyrgosError('quota', 'waits', { data: { reason: 'reserve', used: 90, quota: 100 } }) },
    { username: 'cyd', error: new PyrgosError('rate', 'waits', { data: { reason: 'member', retryAfterSeconds: 60 } }) },
    { username: 'dan', error: new PyrgosError('quota', 'full', { data: { used: 100, quota: 100 } }) },
  ];
  expect(newsOf({ id: 'chat', added: 2, refused: 0, more: false, problems })).toEqual({
    id: 'chat',
    added: 2,
    unreachable: ['ada', 'dan'],
    waiting: { forRoom: ['bob'], forTime: ['cyd'] },
  });
});
