import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Answer, call, testApp } from '../../../test/http/http-world.js';
import { scriptedServices } from '../../../test/http/scripted-services.js';
import { landingPages } from './landing-pages.js';

const ask = async (path: string): Promise<Answer> => call(testApp(scriptedServices()), path, { method: 'GET' });
const pages = [...landingPages].filter(([path]) => path.endsWith('.html'));

describe.each(pages)('%s', (_, html) => {
  test('has no script, no form and no style of its own, which the policy would forbid', () => {
    expect(html).not.toMatch(/<script|<form|<input|<style|\sstyle=|\son\w+=|javascript:/iu);
  });

  test('says its language, its title and its structure', () => {
    expect(html).toMatch(/^<!DOCTYPE html>\n<html lang="en">/u);
    expect(html).toMatch(/<title>[^<]+<\/title>/u);
    expect(html.match(/<h1>/gu)?.length).toBe(1);
    expect(html.match(/<main>/gu)?.length).toBe(1);
    expect(html).toContain('name="viewport"');
    // Headings go down one level at a time.
    expect([...html.matchAll(/<h(\d)>/gu)].map(([, level]) => Number(level))).toEqual([
      1,
      ...Array.from({ length: html.split('<h2>').length - 1 }, () => 2),
    ]);
  });

  test('every element is closed', () => {
    const open: string[] = [];
    for (const [, closing, name] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/gu)) {
      if (['meta', 'link'].includes(name!)) continue;
      if (closing === '') open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test('uses only files that are there', async () => {
    for (const [, path] of html.matchAll(/(?:href|src)="(\/[^"]*)"/gu)) expect((await ask(path!)).status).toBe(200);
  });
});

test('both themes have enough contrast', () => {
  const luminance = (hex: string): number => {
    const [r, g, b] = [1, 3, 5]
      .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const contrast = (a: string, b: string): number => {
    const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
    return (light! + 0.05) / (dark! + 0.05);
  };
  const style = landingPages.get('landing.css')!;
  const values = (name: string): string[] => [...style.matchAll(new RegExp(`--${name}: (#[0-9a-f]{6})`, 'gu'))].map(([, value]) => value!);
  for (const theme of [0, 1]) {
    for (const ink of ['ink', 'quiet', 'accent']) {
      for (const ground of ['paper', 'card']) {
        expect(contrast(values(ink)[theme]!, values(ground)[theme]!)).toBeGreaterThan(5);
      }
    }
  }
});

test('the pages are served where the web app would be', async () => {
  expect(gunzipSync((await ask('/?signup=true&token=abc')).body).toString()).toContain('sign-up link');
  expect(gunzipSync((await ask('/secret/z59/1')).body).toString()).toContain('secret link');
  expect((await ask('/landing.css')).headers.get('content-type')).toBe('text/css');
  expect((await ask('/favicon.svg')).headers.get('content-type')).toBe('image/svg+xml');
  expect((await ask('/other')).status).toBe(404);
  expect((await ask('/toString')).status).toBe(404);
});
