// Lets a child process of a test run TypeScript from the sources: node --import <this file> --conditions=@pyrgos/source script.ts
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
