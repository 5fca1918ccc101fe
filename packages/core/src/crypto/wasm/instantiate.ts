import { CryptoError } from '../../errors.js';

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Compiles and starts a module that imports nothing. CryptoError `crypto.unavailable` when the engine has no WebAssembly
 * or no SIMD, or when the page's content security policy forbids compiling (it needs 'wasm-unsafe-eval').
 */
export async function instantiate(base64: string): Promise<WebAssembly.Exports> {
  if (typeof WebAssembly !== 'object') throw new CryptoError('crypto.unavailable', 'this JavaScript engine has no WebAssembly');
  try {
    const { instance } = await WebAssembly.instantiate(bytesOf(base64));
    return instance.exports;
  } catch (error) {
    throw new CryptoError(
      'crypto.unavailable',
      'the WebAssembly kernels cannot be compiled: the engine lacks SIMD, or the content security policy lacks wasm-unsafe-eval',
      {},
      error,
    );
  }
}
