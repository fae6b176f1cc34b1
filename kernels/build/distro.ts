// SPDX-License-Identifier: GPL-2.0-only
/** Kernels as Debian packages them: an image, its configuration, and the modules that a guest loads. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { PrivateApt } from './apt.js';
import { BUILD_RECORD, BUILT_CONFIG, MODULES, readBuild } from './built.js';
import type { BuildRecord, BuiltKernel } from './built.js';
import { cacheDir } from './cache.js';
import { withLock } from './lock.js';
import type { GuestArch } from './machine.js';
import { moduleFiles } from './modules.js';
import type { OnProgress } from './progress.js';
import type { DistroSource, Recipe } from './recipe-format.js';
import { runTool } from './run-tool.js';
import { hashFile } from './source-tarball.js';

const WHY = 'a kernel of kind distro';
const DEBIAN_ARCH: Readonly<Record<GuestArch, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** The kernel package a name stood for when it was last looked up. */
interface Remembered {
  version: string;
  /** Names of the packages to unpack, all of this version. */
  packages: string[];
}

function rememberedFile(source: DistroSource, arch: GuestArch): string {
  return cacheDir('sources', `distro_${source.packages[arch] ?? ''}_${source.suite}_${arch}.json`);
}

async function remembered(source: DistroSource, arch: GuestArch): Promise<Remembered | undefined> {
  try {
    const text = await readFile(rememberedFile(source, arch), 'utf8');
    const { version, packages } = JSON.parse(text) as Remembered;
    return { version, packages };
  } catch {
    return undefined;
  }
}

/** Other parts of the same kernel that a package depends on: linux-… of exactly its version. */
export function sameKernel(depends: string, version: string): string[] {
  return depends.split(',').flatMap((each) => {
    const [, name, of] = /^\s*(linux-[a-z0-9.+~-]+) \(= ([^)]+)\)\s*$/.exec(each) ?? [];
    return name !== undefined && of === version ? [name] : [];
  });
}

async function resolve(source: DistroSource, arch: GuestArch, onProgress: OnProgress): Promise<Remembered> {
  const wanted = source.packages[arch] ?? '';
  onProgress({ phase: `looking up ${wanted} in ${source.suite}` });
  const apt = await PrivateApt.open(source.suite, DEBIAN_ARCH[arch]);
  await apt.update();
  const version = await apt.version(wanted);
  const packages = [wanted];
  for (const name of packages) {
    const depends = await apt.field(name, 'Depends');
    packages.push(...sameKernel(depends, version).filter((each) => !packages.includes(each)));
  }
  const file = rememberedFile(source, arch);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ version, packages, resolved: new Date().toISOString() }) + '\n');
  return { version, packages };
}

function place(
  recipe: Recipe,
  source: DistroSource,
  arch: GuestArch,
  found: Remembered,
): { hash: string; directory: string } {
  const inputs = JSON.stringify({
    format: 1,
    arch,
    suite: source.suite,
    load: source.load ?? null,
    ...found,
  });
  const hash = createHash('sha256').update(inputs).digest('hex').slice(0, 24);
  return { hash, directory: cacheDir('kernels', `${recipe.name}-${arch}-${hash}`) };
}

/** The only entry of a directory that a pattern fits. */
async function only(directory: string, pattern: RegExp): Promise<string | undefined> {
  const [name] = (await readdir(directory).catch((): string[] => [])).filter((each) => pattern.test(each));
  return name === undefined ? undefined : join(directory, name);
}

/** What there is of a kernel in its unpacked packages. */
interface Parts {
  image: string;
  config: string | undefined;
  release: string;
}

/**
 * Find a kernel below `root`: everything in /usr/lib/modules/RELEASE (Debian from 7.2 on), or image and
 * configuration in /boot. Afterwards its modules are in /lib/modules, where depmod looks for them.
 */
export async function findParts(root: string): Promise<Parts | undefined> {
  const merged = join(root, 'usr/lib/modules');
  if (existsSync(merged)) {
    await mkdir(join(root, 'lib'), { recursive: true });
    await rename(merged, join(root, 'lib/modules'));
  }
  const modules = await only(join(root, 'lib/modules'), /./);
  const together = modules === undefined ? undefined : await only(modules, /^vmlinuz$/);
  const image = together ?? (await only(join(root, 'boot'), /^vmlinuz-/));
  if (image === undefined) return undefined;
  const release = basename(together === undefined ? image.replace(/^.*vmlinuz-/, '') : dirname(together));
  const config =
    together === undefined
      ? await only(join(root, 'boot'), /^config-/)
      : await only(dirname(together), /^config$/);
  return { image, config, release };
}

async function unpackAll(
  source: DistroSource,
  arch: GuestArch,
  found: Remembered,
  root: string,
  onProgress: OnProgress,
): Promise<Parts> {
  const apt = await PrivateApt.open(source.suite, DEBIAN_ARCH[arch]);
  for (const name of found.packages) {
    onProgress({ phase: `fetching ${name} ${found.version}` });
    const deb = await apt.download(name, found.version, dirname(root));
    await runTool('dpkg', ['-x', deb, root], WHY);
    await rm(deb);
  }
  const parts = await findParts(root);
  if (parts) return parts;
  throw new TargetError(`expected ${found.packages.join(', ')} to bring a vmlinuz, found none`);
}

/** Make modules.dep, which a package's installation does. @returns the modules to load. */
async function modulesOf(
  root: string,
  release: string,
  arch: GuestArch,
  load?: readonly string[],
): Promise<string[]> {
  const directory = join(root, 'lib/modules', release);
  if (!existsSync(join(directory, 'kernel'))) return [];
  await runTool('depmod', ['-b', root, release], WHY);
  return moduleFiles(directory, arch, load);
}

async function publish(
  recipe: Recipe,
  source: DistroSource,
  arch: GuestArch,
  found: Remembered,
  onProgress: OnProgress,
) {
  const began = performance.now();
  const { hash, directory } = place(recipe, source, arch, found);
  await mkdir(dirname(directory), { recursive: true });
  const scratch = await mkdtemp(`${cacheDir('kernels')}/.new-`);
  try {
    const root = join(scratch, 'root');
    const result = join(scratch, 'result');
    await mkdir(join(result, MODULES), { recursive: true });
    await mkdir(root);
    const parts = await unpackAll(source, arch, found, root, onProgress);
    const modules = await modulesOf(root, parts.release, arch, source.load);
    const names = modules.map((file, index) => `${String(index).padStart(2, '0')}-${basename(file)}`);
    await Promise.all(
      modules.map((file, index) => copyFile(file, join(result, MODULES, names[index] ?? ''))),
    );
    const image = basename(parts.image);
    await copyFile(parts.image, join(result, image));
    if (parts.config !== undefined) await copyFile(parts.config, join(result, BUILT_CONFIG));
    const record: BuildRecord = {
      name: recipe.name,
      arch,
      version: found.version,
      release: parts.release,
      hash,
      image,
      imageSha256: await hashFile(parts.image),
      ...(parts.config === undefined ? {} : { configSha256: await hashFile(parts.config) }),
      modules: names,
      tools: [],
      objects: 0,
      seconds: Math.round((performance.now() - began) / 1000),
    };
    await writeFile(join(result, BUILD_RECORD), JSON.stringify(record, undefined, 2) + '\n');
    await rm(directory, { recursive: true, force: true });
    await rename(result, directory);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Look in the cache only. @returns undefined when it was not fetched yet. */
export async function findDistro(
  recipe: Recipe,
  source: DistroSource,
  arch: GuestArch,
): Promise<BuiltKernel | undefined> {
  const found = await remembered(source, arch);
  return found && readBuild(place(recipe, source, arch, found).directory);
}

/**
 * Fetch and unpack a packaged kernel, or take it from the cache.
 *
 * @param refresh look for a newer version.
 * @throws TargetError when the mirror cannot be reached or has no such package, or dpkg or depmod is missing.
 */
export async function fetchDistro(
  recipe: Recipe,
  source: DistroSource,
  arch: GuestArch,
  refresh: boolean,
  onProgress: OnProgress,
): Promise<BuiltKernel> {
  const known = refresh ? undefined : await remembered(source, arch);
  const found = known ?? (await resolve(source, arch, onProgress));
  const { hash, directory } = place(recipe, source, arch, found);
  const cached = await readBuild(directory);
  if (cached) return cached;
  const wait = (): void => onProgress({ phase: 'waiting for another process that fetches the same kernel' });
  return withLock(hash, wait, async () => {
    if (!(await readBuild(directory))) await publish(recipe, source, arch, found, onProgress);
    const built = await readBuild(directory);
    if (built) return { ...built, fromCache: false };
    throw new Error(`${directory}: a kernel was published and cannot be read`);
  });
}
