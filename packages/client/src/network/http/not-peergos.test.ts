import { utf8Encode } from '@pyrgos/core/bytes';
import { loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../test/commit-world.js';
import { connect } from '../../pyrgos-server.js';
import { HttpNetwork } from './http-network.js';
import { isPage } from './not-peergos.js';

const crypto = await loadCrypto();
const clock = new ManualClock();
const owner = SigningKeyPair.generate(crypto).publicKey.hash;
const answering = (body: string, status = 200) => ({
  fetch: async (): Promise<Response> => new Response(utf8Encode(body), { status, headers: { 'content-type': 'text/html' } }),
});
const page = '<!DOCTYPE html>\n<title>Welcome</title>';

describe('an address at which there is no Peergos server', () => {
  test.each([
    ['a page', page, 200],
    ['another page', '\ufeff\n <html lang="en">', 200],
    ['a page that says that there is nothing', page, 404],
    ['a server that wants other calls', '', 405],
    ['an API of another kind', '{"status":"ok"}', 200],
    ['a word', 'OK', 200],
    ['nothing', '', 200],
  ])('%s: logging in and signing up say so', async (_, body, status) => {
    const server = await connect('http://localhost:1', { crypto, clock, http: answering(body, status) });
    const user = { username: 'ada', password: 'violet anchor sleeps beneath copper' };
    const expected = { code: 'network', retry: 'never', data: { reason: 'not-peergos' } };
    await expect(server.logIn(user)).rejects.toMatchObject(expected);
    await expect(server.signUp(user)).rejects.toMatchObject(expected);
  });

  test('a page is neither a yes nor a no: a change may have been made', async () => {
    const network = new HttpNetwork({ server: 'http://localhost:1', crypto, clock, ...answering(page) });
    await expect(network.pointers.setPointer(owner, owner, Uint8Array.of(1))).rejects.toMatchObject({ data: { reason: 'not-peergos' } });
    await expect(network.pointers.getPointer(owner, owner)).rejects.toMatchObject({ data: { reason: 'not-peergos' } });
  });

  test('what is no page', () => {
    for (const text of ['', '<', '<b', 'html', '{}', '\u0081', '<htmlish', 'x<html>']) expect(isPage(utf8Encode(text))).toBe(false);
    for (const text of ['<HTML>', ' \r\n<!doctype html>', '<head>', '<?xml version="1.0"?>']) expect(isPage(utf8Encode(text))).toBe(true);
  });
});
