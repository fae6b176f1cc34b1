// SPDX-License-Identifier: GPL-2.0-only
import type { ObjectKind } from '../../program/params.js';
import type { Sharing } from './births.js';

/** What a descriptor's number stands for. */
export interface Descriptor {
  readonly name: string;
  readonly kind: ObjectKind;
  readonly cloexec: boolean;
  /** It was closed, and its number not used again: steps on it are steps on a closed descriptor. */
  readonly closed: boolean;
}

/** A mapping by its address, bytes. */
export interface MappedRange {
  readonly name: string;
  readonly base: bigint;
  readonly length: bigint;
}

/** Addresses of a mapping that a call names. */
export interface Within {
  readonly map: MappedRange;
  readonly offset: bigint;
}

/** Descriptors and mappings of a process; threads share one or both. */
export class ProcessTable {
  constructor(
    readonly fds = new Map<number, Descriptor>(),
    readonly maps: MappedRange[] = [],
  ) {}

  child({ memory, files }: Sharing): ProcessTable {
    return new ProcessTable(files ? this.fds : new Map(this.fds), memory ? this.maps : [...this.maps]);
  }

  /** execve: a table and an address space of its own. @returns the table, and what was closed */
  exec(): { table: ProcessTable; closed: string[] } {
    const all = [...this.fds];
    const closed = all.filter(([, d]) => d.cloexec && !d.closed).map(([, d]) => d.name);
    const kept = all.map(([n, d]): [number, Descriptor] => [n, { ...d, closed: d.closed || d.cloexec }]);
    return { table: new ProcessTable(new Map(kept)), closed };
  }

  /** An open descriptor. */
  open(fd: number): Descriptor | undefined {
    const found = this.fds.get(fd);
    return found?.closed === false ? found : undefined;
  }

  close(fd: number): void {
    const found = this.fds.get(fd);
    if (found) this.fds.set(fd, { ...found, closed: true });
  }

  /** The mapping that an address is in. */
  at(address: bigint): Within | undefined {
    const map = this.maps.findLast((m) => address >= m.base && address < m.base + m.length);
    return map && { map, offset: address - map.base };
  }

  /** Mappings that a range touches. */
  touched(address: bigint, length: bigint): MappedRange[] {
    return this.maps.filter((m) => address < m.base + m.length && address + length > m.base);
  }

  forget(map: MappedRange): void {
    const i = this.maps.indexOf(map);
    if (i >= 0) this.maps.splice(i, 1);
  }
}
