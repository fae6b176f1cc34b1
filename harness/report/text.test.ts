// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressNames, oneLine, reportName, stableConsoleLine } from './text.js';

describe('reportName', () => {
  it('leaves the ids that suites use as they are', () => {
    const id = 'convert/pins/first-offender[how=io_uring,page=2,at=-1,s={a}x]';
    expect(reportName(id)).toBe(id);
  });

  it('gives names that are safe, unique and can be turned back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        const name = reportName(id);
        expect(name).toMatch(/^[!-~]*$/);
        expect(name).not.toMatch(/[#\\]|\{$/);
        expect(decodeURIComponent(name)).toBe(id);
      }),
    );
  });
});

describe('oneLine', () => {
  it('leaves nothing that ends a line or moves a cursor', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
    expect(oneLine(' \u001b[1;31mred\u001b[0m\r\n  two\tthree ')).toBe('red two three');
  });
});

describe('AddressNames', () => {
  it('keeps equal addresses equal and neighbours in relation', () => {
    const names = new AddressNames();
    expect(names.name('mmap(NULL, 0x4000) = 0x7f0012345000')).toBe('mmap(NULL, 0x4000) = addr1');
    expect(names.name('aarch64, 39 bits: 0x7f8a001000')).toBe('aarch64, 39 bits: addr2');
    expect(names.name('load 0x7f0012346008, 0xffffa0001000')).toBe('load addr1+0x1008, addr3');
    expect(names.name('load 0x7f0012344000 0x7f0012345000')).toBe('load addr1-0x1000 addr1');
  });

  it('leaves sizes, flags, limits and nonces alone', () => {
    const line =
      '0x7fffffffff size=0x8000000000000000 0x7fffffffffff 0xfffffffff000 0x7ffffffff000 0x1000 0xffffffffffffffff';
    expect(new AddressNames().name(line)).toBe(line);
  });
});

describe('stableConsoleLine', () => {
  it('drops what differs between two boots', () => {
    expect(stableConsoleLine('<4>[    1.234567][   T12] Call Trace: ffffffff81000000\r')).toBe(
      'Call Trace: <address>',
    );
    expect(stableConsoleLine('[ 1.5]  RIP: 0010:kvm_gmem_fault+0x12/0x90')).toBe(
      ' RIP: 0010:kvm_gmem_fault+0x12/0x90',
    );
    expect(stableConsoleLine('CPU: 0 PID: 77 Comm: a RSP: 00007ffc12345678')).toBe(
      'CPU: 0 PID: * Comm: a RSP: <address>',
    );
  });
});
