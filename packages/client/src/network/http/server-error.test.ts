import { encodeTrailer } from '@pyrgos/core/api';
import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_SERVER_TEXT_LENGTH } from '@pyrgos/core/limits';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NetworkArea } from '../request-observer.js';
import { endpoints } from './endpoints.js';
import { serverError } from './server-error.js';

function errorOf(text: string, area: NetworkArea = 'blocks', method = 'block/get', status = 400): PyrgosError {
  return serverError({ area, method, status, trailer: encodeTrailer(text) });
}

const cid = 'zdpuAx1iYkvRXKxmt5JNL3xKtuEeizTF8fYrWZm1BarrNRvzv';

describe('what servers say', () => {
  test.each([
    ['Unauthorised!', 'blocks', 'block/get', 'denied.block'],
    ['Unauthorized!', 'links', 'link/counts', 'denied.link'],
    ['Unauthorized!', 'core', 'getUserSnapshots', 'denied.auth'],
    ['Unknown writer on this server!', 'blocks', 'block/put/bulk', 'denied.block'],
    ['Unknown writer on this server!', 'pointers', 'setPointer', 'denied.pointer'],
    [`Champ root not present locally: ${cid}`, 'blocks', 'champ/get/bulk', 'not-found.block'],
    [`Champ root not present locally: ${cid} for owner: z5`, 'blocks', 'champ/get/bulk', 'not-found.block'],
    ['Block too big!', 'blocks', 'block/put/bulk', 'limit'],
    ['Too many caps in bulk champ get call! 21', 'blocks', 'champ/get/bulk', 'limit'],
    ['Invalid signature for block!', 'blocks', 'block/put/bulk', 'denied.block'],
    ['Unimplemented call!', 'blocks', 'blockstore/auth', 'unsupported'],
    ['Upload bandwidth exceeded please try again tomorrow', 'blocks', 'block/put/bulk', 'rate'],
    ['CAS exception updating cryptree node', 'pointers', 'setPointer', 'conflict.pointer'],
    ['Mutable pointer update failed! Concurrent Modification.', 'pointers', 'setPointer', 'conflict.pointer'],
    ['Invalid sequence number update in mutable pointer: 3 => 3', 'pointers', 'setPointer', 'denied.pointer'],
    ['This Peergos subspace has been banned from this server', 'pointers', 'getPointer', 'denied.pointer'],
    ['Pointer update too big! 148', 'pointers', 'setPointer', 'limit'],
    ['Incorrect username or password', 'accounts', 'getLogin', 'denied.login'],
    ['Invalid TOTP code for credId 4444', 'accounts', 'enableTotp', 'denied.login'],
    ['java.lang.IllegalStateException: Unknown credential id for user alice', 'accounts', 'getLogin', 'denied.login'],
    ['Stale auth time, is your clock accurate?', 'space', 'quota', 'denied.stale'],
    ['Replay attack? Stale auth time for getPendingSpaceRequests', 'admin', 'pending', 'denied.stale'],
    ['java.lang.IllegalStateException: User already exists: Invalid key change attempt!', 'core', 'updateChain', 'denied.chain'],
    ['User already exists: Invalid key change attempt!', 'core', 'signup', 'conflict.exists'],
    ['Invalid key chain merge!', 'core', 'updateChain', 'denied.chain'],
    ['Invalid signup token.', 'core', 'signup', 'denied.signup'],
    ['Invalid username', 'core', 'signup', 'denied.signup'],
    ['This server is not currently accepting new sign ups. Please try again later', 'core', 'signup', 'denied.signup'],
    [`Trying to signup to wrong host! ${cid}`, 'core', 'signup', 'denied.signup'],
    ['Not enough space quota!', 'core', 'mirror', 'quota'],
    ['No secret link published!', 'links', 'link/get', 'not-found.link'],
    ['No secret link present!', 'links', 'link/get', 'not-found.link'],
    ['Secret link expired!', 'links', 'link/get', 'denied.link'],
    ['Maximum link retrievals exceed!', 'links', 'link/get', 'denied.link'],
    ['Unknown identity key: z5', 'core', 'getUsername', 'not-found.user'],
    ['User is not an admin on this instance!', 'admin', 'approve', 'denied.admin'],
    ['Please wait before sending more messages!', 'messages', 'send', 'denied.message'],
    ['Nothing is published at this path.', 'publicFiles', 'public/', 'not-found.file'],
    ['Internal error 5', 'core', 'getChain', 'network'],
    ['Something that nobody knows', 'core', 'getChain', 'denied.request'],
    ['', 'core', 'getChain', 'denied.request'],
  ] as const)('%s (%s %s)', (text, area, method, code) => {
    expect(errorOf(text, area, method).code).toBe(code);
  });

  test('quota: with its numbers, wherever they are', () => {
    const text =
      'Storage quota reached! \nUsed 1073741000 out of 1073741824 bytes. Rejecting write of size 1048676. \nPlease delete some files.';
    const numbers = { used: 1_073_741_000, quota: 1_073_741_824, size: 1_048_676 };
    expect(errorOf(text)).toMatchObject({ code: 'quota', retry: 'never', data: numbers });
    expect(errorOf('Storage quota reached!')).toMatchObject({ code: 'quota', data: { status: 400 } });
  });

  test('a full disk of the server is an error of its own, however it is said', () => {
    for (const text of [
      'The block store could not be written: the disk is full. 0badc0de0bad',
      'The database cannot read or write its file: the disk is full or fails. Nothing was changed. Check the disk and try again. 0badc0de0bad',
      'The disk is full.',
      'The block store could not be written: the disk quota is used up. 0badc0de0bad',
    ]) {
      const error = errorOf(text, 'blocks', 'block/put/bulk');
      expect(error).toMatchObject({ code: 'storage', retry: 'never', data: { reason: 'disk-full' } });
      expect(error.message).toContain('free some space');
    }
    expect(errorOf('The block store could not be read: the disk reports an error. 0badc0de0bad').code).toBe('network');
  });

  test('a closed server says what opens it', () => {
    const closed = errorOf('This server is not currently accepting new sign ups. Please try again later', 'core', 'signup');
    expect(closed).toMatchObject({ data: { reason: 'closed' }, message: expect.stringContaining('token') });
  });

  test('pointer conflicts: with all facts, EMPTY and a class name in front included', () => {
    const data = { existing: cid, sequence: 1, claimed: null };
    expect(errorOf(`PointerCAS:${cid},1,EMPTY`)).toMatchObject({ code: 'conflict.pointer', retry: 'after', data });
    expect(errorOf(`peergos.shared.storage.PointerCasException: PointerCAS:EMPTY,,${cid}`)).toMatchObject({
      data: { existing: null, sequence: null, claimed: cid },
    });
    for (const text of ['PointerCAS:', 'PointerCAS:a,b,c', `PointerCAS:${cid},1,${cid},x`, `PointerCAS:${cid},-1,EMPTY`]) {
      expect(() => errorOf(text)).toThrow(PyrgosError);
    }
  });

  test('reasons of refused log-ins', () => {
    const reasonOf = (text: string) => errorOf(text, 'accounts', 'getLogin').data['reason'];
    expect(reasonOf('Incorrect username or password')).toBe('password');
    expect(reasonOf('Invalid backup code for credId 44')).toBe('code');
    expect(reasonOf('Invalid security key response: it was made for another site')).toBe('origin');
    expect(reasonOf('Invalid security key response: the signature is not valid')).toBe('code');
    expect(reasonOf('Please login on your home server')).toBe('home');
    expect(reasonOf('Your subscription has expired, please contact us to renew')).toBe('subscription');
    expect(errorOf('User has been deleted. Did you mean a different username?', 'accounts', 'getLogin')).toMatchObject({
      code: 'not-found.user',
      data: { deleted: true },
    });
  });
});

describe('statuses', () => {
  test.each([
    [0, 'network', 'never'],
    [204, 'network', 'never'],
    [301, 'network', 'never'],
    [302, 'network', 'never'],
    [401, 'denied.auth', 'never'],
    [403, 'denied.auth', 'never'],
    [404, 'unsupported', 'never'],
    [405, 'unsupported', 'never'],
    [409, 'denied.request', 'never'],
    [413, 'limit', 'never'],
    [418, 'denied.request', 'never'],
    [429, 'rate', 'safe'],
    [500, 'network', 'never'],
    [502, 'network', 'safe'],
    [503, 'network', 'safe'],
    [504, 'network', 'safe'],
    [599, 'network', 'never'],
  ])('%d without a text is %s', (status, code, retry) => {
    expect(serverError({ area: 'core', method: 'getChain', status, trailer: undefined })).toMatchObject({ code, retry });
  });

  test('a server that says when uploads are allowed again is believed, and others need not', () => {
    const text = 'Upload bandwidth exceeded please try again tomorrow';
    const waiting = errorOf(`${text}. More is allowed in 4321 seconds.`, 'blocks', 'block/put/bulk', 400);
    expect(waiting).toMatchObject({ code: 'rate', data: { status: 400, retryAfterSeconds: 4321 } });
    expect(errorOf(text, 'blocks', 'block/put/bulk', 400).data).toEqual({ status: 400 });
  });

  test('the text says more than the status', () => {
    expect(errorOf('Rate Limit: User request limit exceeded. Please try again later.', 'blocks', 'block/get', 429)).toMatchObject({
      code: 'rate',
      retry: 'never',
    });
    expect(errorOf('Queue full, please try again later', 'blocks', 'block/get', 503)).toMatchObject({ code: 'rate', retry: 'safe' });
  });
});

describe('words of a server that we do not know', () => {
  test('are quoted, and nothing else', () => {
    const error = errorOf('The frobnicator is out of order', 'core', 'getChain');
    expect(error.message).toBe('The server refuses the call: The frobnicator is out of order');
    expect(error.data).toEqual({ status: 400, call: 'getChain', said: 'The frobnicator is out of order' });
  });

  test('are text, never markup, wherever they are shown', () => {
    const error = errorOf('<img src=x onerror=alert(1)> & <b>wait</b>', 'core', 'getChain');
    expect(error.message).toBe('The server refuses the call: \u2039img src=x onerror=alert(1)\u203a & \u2039b\u203await\u2039/b\u203a');
    expect(JSON.stringify(error.data)).not.toMatch(/[<>]/u);
  });

  test('show neither keys nor control characters, and are short, whatever they are', () => {
    const secret = 'z2mdSxvpvjsAbnyD4WFvM5a8B9FkZCJgY9eTUrwrjEdcfdDgMTB7HS7KwgoEhrtfGk49B5QuBn2baMFYvSc2XgEpBLSRLU3mn18MP9atzPt5GVR';
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 500 }),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.constantFrom(...Object.values(endpoints)),
        fc.integer({ min: 0, max: 599 }),
        (before, after, { area, method }, status) => {
          const text = `${before}${secret}${after}`;
          const error = serverError({ area, method, status, trailer: encodeTrailer(text) });
          const all = JSON.stringify([error.message, error.data]);
          expect(all).not.toContain(secret.slice(0, 24));
          expect(error.message.length).toBeLessThan(10 * MAX_SERVER_TEXT_LENGTH);
          expect(/[\p{Cc}\p{Cf}\p{Zl}]/u.test(error.message)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a raw header that is not encoded, and one without end', () => {
    for (const trailer of ['a b\tc%', '%%%%%%%', '\u00ff\u00fe', 'x'.repeat(1_000_000), '+'.repeat(100_000)]) {
      const error = serverError({ area: 'core', method: 'getChain', status: 400, trailer });
      expect(error.code).toBe('denied.request');
      expect(error.message.length).toBeLessThan(10 * MAX_SERVER_TEXT_LENGTH);
    }
  });
});
