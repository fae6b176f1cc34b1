// SPDX-License-Identifier: GPL-2.0-only
import { Buffer } from 'node:buffer';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFCHR = 0o020000;
const CONSOLE = { major: 5, minor: 1 };

interface Entry {
  name: string;
  /** File type and permissions, as in st_mode. */
  mode: number;
  data?: Uint8Array;
  device?: { major: number; minor: number };
}

/** A kernel module, not compressed. */
export interface Module {
  name: string;
  data: Uint8Array;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** One member of a cpio archive in the "newc" form (Documentation/driver-api/early-userspace/buffer-format.rst). */
function member(entry: Entry, inode: number): Buffer {
  const name = `${entry.name}\0`;
  const size = entry.data?.length ?? 0;
  const { major, minor } = entry.device ?? { major: 0, minor: 0 };
  const links = (entry.mode & S_IFDIR) === S_IFDIR ? 2 : 1;
  const fields = [inode, entry.mode, 0, 0, links, 0, size, 0, 0, major, minor, name.length, 0];
  const header = '070701' + fields.map((field) => field.toString(16).padStart(8, '0').toUpperCase()).join('');
  const start = padded(header.length + name.length);
  const out = Buffer.alloc(start + padded(size));
  out.write(header + name, 'latin1');
  if (entry.data) out.set(entry.data, start);
  return out;
}

/** `/modules`: the files, and `order`, a name on each line. */
function withModules(modules: readonly Module[]): Entry[] {
  if (modules.length === 0) return [];
  const order = modules.map(({ name }) => `${name}\n`).join('');
  return [
    { name: 'modules', mode: S_IFDIR | 0o755 },
    ...modules.map(({ name, data }) => ({ name: `modules/${name}`, mode: S_IFREG | 0o644, data })),
    { name: 'modules/order', mode: S_IFREG | 0o644, data: Buffer.from(order) },
  ];
}

/**
 * The root file system of a guest: the agent as `/init`, the mount points it uses, and `/dev/console`, which
 * the kernel opens before init can mount devtmpfs. Not compressed: unpacking a gzip costs an emulated CPU
 * more than reading the bytes it saves. Byte-identical for the same agent (no times, no inode numbers of
 * the build machine), because its hash is part of a snapshot's key.
 *
 * @param init contents of a static executable.
 * @param modules kernel modules that it loads, in this order.
 */
export function initramfs(init: Uint8Array, modules: readonly Module[] = []): Buffer {
  const directory = (name: string): Entry => ({ name, mode: S_IFDIR | 0o755 });
  const entries: Entry[] = [
    ...['dev', 'proc', 'sys', 'tmp'].map(directory),
    { name: 'dev/console', mode: S_IFCHR | 0o600, device: CONSOLE },
    { name: 'init', mode: S_IFREG | 0o755, data: init },
    ...withModules(modules),
    { name: 'TRAILER!!!', mode: 0 },
  ];
  return Buffer.concat(entries.map((entry, index) => member(entry, entry.mode === 0 ? 0 : index + 1)));
}
