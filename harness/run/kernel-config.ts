// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { FactSource } from './facts.js';

/** The configuration a kernel was built with. */
export interface ConfigFacts {
  /** Where it was found: a path, or `build`. */
  source: string;
  /** Of the text, hexadecimal. */
  sha256: string;
  /** Every option that is set, without `CONFIG_`: `KVM_AMD: y`. Options that are off are absent. */
  options: Record<string, string>;
}

/** Options that decide what KVM, guest_memfd and the memory manager under it do, or what watches them. */
const RELEVANT =
  /^(HAVE_)?KVM|^(AMD_MEM_ENCRYPT|INTEL_TDX|ARM64_(4K|16K|64K)_PAGES|PAGE_SIZE_|VIRTUALIZATION|X86_64$|ARM64$)|GUEST_MEMFD|GUP_TEST|HUGEPAGE|HUGETLB|^(KASAN|KCSAN|KCOV|KMSAN|UBSAN|LOCKDEP|PROVE_|DEBUG_VM|DEBUG_ATOMIC_SLEEP|FAULT_INJECTION)|^(NUMA|SMP|PREEMPT|HZ|SWAP|MEMCG|USERFAULTFD|MIGRATION|COMPACTION|IO_URING|MEMORY_FAILURE)/;

/**
 * Find and read the configuration of a kernel.
 * @param release of the kernel, for the places that are named after it.
 * @param built the text where the caller knows it; `source` is `build` then.
 * @returns undefined when it is nowhere; most kernels built without IKCONFIG outside a distribution.
 */
export async function readConfig(
  source: FactSource,
  release: string | undefined,
  built?: string,
): Promise<ConfigFacts | undefined> {
  if (built !== undefined) return parseConfig('build', built);
  const named = release === undefined ? [] : [`/boot/config-${release}`, `/lib/modules/${release}/config`];
  for (const path of ['/proc/config.gz', ...named]) {
    const content = await source.readFile(path);
    const text = content === undefined ? undefined : decode(content);
    if (text !== undefined) return parseConfig(path, text);
  }
  return undefined;
}

/** Only the options on which results may depend. */
export function relevantOptions(options: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => RELEVANT.test(name)));
}

function parseConfig(source: string, text: string): ConfigFacts {
  const options: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)) {
    if (name !== undefined && value !== undefined) options[name] = value;
  }
  return { source, sha256: createHash('sha256').update(text).digest('hex'), options };
}

/** gzip is told by its magic, not by the name; damaged data counts as no configuration. */
function decode(content: Uint8Array | string): string | undefined {
  if (typeof content === 'string') return content;
  if (content[0] !== 0x1f || content[1] !== 0x8b) return Buffer.from(content).toString('utf8');
  try {
    return gunzipSync(content).toString('utf8');
  } catch {
    return undefined;
  }
}
