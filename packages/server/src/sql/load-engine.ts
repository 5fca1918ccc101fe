import { PyrgosError } from '@pyrgos/core/errors';
import { type LoadedEngine, type SqlEngine, sqlEngines } from './engine.js';
import { createNativeEngine } from './native-engine.js';
import { checkEngine } from './self-check.js';
import { createWasmEngine } from './wasm-engine.js';

/** Told about every binding that was tried and refused, and why. */
export type OnEngineRefused = (engine: SqlEngine, reason: string) => void;

/** How to get at a binding. */
export type EngineLoaders = ReadonlyMap<SqlEngine, () => Promise<LoadedEngine>>;

function requireObject(module: unknown): object {
  if (typeof module !== 'object' || module === null) throw new TypeError('is not a module');
  return module;
}

/** Imports `node:sqlite` without its notice on stderr that it is experimental: our self-check and contract tests speak for it. */
async function importNodeSqlite(): Promise<object> {
  const original: unknown = Reflect.get(process, 'emitWarning');
  const filtered = (...warning: readonly unknown[]): void => {
    if (warning[1] !== 'ExperimentalWarning' && typeof original === 'function') Reflect.apply(original, process, warning);
  };
  Reflect.set(process, 'emitWarning', filtered);
  try {
    // A variable, because the types of Node 20 do not have it.
    const specifier: string = 'node:sqlite';
    return requireObject(await import(specifier));
  } finally {
    Reflect.set(process, 'emitWarning', original);
  }
}

async function importWasm(): Promise<object> {
  const module = requireObject(await import('node-sqlite3-wasm'));
  return 'default' in module ? requireObject(module.default) : module;
}

const standardLoaders: EngineLoaders = new Map<SqlEngine, () => Promise<LoadedEngine>>([
  ['node:sqlite', async () => createNativeEngine('node:sqlite', await importNodeSqlite())],
  [
    '@photostructure/sqlite',
    async () => createNativeEngine('@photostructure/sqlite', requireObject(await import('@photostructure/sqlite'))),
  ],
  ['node-sqlite3-wasm', async () => createWasmEngine(await importWasm())],
]);

/** Makes a loader with a cache of its own: each binding is loaded and checked once. */
export function createEngineLoader(
  loaders: EngineLoaders,
): (engine: SqlEngine | undefined, onRefused?: OnEngineRefused) => Promise<LoadedEngine> {
  const cache = new Map<SqlEngine, Promise<LoadedEngine>>();

  async function loadAndCheck(name: SqlEngine): Promise<LoadedEngine> {
    const load = loaders.get(name);
    if (load === undefined) throw new Error('is unknown');
    const engine = await load();
    checkEngine(engine);
    return engine;
  }

  function load(name: SqlEngine): Promise<LoadedEngine> {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const loading = loadAndCheck(name);
    cache.set(name, loading);
    loading.catch(() => cache.delete(name));
    return loading;
  }

  return async (engine, onRefused) => {
    const candidates = engine === undefined ? sqlEngines : [engine];
    const reasons: string[] = [];
    for (const name of candidates) {
      try {
        return await load(name);
      } catch (error) {
        const reason = (error instanceof Error ? error.message : typeof error).split('\n', 1)[0] ?? '';
        reasons.push(`${name}: ${reason}`);
        onRefused?.(name, reason);
      }
    }
    throw new PyrgosError('storage', `No SQLite binding works on this machine. Install Pyrgos again with npm. (${reasons.join('; ')})`);
  };
}

/**
 * Loads the best binding that works here, or exactly `engine`. A binding that cannot be loaded or fails its self-check is refused and
 * the next one taken. PyrgosError `storage` when none is left.
 */
export const loadEngine: (engine: SqlEngine | undefined, onRefused?: OnEngineRefused) => Promise<LoadedEngine> =
  createEngineLoader(standardLoaders);
