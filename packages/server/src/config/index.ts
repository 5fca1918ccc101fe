export { dataPaths, locateDataDirectory, prepareDataDirectory } from './data-directory.js';
export { DataDirectoryLock, DirectoryInUseError } from './data-directory-lock.js';
export { explainConfig, type ExplainedOption } from './explain-config.js';
export { loadConfig } from './load-config.js';
export { formatByteCount, type Option, OptionProblem, parseByteCount } from './option.js';
export { options, unusedOptions } from './options.js';
export { type LoadedConfig, parseConfig, variableOf } from './parse-config.js';
export { readConfigSources, type SourceLocations } from './read-sources.js';
export type { ServerConfig, ServerOptions } from './server-config.js';
