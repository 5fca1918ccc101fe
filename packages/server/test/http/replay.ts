import { expect } from 'vitest';
import {
  AllowedSignups,
  BackupCodes,
  BlindFollowRequest,
  decodeChain,
  decodeMfaMethods,
  encodeChain,
  LabelledSignedSpaceRequest,
  LinkCounts,
  LoginResponse,
  PaymentProperties,
  ServerMessage,
} from '@pyrgos/core/accounts';
import { BlockStoreProperties, BlockWriteGroup, decodeTrailer } from '@pyrgos/core/api';
import { equalBytes, fromHex, toHex } from '@pyrgos/core/bytes';
import { type CborValue, DataFrameReader, DataFrameWriter, decodeCbor, parseCid } from '@pyrgos/core/codec';
import { DeniedError } from '@pyrgos/core/errors';
import { BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { type ChunkMirrorCap, EncryptedCapability, encodeMultiWriterCommit, formatChampCaps } from '@pyrgos/core/model';
import { gunzipSync } from 'node:zlib';
import type { HttpOptions } from '../../src/http/http-options.js';
import { Query } from '../../src/http/query.js';
import type { ChainUpdateResult } from '../../src/services.js';
import { call, testApp } from './http-world.js';
import { type Script, scriptedServices } from './scripted-services.js';

/** One request and its answer: printed in chapter 02, or recorded between the reference client and the reference server. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly requestBody: Uint8Array;
  readonly status: number;
  /** Names in lower case. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: Uint8Array;
}

/** The call as the services see it must be the call that was made: everything they get is written again and compared. */
class Expectation {
  readonly query: Query;
  /** Whether a service was reached. */
  reached = false;

  constructor(readonly exchange: Exchange) {
    const start = exchange.path.indexOf('?');
    this.query = Query.parse(start < 0 ? '' : exchange.path.slice(start + 1));
  }

  parameters(given: Readonly<Record<string, string | undefined>>): void {
    this.reached = true;
    for (const [name, value] of Object.entries(given)) expect([name, value]).toEqual([name, this.query.get(name)]);
    this.refuse();
  }

  body(bytes: Uint8Array): void {
    this.reached = true;
    // Not toEqual: a failure would print megabytes.
    expect(equalBytes(bytes, this.exchange.requestBody), 'the request body as we write it').toBe(true);
    this.refuse();
  }

  get answer(): Uint8Array {
    return this.exchange.responseBody;
  }

  get answerCbor(): CborValue {
    return decodeCbor(this.answer);
  }

  get answerText(): string {
    return new TextDecoder().decode(this.answer);
  }

  get answerFrame(): DataFrameReader {
    return new DataFrameReader(this.answer);
  }

  get requestFrame(): DataFrameReader {
    return new DataFrameReader(this.exchange.requestBody);
  }

  /** Throws what the recorded server answered, if it answered an error. */
  private refuse(): void {
    const { status, responseHeaders } = this.exchange;
    if (status !== 200) throw new DeniedError('denied.auth', decodeTrailer(responseHeaders['trailer'] ?? ''));
  }
}

function batOf(bat: BatWithId | undefined): { readonly bat?: string } {
  return bat === undefined ? {} : { bat: bat.format() };
}

function list<T>(value: CborValue, read: (item: CborValue) => T): readonly T[] {
  return (value as readonly CborValue[]).map(read);
}

function hashes(text: string): string[] {
  return [...text.matchAll(/\{"Hash":"(\w+)"\}/gu)].map(([, hash]) => hash!);
}

function blocks(e: Expectation): Script {
  return {
    blocks: {
      properties: () => {
        e.reached = true;
        return BlockStoreProperties.fromCbor(e.answerCbor);
      },
      startTransaction: async (owner) => {
        e.parameters({ owner: owner.toString() });
        return e.answerText;
      },
      closeTransaction: async (owner, transaction) => e.parameters({ owner: owner.toString(), arg: transaction }),
      assertKnownWriter: async () => undefined,
      putBulk: async (owner, writer, given, signatures, raw, transaction) => {
        e.parameters({ owner: owner.toString(), writer: writer.toString(), format: raw ? 'raw' : 'dag-cbor', transaction });
        e.body(BlockWriteGroup.of(given, signatures).encode());
        return hashes(e.answerText).map(parseCid);
      },
      readBlock: async (owner, cid, bat) => {
        e.parameters({ owner: owner.toString(), arg: cid.toString(), ...batOf(bat) });
        return e.answer.length === 0 ? undefined : e.answer;
      },
      sizeOf: async (cid, owner) => {
        e.parameters({ arg: cid.toString(), owner: owner?.toString() });
        return (JSON.parse(e.answerText) as { Size: number }).Size;
      },
      champGet: async (owner, root, caps: readonly ChunkMirrorCap[]) => {
        const asked = e.query.get('caps') === undefined ? { arg: toHex(caps[0]!.key) } : { caps: formatChampCaps(caps) };
        e.parameters({ owner: owner.toString(), ...asked });
        expect(root.toString()).toBe(e.query.args[0]);
        return list(e.answerCbor, (item) => item as Uint8Array);
      },
    },
    links: {
      get: async (owner, label) => {
        e.parameters({ owner: owner.toString(), label: String(label) });
        return EncryptedCapability.fromCbor(e.answerCbor);
      },
      counts: async (owner, after, bat) => {
        e.parameters({ owner });
        expect([`${after}`, `${after}?bat=${bat.format()}`]).toContain(e.query.get('after'));
        return LinkCounts.fromCbor(e.answerCbor);
      },
    },
    ipns: {
      get: async () => {
        e.reached = true;
        const { sig, data } = JSON.parse(e.answerText) as { sig: string; data: string };
        return { signature: fromHex(sig), data: fromHex(data) };
      },
    },
  };
}

function pointers(e: Expectation): Script {
  return {
    pointers: {
      getPointer: async (owner, writer) => {
        e.parameters({ owner: owner.toString(), writer: writer.toString() });
        return e.answer.length === 0 ? undefined : e.answer;
      },
      setPointer: async (owner, writer, signed) => {
        e.parameters({ owner: owner.toString(), writer: writer.toString() });
        e.body(signed);
        return e.answer[0] === 1;
      },
      setPointers: async (owner, updates) => {
        e.parameters({ owner: owner.toString() });
        e.body(encodeMultiWriterCommit(updates));
        return e.answer[0] === 1;
      },
    },
    bats: {
      list: async (username, auth) => {
        e.parameters({ username, auth: toHex(auth) });
        return list(e.answerCbor, (item) => BatWithId.fromCbor(item));
      },
      add: async (username, id, bat, auth) => e.parameters({ username, batid: id.toString(), bat: bat.format(), auth: toHex(auth) }),
    },
  };
}

function updateResult(e: Expectation): ChainUpdateResult {
  const frame = e.answerFrame;
  return frame.readBoolean() ? { accepted: true } : { accepted: false, difficulty: frame.readInt() };
}

function core(e: Expectation): Script {
  return {
    core: {
      getPublicKey: async (username) => {
        e.body(new DataFrameWriter().writeText(username).finish());
        const frame = e.answerFrame;
        return frame.readBoolean() ? PublicKeyHash.fromCid(decodeCbor(frame.readBytes(100)) as never) : undefined;
      },
      getUsername: async (identity) => {
        e.body(new DataFrameWriter().writeBytes(identity.encode()).finish());
        return e.answerFrame.readText(64);
      },
      getChain: async (username) => {
        e.body(new DataFrameWriter().writeText(username).finish());
        return decodeChain(e.answer);
      },
      usernames: async () => {
        e.reached = true;
        return JSON.parse(gunzipSync(e.answer).toString()) as string[];
      },
      signup: async (username, link, log, proof, token) => {
        const parts = [link.encode(), log.encode(), proof.encode()];
        e.body(
          parts
            .reduce((writer, part) => writer.writeBytes(part), new DataFrameWriter().writeText(username))
            .writeText(token)
            .finish(),
        );
        return updateResult(e);
      },
      updateChain: async (username, links, proof, token) => {
        const writer = new DataFrameWriter().writeText(username).writeBytes(encodeChain(links)).writeBytes(proof.encode());
        e.body(writer.writeText(token).finish());
        return updateResult(e);
      },
      startPaidSignup: async (username, link, proof) => {
        e.body(new DataFrameWriter().writeText(username).writeBytes(link.encode()).writeBytes(proof.encode()).finish());
        return updateResult(e);
      },
    },
    social: {
      sendFollowRequest: async (owner, request) => {
        e.parameters({ owner: owner.toString() });
        e.body(request.encode());
        return e.answer[0] === 1;
      },
      getFollowRequests: async (owner, auth) => {
        e.parameters({ owner: owner.toString(), auth: toHex(auth) });
        return list(decodeCbor(e.answerFrame.readBytes(1 << 20)), (item) => BlindFollowRequest.fromCbor(item));
      },
      removeFollowRequest: async (owner, signed) => {
        e.parameters({ owner: owner.toString() });
        e.body(signed);
        return e.answer[0] === 1;
      },
    },
  };
}

function accounts(e: Expectation): Script {
  const asked = (username: string, auth: Uint8Array, more: Readonly<Record<string, string>> = {}): void =>
    e.parameters({ username, auth: toHex(auth), ...more });
  return {
    accounts: {
      setLogin: async (data, auth, forceLocal) => {
        e.parameters({ auth: toHex(auth) });
        expect(forceLocal).toBe(e.query.get('local') === 'true');
        e.body(data.encode());
        return e.answer[0] === 1;
      },
      getLogin: async ({ username, author, auth, proxy, mfaTypes, mfa }) => {
        asked(username, auth, { author: toHex(author.encode()) });
        expect(proxy).toBe(e.query.get('proxy') === 'true');
        expect(mfaTypes?.join(',')).toBe(e.query.get('mfaTypes'));
        expect(mfa === undefined ? undefined : toHex(mfa.encode())).toBe(e.query.get('mfa'));
        return LoginResponse.fromCbor(e.answerCbor);
      },
      listMfa: async (username, auth) => {
        asked(username, auth);
        return decodeMfaMethods(e.answer);
      },
      addTotp: async (username, auth) => {
        asked(username, auth);
        return e.answerText;
      },
      enableTotp: async (username, credentialId, code, auth) => {
        asked(username, auth, { credid: toHex(credentialId), code });
        return e.answerCbor === true;
      },
      addMount: async (username, name, auth) => {
        asked(username, auth, { name });
        return e.answerText;
      },
      enableMount: async (username, credentialId, code, auth) => {
        asked(username, auth, { credid: toHex(credentialId), code });
        return e.answerCbor === true;
      },
      genBackupCodes: async (username, auth) => {
        asked(username, auth);
        return BackupCodes.fromCbor(e.answerCbor);
      },
      registerWebauthnStart: async (username, auth) => {
        asked(username, auth);
        return e.answer;
      },
      registerWebauthnComplete: async (username, keyName, response, auth) => {
        asked(username, auth, { keyname: keyName });
        e.body(response.encode());
        return e.answerCbor === true;
      },
      deleteMfa: async (username, credentialId, auth) => {
        asked(username, auth, { credid: toHex(credentialId) });
        return e.answerCbor === true;
      },
    },
  };
}

function operations(e: Expectation): Script {
  return {
    space: {
      usage: async (owner, auth, local) => {
        e.parameters({ owner: owner.toString(), auth: toHex(auth) });
        expect(local).toBe(e.query.get('local') === 'true');
        return e.answerCbor as number;
      },
      quota: async (owner, auth) => {
        e.parameters({ owner: owner.toString(), auth: toHex(auth) });
        return e.answerCbor as number;
      },
      paymentProperties: async (owner, newClientSecret, auth) => {
        e.parameters({ owner: owner.toString(), auth: toHex(auth) });
        expect(newClientSecret).toBe(e.query.get('new-client-secret') === 'true');
        return PaymentProperties.fromCbor(e.answerCbor);
      },
      requestSpace: async (owner, signed) => {
        e.parameters({ owner: owner.toString(), req: toHex(signed) });
        return PaymentProperties.fromCbor(e.answerCbor);
      },
    },
    admin: {
      version: () => {
        e.reached = true;
        const map = e.answerCbor as ReadonlyMap<string, string>;
        return { version: map.get('v')!, source: map.get('s')! };
      },
      signups: async () => {
        e.reached = true;
        return AllowedSignups.fromCbor(e.answerCbor);
      },
      joinWaitList: async (email) => {
        e.parameters({ email });
        return e.answerCbor === true;
      },
      pending: async (admin, instance, auth) => {
        e.parameters({ admin: admin.toString(), instance: instance.toString(), auth: toHex(auth) });
        return list(e.answerCbor, (item) => LabelledSignedSpaceRequest.fromCbor(item));
      },
      approve: async (admin, instance, signed) => {
        e.parameters({ admin: admin.toString(), instance: instance.toString(), req: toHex(signed) });
        return e.answerCbor === true;
      },
    },
    messages: {
      retrieve: async (username, auth) => {
        e.parameters({ username, auth: toHex(auth) });
        return list(e.answerCbor, (item) => ServerMessage.fromCbor(item));
      },
      send: async (username, signed) => {
        e.parameters({ username });
        e.body(signed);
      },
    },
    publicFiles: {
      capabilityLink: async (username, path) => {
        e.reached = true;
        expect(e.exchange.path.split('?')[0]).toBe(`/public/${username}/${path}`);
        return /"link":"(#[^"]*)"/u.exec(e.exchange.responseHeaders['location'] ?? '')![1]!;
      },
    },
  };
}

/** Endpoints that answer without asking a service. */
const fixed = new Set(['/api/v0/ids', '/api/v0/id', '/api/v0/link-host', '/api/v0/blockstore/auth', '/api/v0/blockstore/auth-reads']);

/**
 * Plays an exchange against our front end: the services get exactly what the request says and answer what the answer says; then our
 * answer must be the same bytes, with at least the same headers.
 */
export async function replay(exchange: Exchange, script: Script = {}, options: Partial<HttpOptions> = {}): Promise<void> {
  const e = new Expectation(exchange);
  const services = scriptedServices({
    ...blocks(e),
    ...pointers(e),
    ...core(e),
    ...accounts(e),
    ...operations(e),
    ...script,
  });
  const hasBody = exchange.requestBody.length > 0;
  const answer = await call(testApp(services, options), exchange.path, {
    method: exchange.method,
    headers: exchange.requestHeaders ?? {},
    ...(hasBody ? { body: exchange.requestBody } : {}),
  });
  const path = exchange.path.split('?')[0]!;
  expect(answer.status).toBe(exchange.status);
  if (path.startsWith('/peergos/v0/core/getUsernamesGzip')) {
    // Other compressors make other bytes.
    expect(gunzipSync(answer.body).toString()).toBe(gunzipSync(exchange.responseBody).toString());
  } else {
    expect(equalBytes(answer.body, exchange.responseBody), `the answer ${toHex(answer.body.subarray(0, 80))}`).toBe(true);
  }
  for (const [name, value] of Object.entries(exchange.responseHeaders)) {
    // Written by node:http, and only when there is a socket.
    if (name !== 'content-length') expect([name, answer.headers.get(name)]).toEqual([name, value]);
  }
  expect(e.reached || fixed.has(path)).toBe(true);
}
