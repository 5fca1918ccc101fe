import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { expect, test } from 'vitest';
import { type Answer, call, testApp } from '../../test/http/http-world.js';
import { scriptedServices } from '../../test/http/scripted-services.js';

/** What the browsers of today send when somebody opens an address. */
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

/** An app where nothing is published, or looking fails otherwise. */
const app = (error: Error = new NotFoundError('not-found.file', 'Nothing is published at this path.')): ReturnType<typeof testApp> => {
  const capabilityLink = async (): Promise<string> => {
    throw error;
  };
  return testApp(scriptedServices({ publicFiles: { capabilityLink } }));
};
const ask = async (path: string, accept: string | undefined, error?: Error, method = 'GET'): Promise<Answer> =>
  call(app(error), path, { method, headers: accept === undefined ? {} : { accept } });

test('who opens the address of something that is not published reads so, and nothing about who has an account', async () => {
  const answer = await ask('/public/alice/docs/a.txt', browser);
  expect(answer.status).toBe(404);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(answer.headers.get('vary')).toBe('accept');
  expect(answer.headers.has('trailer')).toBe(false);
  expect(answer.text).toContain('<h1>Nothing is published here</h1>');
  expect(answer.text).not.toMatch(/<script|<style|<link|<form|\sstyle=|alice|a\.txt/iu);
  for (const path of ['/public/nobody', '/public/', '/public/alice/%zz', '/public/<b>/x']) {
    const other = await ask(path, browser);
    expect([path, other.status, other.text]).toEqual([path, 404, answer.text]);
  }
});

test('programs get what the protocol says', async () => {
  for (const accept of [undefined, '*/*', 'application/octet-stream', 'text/htmlx', 'application/x; a="text/html"']) {
    const answer = await ask('/public/alice/a', accept);
    expect([accept, answer.status, answer.text, answer.headers.get('trailer')]).toEqual([
      accept,
      400,
      '',
      'Nothing+is+published+at+this+path.',
    ]);
  }
});

test('a server that cannot look does not say that nothing is there', async () => {
  for (const code of ['internal', 'storage', 'network', 'rate'] as const)
    expect((await ask('/public/alice/a', browser, new PyrgosError(code, 'not now'))).status).toBe(400);
});

test('HEAD is answered alike', async () => {
  expect((await ask('/public/alice/a', browser, undefined, 'HEAD')).status).toBe(404);
});
