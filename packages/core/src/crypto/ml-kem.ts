import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { concatBytes, copyBytes } from '../bytes.js';
import { ArgumentError } from '../errors.js';
import type { CryptoEngine } from './engine.js';

/** ML-KEM-1024 of every back end: no engine of Node 20 or of browsers takes the expanded 3168-byte key of the wire. */
export const mlKemEngine: Pick<CryptoEngine, 'mlKemKeyPair' | 'mlKemEncapsulate' | 'mlKemDecapsulate'> = {
  mlKemKeyPair: (d, z) => {
    const { publicKey, secretKey } = ml_kem1024.keygen(concatBytes(d, z));
    return { publicKey, secretKey };
  },
  mlKemEncapsulate: (publicKey, m) => {
    try {
      const { cipherText, sharedSecret } = ml_kem1024.encapsulate(publicKey, m);
      // The library's secret is a window into a buffer that also holds the encryption randomness.
      return { ciphertext: cipherText, sharedSecret: copyBytes(sharedSecret) };
    } catch {
      // FIPS 203 section 7.2: an encapsulation key with coefficients outside the field is refused.
      throw new ArgumentError('publicKey', 'is no valid ML-KEM-1024 encapsulation key');
    }
  },
  mlKemDecapsulate: (ciphertext, secretKey) => {
    try {
      return copyBytes(ml_kem1024.decapsulate(ciphertext, secretKey));
    } catch {
      // FIPS 203 section 7.3: the hash inside the expanded key must match its public part.
      throw new ArgumentError('secretKey', 'is no consistent ML-KEM-1024 decapsulation key');
    }
  },
};
