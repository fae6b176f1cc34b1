// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import type { BuiltKernel } from './built.js';
import type { GuestArch } from './machine.js';
import { moduleFiles } from './modules.js';
import type { ImageSource, Recipe } from './recipe-format.js';

/** Offsets in the header of a bzImage (Documentation/arch/x86/boot.rst). */
const HDRS = 0x202;
const KERNEL_VERSION = 0x20e;
const SETUP = 0x200;

function wordAt(image: Buffer, offset: number): string {
  return /^[\x21-\x7e]*/.exec(image.toString('latin1', offset, offset + 128))?.[0] ?? '';
}

/** What `uname -r` will say, as far as an image shows it without being unpacked. */
export function releaseOf(image: Buffer): string {
  if (image.toString('latin1', HDRS, HDRS + 4) === 'HdrS' && image.length > KERNEL_VERSION + 2)
    return wordAt(image, image.readUInt16LE(KERNEL_VERSION) + SETUP);
  const banner = 'Linux version ';
  for (let at = image.indexOf(banner); at >= 0; at = image.indexOf(banner, at + 1)) {
    const word = wordAt(image, at + banner.length);
    // The format string of the same message comes as well.
    if (/^\d/.test(word)) return word;
  }
  return 'unknown';
}

/**
 * A kernel that was built elsewhere, as if we had.
 *
 * @returns undefined when its image does not exist.
 * @throws TargetError when its modules cannot be found.
 */
export async function findImage(
  recipe: Recipe,
  { images, load }: ImageSource,
  arch: GuestArch,
): Promise<BuiltKernel | undefined> {
  const files = images[arch];
  if (!files || !existsSync(files.image)) return undefined;
  const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  const image = await readFile(files.image);
  const hash = sha256(image);
  return {
    name: recipe.name,
    arch,
    image: files.image,
    imageSha256: hash,
    version: basename(files.image),
    release: releaseOf(image),
    hash: hash.slice(0, 24),
    fromCache: true,
    seconds: 0,
    ...(files.config === undefined
      ? {}
      : { config: files.config, configSha256: sha256(await readFile(files.config)) }),
    ...(files.modules === undefined ? {} : { modules: await moduleFiles(files.modules, arch, load) }),
  };
}

/** @throws TargetError when there is no such image. */
export async function requireImage(
  recipe: Recipe,
  source: ImageSource,
  arch: GuestArch,
): Promise<BuiltKernel> {
  const built = await findImage(recipe, source, arch);
  if (built) return built;
  throw new TargetError(
    `${recipe.name}: expected a kernel image ${source.images[arch]?.image ?? ''}, found none; nothing builds it`,
  );
}
