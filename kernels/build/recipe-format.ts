// SPDX-License-Identifier: GPL-2.0-only
/** The contents of a recipe, kernels/recipes/NAME.yaml or a file of the user's. Paths are absolute once it is read. */
import type { GuestArch } from './machine.js';

type PerArch<T> = Partial<Record<GuestArch, T>>;

/** A source tarball in a Debian package. */
export interface DebianSource {
  kind: 'debian';
  package: string;
  suite: string;
}

/** A commit of a git tree. */
export interface GitSource {
  kind: 'git';
  /** A directory, or a URL to fetch from. */
  tree: string;
  /** Absent: HEAD of a local tree that has no uncommitted changes. */
  ref?: string;
}

/** A tarball with one directory at its top. */
export interface TarballSource {
  kind: 'tarball';
  path: string;
  sha256?: string;
}

/** A kernel that somebody else has built. */
export interface ImageSource {
  kind: 'image';
  images: PerArch<{
    image: string;
    /** Its .config, for reports. */
    config?: string;
    /** Its /lib/modules/RELEASE, with modules.dep. */
    modules?: string;
  }>;
  /** Modules to load, dependencies first and by themselves; absent: {@link ./modules.ts}'s. */
  load?: string[];
}

/** A kernel as Debian packages it, with its modules. */
export interface DistroSource {
  kind: 'distro';
  suite: string;
  /** A linux-image package; what it depends on comes along. */
  packages: PerArch<string>;
  load?: string[];
}

/** What is compiled. */
export type BuiltSource = DebianSource | GitSource | TarballSource;
export type Source = BuiltSource | ImageSource | DistroSource;

/** Patches that somebody posted. */
export type Series =
  | { mbox: string }
  | { directory: string }
  | { git: { tree: string; range: string } }
  | { 'message-id': string };

/** How a kernel wants to be booted, on top of what its machine says. */
export interface BootSettings {
  /** Words of the kernel command line. */
  cmdline?: string[];
  memoryMb?: number;
  cpus?: number;
  /** Milliseconds until the agent must have answered. */
  timeoutMs?: number;
}

/** One of the dialects of a kernel that has a boot parameter for it. */
export interface Dialect {
  about?: string;
  /** The profile that probing is expected to find. */
  profile: string;
  cmdline: string[];
  /** As of the recipe, which is about the default dialect. */
  minimumPoints?: PerArch<number>;
}

/** How to make a kernel, and what to expect of it. */
export interface Recipe {
  name: string;
  about: string;
  /** The dialect of the uAPI that this kernel is expected to speak when it is booted without choosing one. */
  profile: string;
  source: Source;
  /** Applied first, in this order. In a recipe that is shipped: paths below kernels/patches. */
  patches?: string[];
  /** Applied after `patches`. */
  series?: Series;
  /** Applied after `series`. */
  fixups?: string[];
  /** Merged in this order. In the file: NAME for kernels/config/NAME.config, or a path that ends with .config. */
  fragments?: PerArch<string[]>;
  /** Fewer executed test points than this make a run an environment failure. */
  minimumPoints?: PerArch<number>;
  boot?: BootSettings;
  /** By the word of the command line: `d3`. */
  dialects?: Partial<Record<string, Dialect>>;
  /** Needed beside `dialects`: the one that is booted when none is named. */
  defaultDialect?: string;
  /** The recipe of the same kernel that can be told to do something wrong, see ./faults.ts. */
  faults?: string;
  /** Words for each position of a switch; a switch that is there is on unless told otherwise. */
  switches?: { 'in-place'?: { on: string[]; off: string[] } };
  /** Where it was read from. */
  file?: string;
  /** Part of this package: its reports have references. */
  shipped?: boolean;
}
