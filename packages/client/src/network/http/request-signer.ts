import { toHex } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { SignedRequest, type SecretSigningKey, signNow } from '@pyrgos/core/keys';
import type { Clock } from '../../commit/clock.js';
import type { Endpoint } from './endpoints.js';

/** Milliseconds by which a signed time may be ahead of the clock; servers allow for some minutes. */
const MAX_LEAD = 60_000;

/** Proves who asks, and when (chapter 02 section 3). */
export class RequestSigner {
  private last = 0;

  constructor(
    readonly crypto: CryptoProvider,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The signed time of now, as bytes. */
  signedTime(key: SecretSigningKey): Uint8Array {
    return signNow(this.crypto, key, this.now());
  }

  /** The signed time of now, as the parameter `auth`. */
  timeParameter(key: SecretSigningKey): string {
    return toHex(this.signedTime(key));
  }

  /** A signed request for an endpoint, as the parameter `auth`. */
  requestParameter(endpoint: Endpoint, key: SecretSigningKey): string {
    return SignedRequest.of(endpoint.path, this.now()).signToHex(this.crypto, key);
  }

  /**
   * Milliseconds since the epoch. Never the same twice: some calls want each time to be later than the one before. But a clock that was put right is
   * believed: a time of the future is refused.
   */
  private now(): number {
    const now = Math.floor(this.clock.now());
    this.last = this.last - now > MAX_LEAD ? now : Math.max(now, this.last + 1);
    return this.last;
  }
}
