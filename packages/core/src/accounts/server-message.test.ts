import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, CryptoError, FormatError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { MAX_SERVER_MESSAGE_LENGTH } from '../limits.js';
import v from '../../../../vectors/02/server-message.json' with { type: 'json' };
import { ServerMessage, ServerMessageType, type ServerMessageTypeCode } from './server-message.js';

const crypto = await loadCrypto();
const pair = SigningKeyPair.generate(crypto);
const sent = 1_700_000_000_000;
const feedback = ServerMessage.of({ id: -1, type: ServerMessageType.fromUser, sent, body: 'hi', dismissed: false });

describe('vectors', () => {
  test.each(v.valid)('message $cbor', ({ id, type, body, dismissed, replyTo, cbor }) => {
    const message = ServerMessage.of({ id, type: type as ServerMessageTypeCode, sent, body, dismissed, replyTo });
    expect(toHex(message.encode())).toBe(cbor);
    const read = ServerMessage.decode(fromHex(cbor));
    expect(read.equals(message)).toBe(true);
    expect(read).toMatchObject({ id, type, body, dismissed, replyTo });
  });

  test.each(v.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => ServerMessage.decode(fromHex(cbor))).toThrow(FormatError);
  });
});

test('signed by the user', () => {
  const signed = feedback.sign(crypto, pair.secretKey);
  expect(ServerMessage.open(crypto, pair.publicKey, signed).equals(feedback)).toBe(true);
  expect(() => ServerMessage.open(crypto, SigningKeyPair.generate(crypto).publicKey, signed)).toThrow(CryptoError);
});

test('MAX_SERVER_MESSAGE_LENGTH counts UTF-16 code units', () => {
  const sized = (body: string): ServerMessage =>
    ServerMessage.of({ id: 1, type: ServerMessageType.fromServer, sent, body, dismissed: false });
  const longest = sized('\u{1f600}'.repeat(MAX_SERVER_MESSAGE_LENGTH / 2));
  expect(ServerMessage.decode(longest.encode()).equals(longest)).toBe(true);
  expect(() => sized('a'.repeat(MAX_SERVER_MESSAGE_LENGTH + 1))).toThrow(ArgumentError);
});

test('arguments are checked', () => {
  const good = { id: 1, type: ServerMessageType.fromServer, sent, body: '', dismissed: false };
  for (const bad of [
    { id: 0.5 },
    { type: 4 as never },
    { type: 0 as never },
    { sent: -1 },
    { body: '\udc00' },
    { dismissed: 'no' as never },
    { replyTo: 2 ** 60 },
  ]) {
    expect(() => ServerMessage.of({ ...good, ...bad })).toThrow(ArgumentError);
  }
});
