// Runs the unit tests of a project under Node: each `*.test.ts` or `*.test.js`, in the project's folder and in `tests`.
//
//   node test.mjs [--project .]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { aliases, Failure, main, options, run } from './tools.mjs';

function testsIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => /\.test\.[jt]s$/.test(name)).map((name) => join(folder, name));
}

main(() => {
  const given = options({ project: { type: 'string', default: '.' } });
  const project = resolve(given.project);
  const tests = [...testsIn(project), ...testsIn(join(project, 'tests'))];
  if (tests.length === 0) throw new Failure(`there is no *.test.ts or *.test.js in ${project} or in its folder tests`);
  // Within the project, so that bundles find its packages.
  const out = mkdtempSync(join(project, '.backfold-test-'));
  try {
    const bundling = ['--bundle', '--format=esm', '--platform=node', '--packages=external', '--target=node20'];
    const mapping = ['--sourcemap=inline', '--out-extension:.js=.mjs', '--log-level=warning', `--outdir=${out}`];
    run(project, 'esbuild', [...tests, ...bundling, ...mapping, ...aliases()]);
    const bundles = readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.test.mjs'));
    const ran = bundles.map((name) => join(out, name));
    const node = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...ran], { cwd: project, stdio: 'inherit' });
    process.exitCode = node.status ?? 1;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
