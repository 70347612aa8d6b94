// What build.mjs and test.mjs share: options, and programs of the project or of the PATH.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The folder of the SDK. */
export const sdk = dirname(fileURLToPath(import.meta.url));

/** A fault of the user's, to be shown without a stack. */
export class Failure extends Error {}

/** The options of the command line; unknown ones are a Failure. */
export function options(declared) {
  try {
    return parseArgs({ options: declared, allowPositionals: false }).values;
  } catch (error) {
    throw new Failure(error.message);
  }
}

/** The folders in which programs are searched: `node_modules/.bin` from the project upwards, then the PATH. */
function folders(project) {
  const found = [];
  for (let folder = resolve(project); ; folder = dirname(folder)) {
    found.push(join(folder, 'node_modules', '.bin'));
    if (folder === dirname(folder)) break;
  }
  return [...found, ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)];
}

/** The path of a program; undefined if there is none. */
export function find(project, name) {
  const names = process.platform === 'win32' ? [`${name}.cmd`, `${name}.exe`] : [name];
  return folders(project)
    .flatMap((folder) => names.map((file) => join(folder, file)))
    .find((path) => existsSync(path));
}

/** Runs a program of the project in its folder; what it says is shown if it fails. */
export function run(project, name, args, install = name) {
  const path = find(project, name);
  if (path === undefined) throw new Failure(`${name} is missing: npm install --save-dev ${install}`);
  const shell = process.platform === 'win32';
  const done = spawnSync(path, args, { cwd: project, encoding: 'utf8', shell, maxBuffer: 1 << 26 });
  if (done.error) throw new Failure(`${name} does not start: ${done.error.message}`);
  if (done.status !== 0) throw new Failure(`${name} failed:\n${`${done.stdout}${done.stderr}`.trim()}`);
  return done.stdout;
}

/** The arguments with which esbuild resolves the SDK from a project that has not installed it. */
export function aliases() {
  return [
    `--alias:@backfold/guest/testing=${join(sdk, 'src/testing/index.ts')}`,
    `--alias:@backfold/guest=${join(sdk, 'src/index.ts')}`,
  ];
}

/** Runs the command; a Failure is shown as one message. */
export async function main(command) {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}
