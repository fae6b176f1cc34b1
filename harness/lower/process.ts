// SPDX-License-Identifier: GPL-2.0-only
/** Steps about the process that runs the program, and about what the kernel says of itself. */
import type { StepOf } from '../program/step.js';
import { blob, imm, plus, ret } from './builder.js';
import type { Arg } from './builder.js';
import { openAt } from './context.js';
import type { Lower } from './context.js';

/** Leaving user 0 clears the permitted and effective capabilities (capabilities(7), "Effect of user ID changes"). */
export const become: Lower<StepOf<'become'>> = ({ b }, s) => {
  const id = imm(s.uid);
  b.syscall('setgroups', [imm(0), imm(0n, 'NULL')], { quiet: true });
  b.syscall('setresgid', [id, id, id], { quiet: true });
  return { main: b.syscall('setresuid', [id, id, id]) };
};

export const wait: Lower<StepOf<'wait'>> = ({ b }, s) => {
  const time = b.alloc(16);
  b.patch(time, 8, imm(s.ms / 1000n));
  b.patch(time + 8, 8, imm((s.ms % 1000n) * 1_000_000n));
  return { main: b.syscall('nanosleep', [blob(time, `${s.ms.toString()} ms`), imm(0n, 'NULL')]) };
};

const VALUE_BYTES = 32;
/** What a bool parameter is printed as (kernel/params.c param_get_bool). */
const SWITCH: Readonly<Record<string, bigint>> = { Y: 1n, N: 0n };

export const moduleParam: Lower<StepOf<'module_param'>> = ({ b }, s) => {
  const path = `/sys/module/kvm/parameters/${s.name}`;
  const main = openAt(b, path, 0n, 'O_RDONLY', 'parameter');
  const text = blob(b.alloc(VALUE_BYTES), 'text');
  b.syscall('read', [ret(main, 'parameter'), text, imm(VALUE_BYTES)], { quiet: true });
  const peek = b.peek(text, VALUE_BYTES);
  return {
    main,
    fields: (r) => {
      const [seen = ''] = new TextDecoder().decode(r.op(peek).data).split(/[\n\0]/);
      const value = SWITCH[seen] ?? (/^-?\d+$/.test(seen) ? BigInt(seen) : undefined);
      const fields: Record<string, bigint> = value === undefined ? {} : { value };
      return fields;
    },
  };
};

/**
 * PAGEMAP_SCAN of one page (include/uapi/linux/fs.h, struct pm_scan_arg): it takes addresses, where reading the
 * file would take a page number, which no argument of a wire program can be.
 */
const PAGEMAP_SCAN = 0xc060_6610n;
const SCAN = { size: 0, start: 16, end: 24, vec: 40, vecLen: 48, mask: 72, returned: 88, bytes: 96 } as const;
const PAGE_IS_PRESENT = 8n;
const REGION_BYTES = 24;

export const pagemap: Lower<StepOf<'pagemap'>> = (cx, s) => {
  const { b } = cx;
  const map = cx.map(s.map);
  const page = BigInt(b.pageSize);
  const start = plus(map.base, s.offset - (((s.offset % page) + page) % page));
  const scan = b.alloc(SCAN.bytes);
  const fields: readonly (readonly [number, Arg])[] = [
    [SCAN.size, imm(SCAN.bytes)],
    [SCAN.start, start],
    [SCAN.end, plus(start, page)],
    [SCAN.vec, blob(b.alloc(REGION_BYTES), 'region')],
    [SCAN.vecLen, imm(1)],
    [SCAN.mask, imm(PAGE_IS_PRESENT)],
    [SCAN.returned, imm(PAGE_IS_PRESENT)],
  ];
  for (const [offset, value] of fields) b.patch(scan + offset, 8, value);
  const file = ret(openAt(b, '/proc/self/pagemap', 0n, 'O_RDONLY', 'pagemap', true), 'pagemap');
  const arg = blob(scan, `{start=${start.text}, size=0x${page.toString(16)}, PAGE_IS_PRESENT}`);
  const main = b.syscall('ioctl', [file, imm(PAGEMAP_SCAN, 'PAGEMAP_SCAN'), arg]);
  b.syscall('close', [file], { quiet: true });
  // The result is the number of regions found.
  return { main, fields: (r) => ({ present: r.op(main).ret > 0n ? 1n : 0n }) };
};
