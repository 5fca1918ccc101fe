import { expect, test } from 'vitest';
import { looksLikeSecretLink, withoutLinkSecrets } from './secret-text.js';

const place = 'localhost:9302/secret/z59vuwzfFDp18GMLYDkGM2GvaZjCnpbZVzfJpNQ9YuQn1sUNmG6tYq8/4256530998';

test('what stands behind the # of a link is not told, however the link was written', () => {
  for (const start of [`http://${place}`, `HTTPS://${place}`, ` http:/${place}`, `xhttp://${place}`, place, `/ada/http:/${place}`]) {
    for (const hash of ['#', '%23']) {
      const link = `${start}${hash}ESgLlMgEDr6o`;
      expect(looksLikeSecretLink(link), link).toBe(true);
      expect(withoutLinkSecrets(`there is nothing at '${link}' here`)).toBe(`there is nothing at '${start}${hash}…' here`);
    }
  }
  expect(withoutLinkSecrets('https://a.example/#%7B"secretLink":true%7D')).toBe('https://a.example/#…');
});

test('paths with a # stay as they are', () => {
  for (const path of ['/ada/notes #1.txt', '/ada/secret/plan#2', 'C#/main.cs', 'https://a.example/secret/x', 'a#b'])
    expect([looksLikeSecretLink(path), withoutLinkSecrets(path)]).toEqual([false, path]);
});
