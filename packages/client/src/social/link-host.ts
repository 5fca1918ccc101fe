import { PyrgosError } from '@pyrgos/core/errors';
import { contextOf, type Account } from '../session/account.js';

/** Under which host the server serves links, and what is published. */
export class LinkHost {
  private known: string | undefined;

  constructor(private readonly account: Account) {}

  /** The host, with its port if it has one; undefined when the server cannot say. AbortedError; DeniedError `denied.session`. */
  async name(signal: AbortSignal | undefined): Promise<string | undefined> {
    contextOf(this.account).gate.assertOpen();
    try {
      this.known ??= await this.account.network.links.host(this.account.identity.publicKeyHash, signal);
    } catch (error) {
      if (!isAboutServer(error)) throw error;
    }
    return this.known;
  }

  /** The address of what is published at a path; undefined when the server cannot say under which host. */
  async publicUrl(names: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined> {
    const host = await this.name(signal);
    // As links are: only a local server is reached without TLS (chapter 06 section 11.1).
    const scheme = host?.startsWith('localhost:') === true ? 'http' : 'https';
    return host === undefined ? undefined : `${scheme}://${host}/public/${names.map(encodeURIComponent).join('/')}`;
  }
}

/** Whether an error says what a server cannot do or tell, rather than that the caller has ended the call or the session. */
export function isAboutServer(error: unknown): boolean {
  return error instanceof PyrgosError && error.code !== 'aborted' && error.code !== 'denied.session';
}
