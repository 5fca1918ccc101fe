import { cborMap, decodeCbor, encodeCbor, type CborValue } from '@pyrgos/core/codec';
import { equalBytes } from '@pyrgos/core/bytes';
import { seededRandom } from '@pyrgos/testkit/random';
import { measure, millisecondsEach, type Measurement } from './measure.js';

const CHILDREN = 500;
const REPEATS = 20;

/** The child list of a full directory chunk as chapter 04 sections 3.4 and 8 store it: 500 named relative capabilities. */
function directory(): CborValue {
  const random = seededRandom(500);
  return Array.from({ length: CHILDREN }, (_, i) =>
    cborMap([
      ['n', `Photo ${i} of the summer.jpg`],
      ['m', random.randomBytes(32)],
      ['a', cborMap([['s', random.randomBytes(32)]])],
      ['k', [1, random.randomBytes(32), false]],
      ['l', [random.randomBytes(24), random.randomBytes(53)]],
    ]),
  );
}

/** CBOR encode and decode of a directory block with 500 children. */
export async function benchCbor(): Promise<Measurement[]> {
  const value = directory();
  const bytes = encodeCbor(value);
  if (!equalBytes(encodeCbor(decodeCbor(bytes)), bytes)) throw new Error('the directory block does not round-trip');
  const repeat = (work: () => unknown) => (): void => {
    for (let i = 0; i < REPEATS; i++) work();
  };
  return measure('CBOR', 'ms', millisecondsEach(REPEATS), [
    { name: `encode ${CHILDREN} children`, run: repeat(() => encodeCbor(value)), target: 1 },
    { name: `decode ${CHILDREN} children`, run: repeat(() => decodeCbor(bytes)), target: 1 },
  ]);
}
