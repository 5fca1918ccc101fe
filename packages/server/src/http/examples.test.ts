import { test } from 'vitest';
import { fromHex } from '@pyrgos/core/bytes';
import { replay } from '../../test/http/replay.js';
import v from '../../../../vectors/02/exchanges.json' with { type: 'json' };

test.each(v.valid.map((vector) => [vector.name, vector] as const))('section example: %s', async (_, vector) => {
  const exchange = {
    method: vector.method,
    path: vector.path,
    requestBody: fromHex('body' in vector ? (vector.body ?? '') : ''),
    status: vector.status,
    responseHeaders: Object.fromEntries(Object.entries(vector.headers ?? {}).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >,
    responseBody: fromHex(vector.reply),
  };
  await replay(exchange);
});
