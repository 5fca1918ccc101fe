/** The parts that {@link FileSystem} is made of, for programs that work with capabilities and not only with paths. */
export * from './content/index.js';
export * from './structure/index.js';
export * from './view/index.js';
