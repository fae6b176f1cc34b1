// SPDX-License-Identifier: GPL-2.0-only
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from './cache.js';
import { verifyConfig } from './config.js';
import { runLogged } from './logged.js';
import type { Machine } from './machine.js';
import type { OnProgress } from './progress.js';
import { findCommand, kernelCompiler } from './tools.js';

/** A fragment or patch: its name in the recipe and its contents. */
export interface NamedText {
  name: string;
  text: string;
}

const OBJECT = /^ {2}(?:CC|AS|LD|AR) /;

/** Everything in a kernel's banner and in ccache's keys that would differ between machines and days. */
function environment(): Record<string, string> {
  return {
    KBUILD_BUILD_TIMESTAMP: '2026-01-01',
    KBUILD_BUILD_USER: 'gmemcheck',
    KBUILD_BUILD_HOST: 'gmemcheck',
    KBUILD_BUILD_VERSION: '1',
    CCACHE_NOHASHDIR: '1',
    CCACHE_BASEDIR: cacheDir(),
  };
}

/**
 * Configure and compile a kernel outside its source tree: tinyconfig, plus the fragments, checked.
 *
 * @param tree the unpacked source.
 * @param output directory for objects (O=); created.
 * @returns paths of the image and the configuration, the kernel release, and the number of objects made.
 * @throws ConfigError when the fragments do not fit this kernel; TargetError when it does not compile.
 */
export async function compileKernel(
  machine: Machine,
  tree: string,
  output: string,
  fragments: readonly NamedText[],
  onProgress: OnProgress,
): Promise<{ image: string; config: string; release: string; objects: number }> {
  await mkdir(output, { recursive: true });
  const log = join(output, 'build.log');
  const compiler = kernelCompiler(machine);
  const variables = [
    `ARCH=${machine.kernel.arch}`,
    `CROSS_COMPILE=${compiler.replace(/gcc$/, '')}`,
    `CC=${findCommand('ccache') === undefined ? '' : 'ccache '}${compiler}`,
    `O=${output}`,
  ];
  const env = environment();
  const make = (args: string[], onLine?: (line: string) => void): Promise<void> =>
    runLogged('make', [...variables, ...args], { cwd: tree, env, log, ...(onLine ? { onLine } : {}) });

  onProgress({ phase: 'configuring' });
  const files = await Promise.all(
    fragments.map(async ({ name, text }) => {
      const file = join(output, `${name}.fragment`);
      await writeFile(file, text);
      return file;
    }),
  );
  const config = join(output, '.config');
  await make(['-s', 'tinyconfig']);
  await runLogged('scripts/kconfig/merge_config.sh', ['-m', '-O', output, config, ...files], {
    cwd: tree,
    env: { ...env, ARCH: machine.kernel.arch },
    log,
  });
  await make(['-s', 'olddefconfig']);
  verifyConfig(fragments, await readFile(config, 'utf8'));

  let objects = 0;
  onProgress({ phase: 'compiling', objects });
  await make([`-j${availableParallelism()}`, machine.kernel.target], (line) => {
    if (OBJECT.test(line)) onProgress({ phase: 'compiling', objects: ++objects });
  });
  const release = (await readFile(join(output, 'include/config/kernel.release'), 'utf8')).trim();
  return { image: join(output, machine.kernel.image), config, release, objects };
}
