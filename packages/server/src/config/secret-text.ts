import { Secret } from '@pyrgos/core/keys';

/** A secret value of the configuration: prints redacted wherever it is printed. */
export class SecretText extends Secret {
  protected readonly secretKind: string = 'SecretText';
  readonly #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  /** The secret itself. */
  get revealed(): string {
    return this.#text;
  }
}
