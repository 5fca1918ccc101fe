import { AllowedSignups, LabelledSignedSpaceRequest } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import { type Cid, decodeCbor } from '@pyrgos/core/codec';
import { FormatError, printable } from '@pyrgos/core/errors';
import { signAttached, type Signer } from '@pyrgos/core/keys';
import { MAX_SERVER_TEXT_LENGTH } from '@pyrgos/core/limits';
import type { Admin, ServerVersion } from '../admin.js';
import { readCborBoolean, readCborList } from './answers.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { formatQuery } from './query.js';
import type { RequestSigner } from './request-signer.js';

/** Administration of a server over HTTP (chapter 02 section 12). */
export class HttpAdmin implements Admin {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async version(signal?: AbortSignal): Promise<ServerVersion> {
    const value = decodeCbor(await this.caller.call(endpoints.version, {}, signal));
    const text = (key: string): string => {
      const found = value instanceof Map ? (value as ReadonlyMap<string, unknown>).get(key) : undefined;
      if (typeof found !== 'string') throw new FormatError('format.request', `version.${key}`, 'must be text');
      return printable(found, MAX_SERVER_TEXT_LENGTH);
    };
    return { version: text('v'), source: text('s') };
  }

  async signups(signal?: AbortSignal): Promise<AllowedSignups> {
    return AllowedSignups.decode(await this.caller.call(endpoints.signups, {}, signal));
  }

  async joinWaitList(email: string, signal?: AbortSignal): Promise<boolean> {
    return readCborBoolean('waitlist', await this.caller.call(endpoints.joinWaitList, { query: formatQuery([['email', email]]) }, signal));
  }

  async pending(admin: Signer, instance: Cid, signal?: AbortSignal): Promise<readonly LabelledSignedSpaceRequest[]> {
    const parts = (): { readonly query: string } => ({
      query: formatQuery([
        ['admin', admin.publicKeyHash.toString()],
        ['instance', instance.toString()],
        ['auth', this.signer.timeParameter(admin.secretKey)],
      ]),
    });
    const list = readCborList('pending', await this.caller.call(endpoints.pending, parts, signal));
    return list.map((item, i) => LabelledSignedSpaceRequest.fromCbor(item, `pending[${i}]`));
  }

  async approve(request: LabelledSignedSpaceRequest, admin: Signer, instance: Cid, signal?: AbortSignal): Promise<boolean> {
    const query = formatQuery([
      ['admin', admin.publicKeyHash.toString()],
      ['instance', instance.toString()],
      ['req', toHex(signAttached(this.signer.crypto, admin.secretKey, request.encode()))],
    ]);
    return readCborBoolean('approve', await this.caller.call(endpoints.approve, { query }, signal));
  }
}
