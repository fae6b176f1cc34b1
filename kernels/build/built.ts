// SPDX-License-Identifier: GPL-2.0-only
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestArch } from './machine.js';

/** A kernel in the cache. Paths are absolute. */
export interface BuiltKernel {
  /** The recipe's name. */
  name: string;
  arch: GuestArch;
  image: string;
  /** Its configuration, where that is known. */
  config?: string;
  configSha256?: string;
  imageSha256: string;
  /** Modules to load at boot, in this order; they may be compressed. */
  modules?: string[];
  /** Version of the source. */
  version: string;
  /** What `uname -r` says. */
  release: string;
  /** Of everything that went into the build. */
  hash: string;
  fromCache: boolean;
  /** What the build took. */
  seconds: number;
}

/** build.json: a BuiltKernel but for its place, and what made it. */
export interface BuildRecord extends Omit<BuiltKernel, 'image' | 'config' | 'fromCache'> {
  /** File name of the image in the same directory. */
  image: string;
  tools: string[];
  objects: number;
}

/** File names in a build's directory. */
export const BUILD_RECORD = 'build.json';
export const BUILT_CONFIG = 'config';
export const MODULES = 'modules';

/** Read a directory of the cache. @returns undefined when it holds no complete build. */
export async function readBuild(directory: string): Promise<BuiltKernel | undefined> {
  try {
    const record = JSON.parse(await readFile(join(directory, BUILD_RECORD), 'utf8')) as BuildRecord;
    const image = join(directory, record.image);
    if (!existsSync(image)) return undefined;
    const { name, arch, configSha256, imageSha256, version, release, hash, seconds, modules } = record;
    return {
      name,
      arch,
      image,
      ...(configSha256 === undefined ? {} : { config: join(directory, BUILT_CONFIG), configSha256 }),
      ...(modules === undefined ? {} : { modules: modules.map((file) => join(directory, MODULES, file)) }),
      imageSha256,
      version,
      release,
      hash,
      fromCache: true,
      seconds,
    };
  } catch {
    return undefined;
  }
}
