// SPDX-License-Identifier: GPL-2.0-only
import type { JSONSchemaType } from 'ajv';
import { readRecord } from './record.js';
import { packagePath } from './root.js';

/** Machine names as uname gives them. */
export const GUEST_ARCHES = ['x86_64', 'aarch64'] as const;
export type GuestArch = (typeof GUEST_ARCHES)[number];

/** What a compiler is called, or which packages hold it: on the same architecture, and on another. */
interface ByHost<T> {
  native: T;
  cross: T;
}

/** kernels/machines/ARCH.yaml: everything about an architecture that is not code. */
export interface Machine {
  arch: GuestArch;
  about: string;
  qemu: {
    binary: string;
    package: string;
    machine: string;
    cpu: { tcg: string; kvm: string };
    /** Arguments of -device besides those of the agent's port. */
    devices: string[];
  };
  kernel: {
    /** ARCH= for the kernel's make. */
    arch: string;
    /** e_machine of its ELF files. */
    elfMachine: number;
    compiler: ByHost<string>;
    packages: ByHost<string[]>;
    /** Headers that the build's own host programs include, and the Debian packages that have them. */
    headers: { file: string; package: string }[];
    /** make target, and the file it produces below O=. */
    target: string;
    image: string;
    /** Image formats that QEMU boots for this architecture. */
    accepts: string[];
  };
  boot: { memoryMb: number; cpus: number; timeoutMs: number; cmdline: string[] };
}

const text = { type: 'string', minLength: 1 } as const;
const texts = { type: 'array', items: text } as const;
const positive = { type: 'integer', minimum: 1 } as const;

function object<P extends Record<string, unknown>>(properties: P) {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
  } as const;
}

const schema = object({
  arch: { type: 'string', enum: GUEST_ARCHES },
  about: text,
  qemu: object({
    binary: text,
    package: text,
    machine: text,
    cpu: object({ tcg: text, kvm: text }),
    devices: texts,
  }),
  kernel: object({
    arch: text,
    elfMachine: positive,
    compiler: object({ native: text, cross: text }),
    packages: object({ native: texts, cross: texts }),
    headers: { type: 'array', items: object({ file: text, package: text }) },
    target: text,
    image: text,
    accepts: texts,
  }),
  boot: object({ memoryMb: positive, cpus: positive, timeoutMs: positive, cmdline: texts }),
}) as unknown as JSONSchemaType<Machine>;

/** @returns the record of an architecture. @throws CaseError when the file is not valid. */
export function loadMachine(arch: GuestArch): Machine {
  const name = `kernels/machines/${arch}.yaml`;
  return readRecord(packagePath(name), schema, name);
}

/** This machine's architecture, or undefined when there is no record for it. */
export function hostArch(): GuestArch | undefined {
  return process.arch === 'x64' ? 'x86_64' : process.arch === 'arm64' ? 'aarch64' : undefined;
}
