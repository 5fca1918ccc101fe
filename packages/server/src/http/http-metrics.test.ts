import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { call, OWNER, testApp } from '../../test/http/http-world.js';
import { scriptedServices } from '../../test/http/scripted-services.js';
import { HttpMetrics } from './http-metrics.js';
import { type MetricsServer, startMetricsServer } from './metrics-server.js';

const BLOCK = `/api/v0/block/get?arg=zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo&owner=${OWNER}`;
let server: MetricsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function get(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test('requests, blocks and collections are counted by route, never by what a client chose', async () => {
  const metrics = new HttpMetrics();
  const app = testApp(scriptedServices({ blocks: { readBlock: async () => new Uint8Array(5) } }), { metrics });
  await call(app, BLOCK);
  await call(app, BLOCK);
  await call(app, '/api/v0/tell-tale?owner=tell-tale');
  await call(app, '/secret/tell-tale', { method: 'GET' });
  metrics.collected({ deleted: 3, deletedBytes: 5000, milliseconds: 1500, longestSliceMilliseconds: 4 });
  metrics.collected({ deleted: 0, deletedBytes: 0, milliseconds: 10, longestSliceMilliseconds: 2 });
  const text = await metrics.text();
  expect(text).toContain('pyrgos_http_requests_total{route="api/block/get",status="200"} 2');
  expect(text).toContain('pyrgos_http_requests_total{route="refused",status="404"} 1');
  expect(text).toContain('pyrgos_http_request_seconds_count{route="api/block/get"} 2');
  expect(text).toContain('pyrgos_blocks_total{operation="get"} 2');
  expect(text).toContain('pyrgos_http_requests_in_flight 0');
  expect(text).toContain('pyrgos_gc_runs_total 2');
  expect(text).toContain('pyrgos_gc_removed_blocks_total 3');
  expect(text).toContain('pyrgos_gc_removed_bytes_total 5000');
  expect(text).toContain('pyrgos_gc_seconds_sum 1.51');
  // Of the last run.
  expect(text).toContain('pyrgos_gc_longest_slice_seconds 0.002');
  expect(text).toMatch(/pyrgos_http_sent_bytes_total [1-9]/u);
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).not.toContain('tell-tale');
  expect(text).not.toContain(OWNER);
});

test('two sets of numbers do not disturb each other', async () => {
  const [first, second] = [new HttpMetrics(), new HttpMetrics()];
  first.blocks('put', 7);
  expect(await second.text()).not.toContain('operation="put"');
});

test('the endpoint answers GET /metrics by its own name, and nothing else', async () => {
  server = await startMetricsServer(new HttpMetrics(), { host: '127.0.0.1', port: 0 });
  const { port } = server;
  expect((await get(port, '/metrics')).text).toContain('pyrgos_http_requests_in_flight');
  expect((await get(port, '/metrics', { host: `localhost:${port}` })).status).toBe(200);
  expect((await get(port, '/metrics', { host: 'evil.example' })).status).toBe(404);
  expect((await get(port, '/metrics', { host: `evil.example:${port}` })).status).toBe(404);
  expect((await get(port, '/')).status).toBe(404);
  expect((await get(port, '/metrics', {}, 'POST')).status).toBe(405);
});

test('on a network address any name will do', async () => {
  server = await startMetricsServer(new HttpMetrics(), { host: '0.0.0.0', port: 0 });
  expect((await get(server.port, '/metrics', { host: 'prometheus-target:8001' })).status).toBe(200);
});
