import { Secret, type PublicKeyHash } from '@pyrgos/core/keys';
import { type LinkProperties, SecretLink } from '@pyrgos/core/social';
import { dateOfSeconds } from './seconds.js';

/** A secret link that the account has made: what it says, and how often it was used. A secret, for it opens what it leads to. Immutable. */
export class OwnLink extends Secret {
  protected readonly secretKind: string = 'OwnLink';
  /** Names the link among those of the account. */
  readonly label: bigint;
  /** Whether who has the link can change what it leads to, and all below it. */
  readonly isWritable: boolean;
  /** Whether people have to know a password beside the link. */
  readonly hasPassword: boolean;
  /** When it stops working; undefined for never. */
  readonly expires: Date | undefined;
  /** How often it can be opened in all; undefined for any number of times. */
  readonly maxRetrievals: number | undefined;
  /** Whether pages show at once what it leads to, if they can. */
  readonly opensAutomatically: boolean;
  readonly #secret: SecretLink;
  readonly #properties: LinkProperties;
  readonly #host: string | undefined;

  constructor(
    /** What it leads to. */
    readonly path: string,
    owner: PublicKeyHash,
    properties: LinkProperties,
    host: string | undefined,
    /** How often it was opened, wrong passwords included, as the server says; undefined when it does not. */
    readonly retrievals: number | undefined,
  ) {
    super();
    const { label, linkPassword, isWritable, userPassword, expiry, maxRetrievals, opensAutomatically } = properties;
    this.label = label;
    this.isWritable = isWritable;
    this.hasPassword = userPassword !== '';
    this.expires = expiry === undefined ? undefined : dateOfSeconds(expiry);
    this.maxRetrievals = maxRetrievals;
    this.opensAutomatically = opensAutomatically;
    this.#secret = SecretLink.of(owner, label, linkPassword);
    this.#properties = properties;
    this.#host = host;
  }

  /** How often it can still be opened; undefined for any number of times, and when the server does not say. */
  get retrievalsLeft(): number | undefined {
    const { maxRetrievals, retrievals } = this;
    return maxRetrievals === undefined || retrievals === undefined ? undefined : Math.max(0, maxRetrievals - retrievals);
  }

  /** The password that people have to know beside the link; empty for none. */
  get userPassword(): string {
    return this.#properties.userPassword;
  }

  /** The link without a host, `secret/…`: it opens on the server of the account. */
  get text(): string {
    return this.#secret.format({ opens: this.opensAutomatically });
  }

  /** The link for people; undefined when the server cannot say under which host it serves links. */
  get url(): string | undefined {
    return this.#host === undefined ? undefined : this.#secret.url(this.#host, { opens: this.opensAutomatically });
  }
}
