// SPDX-License-Identifier: GPL-2.0-only
/** The static agent, compiled on first use into the cache. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { TargetError } from '../../harness/target/executor.js';
import { cacheDir } from './cache.js';

const run = promisify(execFile);

/** Architectures the agent is built for, as uname names them. */
export type AgentArch = 'x86_64' | 'aarch64';

/** A compiler and the Debian packages that bring it and the static libc it links. */
interface Compiler {
  command: string;
  packages: string;
}

const NATIVE: Compiler = { command: 'gcc', packages: 'gcc libc6-dev' };
const CROSS: Record<AgentArch, Compiler> = {
  x86_64: { command: 'x86_64-linux-gnu-gcc', packages: 'gcc-x86-64-linux-gnu libc6-dev-amd64-cross' },
  aarch64: { command: 'aarch64-linux-gnu-gcc', packages: 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross' },
};
const NODE_ARCH: Partial<Record<string, AgentArch>> = { x64: 'x86_64', arm64: 'aarch64' };

/** This machine's architecture, or undefined where the agent has not been ported to it. */
export function machineArch(): AgentArch | undefined {
  return NODE_ARCH[process.arch];
}

/** The compiler for `arch` on this machine and what to install when it is missing. */
export function agentCompiler(arch: AgentArch): Compiler {
  return machineArch() === arch ? NATIVE : CROSS[arch];
}

/** kernels/agent, from the sources as well as from dist, which does not contain C files. */
async function sourceDirectory(): Promise<string> {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const candidate = join(dir, 'kernels', 'agent');
    const found = await access(join(candidate, 'main.c')).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
    if (dir === dirname(dir)) {
      throw new TargetError('Expected the agent sources in kernels/agent, found no kernels/agent/main.c');
    }
  }
}

async function compilerVersion({ command, packages }: Compiler): Promise<string> {
  try {
    const { stdout } = await run(command, ['--version']);
    return stdout;
  } catch (cause) {
    throw new TargetError(
      `Expected a C compiler \`${command}\` to build the agent, found none: apt install ${packages}`,
      'fatal',
      { cause },
    );
  }
}

async function contentHash(directory: string, version: string): Promise<string> {
  const hash = createHash('sha256').update(version);
  const names = (await readdir(directory)).filter((name) => /\.[ch]$|^Makefile$/.test(name)).sort();
  for (const name of names) hash.update(`\0${name}\0`).update(await readFile(join(directory, name)));
  return hash.digest('hex').slice(0, 32);
}

async function compile(directory: string, outputDir: string, arch: AgentArch): Promise<void> {
  const { command, packages } = agentCompiler(arch);
  try {
    await run('make', ['-C', directory, arch, `O=${outputDir}`, `CC_${arch}=${command}`]);
  } catch (cause) {
    const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new TargetError(
      `Could not build the agent; it needs make, ${command} and a static libc (apt install make ${packages}):\n` +
        (stderr || String(cause)),
      'fatal',
      { cause },
    );
  }
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/**
 * The agent for an architecture, from the cache when the same sources were built by the same compiler before.
 * Builders may run at the same time: each compiles apart and renames its result into place.
 *
 * @returns path of the static executable and the SHA-256 of its bytes, in hex.
 * @throws TargetError (fatal) when the compiler or its static libc is missing; names the packages.
 */
export async function buildAgent(arch: AgentArch): Promise<{ path: string; sha256: string }> {
  const compiler = agentCompiler(arch);
  const [directory, version] = [await sourceDirectory(), await compilerVersion(compiler)];
  const target = cacheDir('agent', await contentHash(directory, version));
  const path = join(target, `agent-${arch}`);
  try {
    return { path, sha256: await sha256(path) };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  await mkdir(target, { recursive: true });
  const scratch = await mkdtemp(join(target, 'build-'));
  try {
    await compile(directory, scratch, arch);
    await rename(join(scratch, `agent-${arch}`), path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { path, sha256: await sha256(path) };
}
