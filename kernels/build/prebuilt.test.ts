// SPDX-License-Identifier: GPL-2.0-only
/** Kernels that others built: images, and packages as a distribution unpacks them. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findParts, sameKernel } from './distro.js';
import { buildKernel, findBuiltKernel } from './kernel.js';
import { releaseOf } from './prebuilt.js';
import type { Recipe } from './recipe-format.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-prebuilt-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function put(name: string, data: string | Uint8Array = ''): string {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
  return path;
}

/** The header of a bzImage, and a version where that points to. */
function bzImage(version: string): Buffer {
  const bytes = Buffer.alloc(0x400);
  bytes.write('HdrS', 0x202);
  bytes.writeUInt16LE(0x100, 0x20e);
  bytes.write(`${version} (me@here) #1\0`, 0x300);
  return bytes;
}

describe('releaseOf', () => {
  it('reads the header of a bzImage, and the banner of a vmlinux', () => {
    expect(releaseOf(bzImage('7.2.13-x'))).toBe('7.2.13-x');
    expect(releaseOf(Buffer.from('\x7fELF Linux version %s; Linux version 7.3.4 (me)'))).toBe('7.3.4');
    expect(releaseOf(Buffer.from('compressed'))).toBe('unknown');
  });
});

describe('a kernel of kind image', () => {
  const recipe = (image: string, more: object = {}): Recipe => ({
    name: 'own',
    about: 'Mine.',
    profile: 'd0-mainline',
    source: { kind: 'image', images: { x86_64: { image, ...more } } },
  });
  it('is there when its file is, with configuration and modules', async () => {
    const image = put('bzImage', bzImage('7.3.0'));
    const config = put('.config', 'CONFIG_KVM=m\n');
    put('m/modules.dep', 'kernel/kvm.ko:\n');
    const built = await buildKernel(recipe(image, { config, modules: join(directory, 'm') }), 'x86_64');
    expect(built).toMatchObject({ image, config, release: '7.3.0', fromCache: true });
    expect(built.configSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(built.modules).toEqual([]); // kvm alone is not among the usual ones of x86_64
    expect(await findBuiltKernel(recipe(image), 'x86_64')).not.toHaveProperty('modules');
  });
  it('is not built when it is not there', async () => {
    expect(await findBuiltKernel(recipe('/no/such'), 'x86_64')).toBeUndefined();
    await expect(buildKernel(recipe('/no/such'), 'x86_64')).rejects.toThrow(
      'own: expected a kernel image /no/such, found none; nothing builds it',
    );
    await expect(buildKernel(recipe('/no/such'), 'aarch64')).rejects.toThrow(
      'own is for x86_64 only, not for aarch64',
    );
  });
});

describe('a kernel of kind distro', () => {
  it('is made of packages of the same version', () => {
    const depends =
      'dracut | initramfs-tools (>= 0.120), linux-base-7.2-amd64 (= 7.2.13-1), linux-binary-7.2-amd64 (= 7.2.13-1), linux-doc (= 7.1-1)';
    expect(sameKernel(depends, '7.2.13-1')).toEqual(['linux-base-7.2-amd64', 'linux-binary-7.2-amd64']);
    expect(sameKernel('', '1')).toEqual([]);
  });
  it('has everything with its modules, from 7.2 on', async () => {
    put('usr/lib/modules/7.2.13/vmlinuz');
    put('usr/lib/modules/7.2.13/config');
    expect(await findParts(directory)).toEqual({
      image: join(directory, 'lib/modules/7.2.13/vmlinuz'),
      config: join(directory, 'lib/modules/7.2.13/config'),
      release: '7.2.13',
    });
    expect(existsSync(join(directory, 'lib/modules/7.2.13'))).toBe(true); // where depmod looks
  });
  it('has image and configuration in /boot, before', async () => {
    put('boot/vmlinuz-6.1.0-9');
    put('boot/config-6.1.0-9');
    put('lib/modules/6.1.0-9/kernel/x.ko');
    expect(await findParts(directory)).toMatchObject({
      image: join(directory, 'boot/vmlinuz-6.1.0-9'),
      config: join(directory, 'boot/config-6.1.0-9'),
      release: '6.1.0-9',
    });
  });
  it('must have an image', async () => {
    put('usr/share/doc/x');
    expect(await findParts(directory)).toBeUndefined();
  });
});
