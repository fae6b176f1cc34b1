// SPDX-License-Identifier: GPL-2.0-only
/** Before any test: the compiled package, which tests of the command line start, is that of the sources. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../kernels/build/root.js';

const SOURCES = ['harness', 'kernels', 'bench'];

function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether a source is newer than the last compilation. */
function isStale(): boolean {
  const compiled = changed(packagePath('dist', '.tsbuildinfo'));
  return SOURCES.some((dir) =>
    readdirSync(packagePath(dir), { recursive: true, withFileTypes: true }).some(
      ({ name, parentPath }) =>
        name.endsWith('.ts') &&
        !/\.test(-helper)?\.ts$/.test(name) &&
        changed(join(parentPath, name)) > compiled,
    ),
  );
}

export function setup(): void {
  if (!isStale()) return;
  const tsc = packagePath('node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', packagePath('tsconfig.json')]);
  if (status !== 0) throw new Error(`expected the sources to compile:\n${stdout.toString()}`);
}
