import { isWellFormed } from '@pyrgos/core/bytes';
import { ArgumentError, FormatError, PyrgosError } from '@pyrgos/core/errors';
import { type AbsoluteCapability, parseCapabilityLink } from '@pyrgos/core/model';
import type { PublicFiles } from '../public-files.js';
import type { Caller } from './caller.js';
import { publicFile } from './endpoints.js';

/** Longest header that is looked at; the link has some 300 characters, the path at most nine times 4096. */
const MAX_LOCATION_LENGTH = 65_536;
/** Where the redirect leads: a fragment with the link at its end (chapter 02 section 14.2). */
const LINK = /"link":"(#[0-9A-Za-z]+(?:\/[0-9A-Za-z]+)*)"\}$/u;

/** Published files over HTTP (chapter 02 section 14.2). */
export class HttpPublicFiles implements PublicFiles {
  constructor(private readonly caller: Caller) {}

  async capability(username: string, path: string, signal?: AbortSignal): Promise<AbsoluteCapability> {
    const names = [username, ...path.split('/').filter((name) => name !== '')];
    // What a URL resolves away would be another path.
    if (names.some((name) => name === '.' || name === '..' || !isWellFormed(name))) throw new ArgumentError('path', 'must be a path');
    const location = await this.caller.locate(publicFile, { suffix: names.map(encodeURIComponent).join('/') }, signal);
    if (location === undefined) {
      throw new PyrgosError('unsupported', 'This platform does not tell where a redirect leads.');
    }
    const link = location.length > MAX_LOCATION_LENGTH ? undefined : LINK.exec(location)?.[1];
    if (link === undefined) throw new FormatError('format.request', 'public file', 'must lead to a capability link');
    return parseCapabilityLink(link);
  }
}
