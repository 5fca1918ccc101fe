import { createHash, timingSafeEqual } from 'node:crypto';
import { utf8Encode } from '@pyrgos/core/bytes';
import { emptyReply, type Reply } from './reply.js';

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text, 'latin1').digest();
}

/** HTTP basic authentication in front of everything (chapter 02 section 1.4). */
export class BasicAuth {
  private readonly expected: Uint8Array;

  /** @param credentials `user:password` */
  constructor(credentials: string) {
    this.expected = digest(Buffer.from(utf8Encode(credentials)).toString('base64'));
  }

  /** The refusal, or undefined when the header proves the credentials. Takes the same time for every wrong value. */
  check(authorization: string | undefined): Reply | undefined {
    const given = /^basic +(\S+) *$/iu.exec(authorization ?? '')?.[1] ?? '';
    if (timingSafeEqual(digest(given), this.expected)) return undefined;
    return emptyReply(401, { 'www-authenticate': 'Basic realm="Peergos server access", charset="UTF-8"' });
  }
}
