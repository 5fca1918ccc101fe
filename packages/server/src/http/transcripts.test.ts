import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCid } from '@pyrgos/core/codec';
import { type Exchange, replay } from '../../test/http/replay.js';

interface Recorded {
  readonly operation?: string;
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string | { readonly length: number };
  readonly status: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string | { readonly length: number };
}

function recordings(file: string): Recorded[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded);
}

/** The exchange, or undefined when the recorder left a body out because of its size. */
function exchangeOf({ requestBody, responseBody, ...rest }: Recorded): Exchange | undefined {
  if (typeof requestBody !== 'string' || typeof responseBody !== 'string') return undefined;
  return {
    ...rest,
    requestBody: Uint8Array.from(Buffer.from(requestBody, 'base64')),
    responseBody: Uint8Array.from(Buffer.from(responseBody, 'base64')),
  };
}

/** The id of the server that was recorded. */
function serverIds(all: readonly Recorded[]): readonly string[] {
  const ids = all.find(({ path }) => path === '/api/v0/ids')?.responseBody;
  return typeof ids === 'string' ? (JSON.parse(Buffer.from(ids, 'base64').toString()) as { IDS: string[] }).IDS : [];
}

const selection = recordings(join(import.meta.dirname, '../../../../vectors/02/transcripts/selection.jsonl'));

describe('recorded exchanges are understood and answered with the same bytes', () => {
  const script = (all: readonly Recorded[]) => {
    const ids = serverIds(all).map(parseCid);
    return ids.length === 0 ? {} : { ids: { all: ids, current: ids.at(-1)! } };
  };

  test.each(
    selection.map(
      (recorded) => [`${recorded.operation} ${recorded.n}: ${recorded.path.split('?')[0]} ${recorded.status}`, recorded] as const,
    ),
  )('%s', async (_, recorded) => {
    await replay(exchangeOf(recorded)!, script(selection));
  });

  const folder = process.env['PYRGOS_TRANSCRIPTS'];
  test.skipIf(folder === undefined)('complete recordings (needs PYRGOS_TRANSCRIPTS, a folder of *.jsonl)', async () => {
    const files = readdirSync(folder!).filter((name) => name.endsWith('.jsonl'));
    let played = 0;
    for (const file of files) {
      const all = recordings(join(folder!, file));
      for (const recorded of all) {
        const exchange = exchangeOf(recorded);
        if (exchange === undefined) continue;
        await replay(exchange, script(all));
        played++;
      }
    }
    expect(played).toBeGreaterThan(files.length);
  });
});
