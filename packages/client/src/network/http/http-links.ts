import { LinkCounts } from '@pyrgos/core/accounts';
import { FormatError } from '@pyrgos/core/errors';
import type { BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { EncryptedCapability } from '@pyrgos/core/model';
import type { SecretLinks } from '../secret-links.js';
import { readText } from './answers.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { formatQuery } from './query.js';

/** Longest host name with a port. */
const MAX_HOST_LENGTH = 260;
/** A name, an IPv4 address or an IPv6 literal, and maybe a port: it goes into the links that people pass on. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/u;

/** Secret links over HTTP (chapter 02 sections 5.2, 5.8 and 5.9). */
export class HttpLinks implements SecretLinks {
  constructor(private readonly caller: Caller) {}

  async host(owner: PublicKeyHash, signal?: AbortSignal): Promise<string> {
    const query = formatQuery([['owner', owner.toString()]]);
    const host = readText('link-host', await this.caller.call(endpoints.linkHost, { query }, signal), MAX_HOST_LENGTH);
    if (!HOST.test(host)) throw new FormatError('format.request', 'link-host', 'must be a host');
    return host;
  }

  async get(owner: PublicKeyHash, label: bigint, signal?: AbortSignal): Promise<EncryptedCapability> {
    const query = formatQuery([
      ['label', label.toString()],
      ['owner', owner.toString()],
    ]);
    return EncryptedCapability.decode(await this.caller.call(endpoints.getLink, { query }, signal));
  }

  async counts(username: string, after: bigint, mirrorBat: BatWithId, signal?: AbortSignal): Promise<LinkCounts> {
    const query = formatQuery([
      ['after', after.toString()],
      ['bat', mirrorBat.format()],
      ['owner', username],
    ]);
    return LinkCounts.decode(await this.caller.call(endpoints.linkCounts, { query }, signal));
  }
}
