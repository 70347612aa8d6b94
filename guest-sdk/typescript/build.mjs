// Builds the component of a project: types are checked, the modules bundled, the bundle put into an engine.
//
//   node build.mjs --project . --entry pipeline.ts --wit pipeline.wit --work .backfold --out clicks.wasm
import { appendFileSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { aliases, Failure, find, main, options, run, sdk } from './tools.mjs';
import { placesOf } from './places.mjs';

const ENGINES = ['quickjs', 'starlingmonkey'];

/** Checks the types of the entry and of what it imports, if the project is configured for that and the compiler installed. */
function checkTypes(project, entry, work) {
  const config = ['tsconfig.json', 'jsconfig.json'].find((name) => existsSync(join(project, name)));
  if (config === undefined || find(project, 'tsc') === undefined) return;
  // Tests are left to the editor: they need the types of Node, which a component has not.
  const checked = join(work, 'tsconfig.json');
  const compilerOptions = { noEmit: true, types: [], incremental: true, tsBuildInfoFile: join(work, 'types.tsbuildinfo') };
  const content = { extends: join(project, config), compilerOptions, files: [entry], include: [] };
  writeFileSync(checked, `${JSON.stringify(content, null, 2)}\n`);
  run(project, 'tsc', ['-p', checked, '--pretty', 'false'], 'typescript');
}

/** Bundles the entry with the SDK, and appends the table of the user's lines. */
function bundle(project, entry, engine, work) {
  const out = join(work, 'bundle.js');
  const args = [
    join(sdk, 'src/engine', `${engine}.ts`),
    '--bundle',
    '--format=esm',
    '--platform=neutral',
    '--main-fields=module,main',
    '--target=es2023',
    '--charset=utf8',
    '--sourcemap=external',
    '--log-level=warning',
    '--external:wasi:*',
    `--alias:@backfold/entry=${entry}`,
    ...aliases(),
    `--outfile=${out}`,
  ];
  try {
    run(project, 'esbuild', args);
  } catch (error) {
    if (!/No matching export .* for import "default"/.test(error.message)) throw error;
    throw new Failure(`${entry} has no pipeline as its default export: export default pipeline({ … })`);
  }
  const mapFile = `${out}.map`;
  const places = placesOf(JSON.parse(readFileSync(mapFile, 'utf8')), mapFile, project, sdk);
  appendFileSync(out, `globalThis.__backfoldPlaces = ${JSON.stringify(places)};\n`);
  return out;
}

/** Puts the bundle into QuickJS. Without `--sync` the component would need an asynchronous host. */
function forQuickJs(project, script, wit, work, out) {
  const world = join(work, 'wit');
  cpSync(join(sdk, 'wit'), world, { recursive: true });
  copyFileSync(wit, join(world, 'deps', 'backfold-pipeline.wit'));
  const args = ['--wit', world, '--world', 'guest', '--js', script, '--module-root', work, '--sync', '-o', out];
  run(project, 'componentize-qjs', args, 'componentize-qjs@0.4.5');
}

/** Puts the bundle into StarlingMonkey. jco after 1.30.0 fails with `os error 44`. */
function forStarlingMonkey(project, script, wit, out) {
  const args = ['componentize', script, '--wit', wit, '-n', 'replayable', '--disable', 'http', 'fetch-event', '-o', out];
  run(project, 'jco', args, '@bytecodealliance/jco@1.30.0');
}

main(() => {
  const given = options({
    project: { type: 'string', default: '.' },
    entry: { type: 'string' },
    wit: { type: 'string' },
    work: { type: 'string', default: '.backfold' },
    out: { type: 'string' },
    engine: { type: 'string', default: 'quickjs' },
    'no-types': { type: 'boolean', default: false },
  });
  for (const name of ['entry', 'wit', 'out']) if (given[name] === undefined) throw new Failure(`--${name} is missing`);
  if (!ENGINES.includes(given.engine)) throw new Failure(`engine = "${given.engine}" is none of ${ENGINES.join(', ')}`);
  const project = resolve(given.project);
  const [entry, work] = [resolve(project, given.entry), resolve(project, given.work)];
  const [wit, out] = [resolve(given.wit), resolve(given.out)];
  if (!existsSync(entry)) throw new Failure(`the entry ${given.entry} is not in ${project}`);
  rmSync(join(work, 'wit'), { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  if (!given['no-types']) checkTypes(project, entry, work);
  const script = bundle(project, entry, given.engine, work);
  if (given.engine === 'quickjs') forQuickJs(project, script, wit, work, out);
  else forStarlingMonkey(project, script, wit, out);
});
