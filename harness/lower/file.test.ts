// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { FD_OPS } from '../program/fd-ops.js';
import { step } from '../program/make.js';
import { MAP_OPS } from '../program/map-ops.js';
import { TOUCH_ROUTES } from '../program/touch-routes.js';
import { VERBS } from '../program/verbs.js';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { lastOp, lowered, traced } from './lower.test-helper.js';

const vm = step('create_vm', {});
const gmem = step('create_gmem', { size: 8192n });
const m = step('mmap', { of: 'gmem', length: 8192n });

describe.each(ARCHES)('on %s', (arch) => {
  it.each(FD_OPS)('fd_op %s is one call that the step is about, on the file', (op) => {
    const [, , result] = traced([vm, gmem, step('fd_op', { op, length: 16n })], {}, arch);
    expect(result).toMatchObject({ state: 'done', errno: '0' });
    expect(result?.calls).toHaveLength(1);
  });

  it.each(TOUCH_ROUTES)('touch %s reaches the mapping', (how) => {
    const result = traced([vm, gmem, m, step('touch', { how, offset: 4096n })], {}, arch)[3];
    expect(result?.calls.at(-1)).toContain('m+0x1000');
  });

  it.each(MAP_OPS)('map_op %s works on the range', (op) => {
    const result = traced([vm, gmem, m, step('map_op', { op, offset: 4096n, length: 4096n })], {}, arch)[3];
    expect(result?.calls).toEqual([expect.stringMatching(/^[a-z]+\(m\+0x1000, 0x1000[,)]/)]);
  });

  it.each(VERBS.open.params.kind.values)('open %s makes a file that can be closed', (kind) => {
    const results = traced([step('open', { kind, as: 'f' }), step('close', { on: 'f' })], {}, arch);
    expect(results[0]?.calls.at(-1)).toMatch(/ = f$/);
    expect(results[1]?.calls).toEqual(['close(f) = 0']);
  });
});

describe('fstat', () => {
  const steps = [vm, gmem, step('fd_op', { op: 'fstat' })];
  // struct stat as a C compiler for each architecture lays it out.
  const layouts: Readonly<Record<Arch, Readonly<Record<string, readonly [number, number]>>>> = {
    x86_64: { ino: [8, 8], nlink: [16, 8], mode: [24, 4], size: [48, 8], blksize: [56, 8], blocks: [64, 8] },
    aarch64: { ino: [8, 8], mode: [16, 4], nlink: [20, 4], size: [48, 8], blksize: [56, 4], blocks: [64, 8] },
  };

  it.each(ARCHES)('reads struct stat of %s', (arch) => {
    const data = new Uint8Array(144);
    const values: Record<string, bigint> = {};
    Object.entries(layouts[arch]).forEach(([name, [at, width]], i) => {
      data[at] = i + 1;
      data[at + width - 1] = 0x10;
      values[`st_${name}`] = BigInt(i + 1) + (0x10n << BigInt(8 * (width - 1)));
    });
    // Its upper half on x86_64 is not looked at.
    values['st_blksize'] = 5n + (arch === 'aarch64' ? 0x1000_0000n : 0n);
    const peek = lastOp(lowered(steps, arch).wire.ops, (op) => op.code === 'peek');
    expect(traced(steps, { [peek]: { data } }, arch)[2]?.fields).toEqual(values);
  });
});

describe('a moved mapping', () => {
  it('is found at its new address from there on', () => {
    const { ops } = lowered([
      vm,
      gmem,
      m,
      step('map_op', { op: 'mremap', length: 8192n, arg: 4096n }),
      step('load', {}),
    ]).wire;
    const moved = lastOp(ops, (op) => op.code === 'syscall');
    expect(ops.at(-1)).toMatchObject({ code: 'load', addr: { kind: 'ret', ref: moved } });
    expect(ops[moved]).toMatchObject({ resultIsMapping: true });
  });
});
