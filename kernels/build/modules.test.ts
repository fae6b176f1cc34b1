// SPDX-License-Identifier: GPL-2.0-only
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { TargetError } from '../../harness/target/executor.js';
import { loadOrder, moduleFiles, parseModulesDep, readModule, readModules } from './modules.js';

const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-modules-'));
afterAll(() => rmSync(directory, { recursive: true }));

const DEP = `kernel/virt/irqbypass.ko.xz:
kernel/kvm/kvm.ko.xz: kernel/virt/irqbypass.ko.xz
kernel/kvm/kvm-amd.ko.xz: kernel/crypto/ccp.ko.xz kernel/kvm/kvm.ko.xz kernel/virt/irqbypass.ko.xz
kernel/crypto/ccp.ko.xz:
`;
const known = parseModulesDep(DEP);

describe('loadOrder', () => {
  const names = (wanted: string[], builtin: string[] = []) => loadOrder(known, new Set(builtin), wanted);
  it('puts each module after what it needs, once', () => {
    expect(names(['kvm-amd', 'kvm', 'kvm_amd']).order).toEqual([
      'kernel/crypto/ccp.ko.xz',
      'kernel/virt/irqbypass.ko.xz',
      'kernel/kvm/kvm.ko.xz',
      'kernel/kvm/kvm-amd.ko.xz',
    ]);
  });
  it('knows what is built in, and what is not there', () => {
    const { order, absent } = names(['virtio_pci', 'kvm', 'kvm-intel'], ['virtio_pci']);
    expect(order).toHaveLength(2);
    expect(absent).toEqual(['kvm_intel']);
  });
});

describe('moduleFiles', () => {
  writeFileSync(join(directory, 'modules.dep'), DEP);
  writeFileSync(join(directory, 'modules.builtin'), 'kernel/drivers/virtio/virtio_pci.ko\n');
  it('are the usual ones as far as they exist', async () => {
    const files = await moduleFiles(directory, 'x86_64');
    expect(files.at(-1)).toBe(join(directory, 'kernel/kvm/kvm-amd.ko.xz'));
  });
  it('that were named must exist', async () => {
    expect(await moduleFiles(directory, 'x86_64', ['virtio-pci', 'irqbypass'])).toHaveLength(1);
    await expect(moduleFiles(directory, 'x86_64', ['kvm', 'kvm_intel'])).rejects.toThrow(
      `${directory}: expected the modules kvm, kvm_intel, found no kvm_intel`,
    );
  });
  it('need a modules.dep', async () => {
    await expect(moduleFiles('/no/such', 'x86_64')).rejects.toThrow(
      /^\/no\/such: expected a directory of modules with modules\.dep/,
    );
  });
});

describe('readModules', () => {
  const put = (name: string, data: Uint8Array): string => {
    const path = join(directory, name);
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, data);
    return path;
  };
  const body = Buffer.from('\x7fELF module');
  it('unpacks what is compressed, and names it without that', async () => {
    const paths = [put('00-kvm-amd.ko.gz', gzipSync(body)), put('01-kvm.ko', body)];
    const xz = spawnSync('xz', ['-c'], { input: body });
    if (xz.status === 0) paths.push(put('x.ko.xz', xz.stdout));
    const modules = await readModules(paths);
    expect(modules.map(({ name }) => name).slice(0, 2)).toEqual(['00_kvm_amd.ko', '01_kvm.ko']);
    for (const { data } of modules) expect(data.equals(body)).toBe(true);
  });
  it('refuses what is damaged or missing', async () => {
    await expect(readModule(put('bad.ko.xz', body))).rejects.toThrow(/bad\.ko\.xz: expected xz to unpack it/);
    await expect(readModule('/no/such.ko')).rejects.toBeInstanceOf(TargetError);
  });
});
