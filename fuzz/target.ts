import { equalBytes, utf8Decode, utf8Encode } from '@pyrgos/core/bytes';
import { FormatError } from '@pyrgos/core/errors';

/** One decoder under fuzzing. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs to start from. */
  readonly seeds: readonly Uint8Array[];
  /** Decodes and re-encodes; undefined when there is nothing to compare. Typed errors are fine. */
  readonly run: (input: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Inputs in CI, when the usual number would take too long. */
  readonly iterations?: number;
}

/** An object with a CBOR form. */
interface Encodable {
  encode(): Uint8Array;
}

/**
 * A target for a typed object. Readers ignore unknown keys and extra elements (chapter 01 section 2.6), so the re-encoding may drop
 * some of the input; then it must be a fixed point: it decodes, and encodes to itself.
 */
export function objectTarget(
  name: string,
  decode: (bytes: Uint8Array) => Encodable,
  seeds: readonly Encodable[],
  iterations?: number,
): FuzzTarget {
  return {
    name,
    seeds: seeds.map((seed) => seed.encode()),
    run: (input) => {
      const first = decode(input).encode();
      const second = decode(first).encode();
      return equalBytes(first, second) ? input : second;
    },
    ...(iterations === undefined ? {} : { iterations }),
  };
}

/** A target for a text form: parse and format. Forms that are not canonical text need only parse again to the same. */
export function textTarget(name: string, normalise: (text: string) => string, seeds: readonly string[]): FuzzTarget {
  return {
    name,
    seeds: seeds.map((seed) => utf8Encode(seed)),
    run: (input) => {
      const text = utf8Decode(input);
      if (text === undefined) throw new FormatError('format.multibase', 'text', 'is not UTF-8');
      const once = normalise(text);
      return normalise(once) === once ? input : utf8Encode(once);
    },
  };
}
