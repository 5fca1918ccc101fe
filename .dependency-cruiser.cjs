// The walls of the house (docs/architecture.md), checked in CI. Packages may import only in the direction
//   core <- client <- web     core <- server     core, client, server <- cli     everything <- testkit (tests only)
// and inside core: codec <- crypto <- keys <- store <- containers <- model <- accounts <- social <- api.

const tests = '\\.(test|bench)\\.ts$|^bench/|^fuzz/';

/** `from` may not import anything of packages/ except itself and the allowed ones. */
const onlyPackages = (name, allowed) => ({
  name: `${name}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  comment: `packages/${name} may import only: ${['itself', ...allowed].join(', ')}`,
  from: { path: `^packages/${name}/src/`, pathNot: tests },
  to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
});

/** Layers of core, lowest first. A layer may import lower layers only. */
const coreLayers = ['codec', 'crypto', 'keys', 'store', 'containers', 'model', 'accounts', 'social', 'api'];
const layerRules = coreLayers.map((layer, index) => ({
  name: `core-${layer}-imports-only-lower-layers`,
  severity: 'error',
  comment: `core/${layer} may import only: ${coreLayers.slice(0, index + 1).join(', ')} and the files beside them`,
  from: { path: `^packages/core/src/${layer}/`, pathNot: tests },
  to: { path: `^packages/core/src/(${coreLayers.slice(index + 1).join('|') || 'none'})/` },
}));

module.exports = {
  forbidden: [
    onlyPackages('core', []),
    onlyPackages('client', ['core']),
    onlyPackages('server', ['core']),
    onlyPackages('web', ['core', 'client']),
    onlyPackages('cli', ['core', 'client', 'server']),
    onlyPackages('testkit', ['core', 'client', 'server']),
    ...layerRules,
    {
      name: 'server-sql-and-ports-know-no-area',
      severity: 'error',
      comment: 'what all areas of the server share may not depend on one of them',
      from: { path: '^packages/server/src/(sql|ports)/', pathNot: tests },
      to: {
        path: '^packages/server/src/(accounts|admin|backup|bats|blocks|config|gc|http|identity|links|messages|operator|pki|social|space)/',
      },
    },
    {
      name: 'core-foundation-imports-no-layer',
      severity: 'error',
      comment: 'errors, bytes and limits stand below every layer',
      from: { path: '^packages/core/src/[^/]+\\.ts$', pathNot: tests },
      to: { path: '^packages/core/src/[^/]+/' },
    },
    {
      name: 'no-node-modules-of-node-in-isomorphic-code',
      severity: 'error',
      comment: 'core and client run in browsers: node: imports belong in *.node.ts',
      from: { path: '^packages/(core|client|web)/src/', pathNot: `\\.node\\.(test\\.)?ts$` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'model-knows-no-network',
      severity: 'error',
      comment: 'the pure formats never reach a socket or a disk',
      from: { path: '^packages/core/src/(codec|keys|store|containers|model|accounts|social|api)/', pathNot: tests },
      to: { path: '^(node:)?(net|tls|http|https|http2|dgram|fs|fs/promises|undici)$' },
    },
    {
      name: 'testkit-in-tests-only',
      severity: 'error',
      comment: 'product code never imports test tools',
      from: { path: '^packages/(core|client|server|web|cli)/src/', pathNot: tests },
      to: { path: '^packages/testkit/|^node_modules/(vitest|fast-check|cborg|multiformats)/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'not-to-unlisted-package',
      severity: 'error',
      comment: 'a package that is not in package.json works by hoisting only',
      from: { path: '^packages/', pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'dist'] },
    exclude: { path: ['/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@pyrgos/source', 'node', 'import', 'types', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.css'],
    },
  },
};
