import { BatWithId, type Signer } from '@pyrgos/core/keys';
import { FormatError } from '@pyrgos/core/errors';
import type { Bats } from '../bats.js';
import { readCborBoolean, readCborList } from './answers.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { formatQuery } from './query.js';
import type { RequestSigner } from './request-signer.js';

/** The BAT store of a server over HTTP (chapter 02 section 6). */
export class HttpBats implements Bats {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async list(username: string, identity: Signer, signal?: AbortSignal): Promise<readonly BatWithId[]> {
    const parts = (): { readonly query: string } => ({
      query: formatQuery([
        ['username', username],
        ['auth', this.signer.requestParameter(endpoints.getUserBats, identity.secretKey)],
      ]),
    });
    const list = readCborList('getUserBats', await this.caller.call(endpoints.getUserBats, parts, signal));
    return list.map((item, i) => {
      if (!(item instanceof Map)) throw new FormatError('format.bat', `getUserBats[${i}]`, 'must be a map');
      return BatWithId.fromCbor(item, `getUserBats[${i}]`);
    });
  }

  async add(username: string, bat: BatWithId, identity: Signer, signal?: AbortSignal): Promise<void> {
    const parts = (): { readonly query: string } => ({
      query: formatQuery([
        ['username', username],
        ['batid', bat.id.format()],
        ['bat', bat.bat.format()],
        ['auth', this.signer.requestParameter(endpoints.addBat, identity.secretKey)],
      ]),
    });
    if (!readCborBoolean('addBat', await this.caller.call(endpoints.addBat, parts, signal))) {
      throw new FormatError('format.request', 'addBat', 'must be true');
    }
  }
}
