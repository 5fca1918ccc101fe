import type { TotpKey } from '@pyrgos/core/accounts';
import { Secret } from '@pyrgos/core/keys';
import { totpUri } from './totp.js';

/** The key of a new factor that makes codes. A secret: show it once and forget it; it prints redacted. */
export class NewFactor extends Secret implements TotpKey {
  protected readonly secretKind: string = 'NewFactor';
  /** Names the factor; no secret. */
  readonly credentialId: Uint8Array;
  readonly #key: Uint8Array;

  /** @internal Factors come from `SecondFactors`. */
  constructor({ credentialId, key }: TotpKey) {
    super();
    this.credentialId = credentialId;
    this.#key = key;
  }

  /** What codes are made of; see `totpCode`. */
  get key(): Uint8Array {
    return this.#key;
  }
}

/** A new authenticator app, which counts only after `SecondFactors.enableTotp`. */
export class NewTotp extends NewFactor {
  protected override readonly secretKind: string = 'NewTotp';
  readonly #uri: string;

  /** @internal */
  constructor(key: TotpKey, username: string) {
    super(key);
    this.#uri = totpUri(username, key.key);
  }

  /** The text of the QR code. */
  get uri(): string {
    return this.#uri;
  }
}
