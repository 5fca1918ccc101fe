import { fromHex, toHex } from '@pyrgos/core/bytes';
import { DataFrameWriter, encodeCbor } from '@pyrgos/core/codec';
import { decodeTrailer } from '@pyrgos/core/api';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { SignedRequest, signNow, type SigningKeyPair } from '@pyrgos/core/keys';

/** A value of the query: text, or bytes that are sent as hex. */
type Parameter = string | Uint8Array | { toString(): string };

/** An answer of the API. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly hex: string;
  readonly text: string;
  /** The text of an error, else empty. */
  readonly error: string;
  readonly headers: Headers;
}

/** Calls the API of a running server the way existing clients do: POST, parameters unescaped, a body without type. */
export class ApiClient {
  constructor(
    readonly base: string,
    private readonly crypto: CryptoProvider,
  ) {}

  /** Calls `path`; parameters that are undefined are left out. `body`: bytes, a data stream or hex. */
  async call(
    path: string,
    parameters: Readonly<Record<string, Parameter | undefined>> | readonly (readonly [string, Parameter])[] = {},
    body?: Uint8Array | DataFrameWriter | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> {
    const pairs = Array.isArray(parameters) ? (parameters as readonly (readonly [string, Parameter])[]) : Object.entries(parameters);
    const query = pairs
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${value instanceof Uint8Array ? toHex(value) : String(value)}`)
      .join('&');
    const bytes = typeof body === 'string' ? fromHex(body) : body instanceof DataFrameWriter ? body.finish() : body;
    const response = await fetch(`${this.base}/${path}${query === '' ? '' : `?${query}`}`, {
      method: 'POST',
      headers: { ...headers },
      redirect: 'manual',
      ...(bytes === undefined ? {} : { body: bytes as Uint8Array<ArrayBuffer> }),
    });
    const answer = new Uint8Array(await response.arrayBuffer());
    return {
      status: response.status,
      body: answer,
      hex: toHex(answer),
      text: new TextDecoder().decode(answer),
      error: decodeTrailer(response.headers.get('trailer') ?? ''),
      headers: response.headers,
    };
  }

  /** `auth` of calls that are signed with their path. */
  request(path: string, { secretKey }: SigningKeyPair, time: number = Date.now()): Uint8Array {
    return SignedRequest.of(path, time).sign(this.crypto, secretKey);
  }

  /** `auth` of calls that are signed with the time alone. */
  now({ secretKey }: SigningKeyPair, time: number = Date.now()): Uint8Array {
    return signNow(this.crypto, secretKey, time);
  }

  /** A text in a data stream. */
  static text(value: string): DataFrameWriter {
    return new DataFrameWriter().writeText(value);
  }

  /** CBOR `true` and `false` as hex. */
  static readonly cborTrue: string = toHex(encodeCbor(true));
  static readonly cborFalse: string = toHex(encodeCbor(false));
}
