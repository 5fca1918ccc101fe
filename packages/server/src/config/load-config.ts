import { dataDirectoryError } from './system-error.js';
import { systemCode } from '../system-reason.js';
import { initialConfigFile } from './config-file.js';
import { prepareDataDirectory } from './data-directory.js';
import { type LoadedConfig, parseConfig } from './parse-config.js';
import { writePrivateFile } from './private-file.js';
import { configFilePath, readConfigSources, type SourceLocations } from './read-sources.js';
import { stat } from 'node:fs/promises';

/**
 * Makes the data directory and its configuration file if they are missing, and loads the configuration. PyrgosError `storage` for the directory,
 * ConfigError with all problems for the configuration.
 */
export async function loadConfig(locations: SourceLocations): Promise<LoadedConfig> {
  const { dataDirectory } = locations;
  const notices = await prepareDataDirectory(dataDirectory);
  await writeInitialFile(dataDirectory);
  const sources = readConfigSources(locations);
  return parseConfig({ ...sources, notices: [...notices, ...sources.notices] });
}

async function writeInitialFile(dataDirectory: string): Promise<void> {
  const path = configFilePath(dataDirectory);
  try {
    await stat(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw dataDirectoryError(dataDirectory, error);
    try {
      await writePrivateFile(path, initialConfigFile);
    } catch (failure) {
      throw dataDirectoryError(dataDirectory, failure);
    }
  }
}
