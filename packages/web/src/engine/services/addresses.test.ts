import { expect, test } from 'vitest';
import { addressForOthers } from './addresses.js';

test('an address begins as the page does, unless only this machine finds that', () => {
  expect(addressForOthers('https://files.example', 'https://other.example/secret/z/1#p', 'secret/z/1#p')).toBe(
    'https://files.example/secret/z/1#p',
  );
  expect(addressForOthers('http://192.168.1.9:8000', undefined, 'secret/z/1#p')).toBe('http://192.168.1.9:8000/secret/z/1#p');
  expect(addressForOthers('http://localhost:8000', 'https://files.example/secret/z/1#p', 'secret/z/1#p')).toBe(
    'https://files.example/secret/z/1#p',
  );
  expect(addressForOthers('http://127.0.0.1:8000', 'http://localhost:8000/secret/z/1#p', 'secret/z/1#p')).toBe(
    'http://127.0.0.1:8000/secret/z/1#p',
  );
  expect(addressForOthers('http://[::1]:8000', undefined, 'public/ada/a.txt')).toBe('http://[::1]:8000/public/ada/a.txt');
});
