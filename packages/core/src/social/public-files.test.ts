import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { Inode, InodeCap } from '../model/inode.js';

/** The vectors of chapter 06 section 13.1; the formats themselves are of chapter 03, in `model`. */

const crypto = await loadCrypto();

test('the key of the root', () => {
  expect(toHex(Inode.root.encode())).toBe('a2616900616e60');
  expect(toHex(crypto.sha256(Inode.root.encode()))).toBe('114b98bb7e0eec5e34223028386349df9d250c5ab9ccac88bc71eb795113fe15');
});

test('a child without a capability', () => {
  const child = InodeCap.of(Inode.of(1, 'alice'));
  expect(toHex(child.encode())).toBe('a16169a2616901616e65616c696365');
  expect(InodeCap.decode(fromHex('a16169a2616901616e65616c696365')).equals(child)).toBe(true);
});
