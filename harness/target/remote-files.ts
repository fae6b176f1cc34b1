// SPDX-License-Identifier: GPL-2.0-only
import { Builder, blob, imm, ret } from '../lower/builder.js';
import { openAt } from '../lower/context.js';
import type { WireReply } from '../lower/wire.js';
import type { Arch } from '../uapi/arch.js';
import type { Executor } from './executor.js';

/** Bytes read in one program, and how many such programs one file may take. */
const CHUNK = 65536;
const MAX_CHUNKS = 64;

/**
 * Files of the kernel behind an executor, read by the same programs as everything else: a guest, or this
 * machine through the agent.
 */
export class RemoteFiles {
  constructor(
    private readonly executor: Executor,
    private readonly arch: Arch,
    /** Bytes. */
    private readonly pageSize: number,
  ) {}

  /** Contents of a file, undefined when it cannot be read. */
  async readFile(path: string): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    for (let i = 0; i < MAX_CHUNKS; i++) {
      const chunk = await this.chunk(path, (b, fd, buffer) =>
        b.syscall('pread64', [fd, buffer, imm(CHUNK), imm(i * CHUNK)]),
      );
      if (!chunk) return i === 0 ? undefined : Buffer.concat(chunks);
      chunks.push(chunk);
      if (chunk.length === 0) break;
    }
    return Buffer.concat(chunks);
  }

  /** Names in a directory, undefined when it cannot be read. */
  async listDir(path: string): Promise<string[] | undefined> {
    const bytes = await this.chunk(path, (b, fd, buffer) =>
      b.syscall('getdents64', [fd, buffer, imm(CHUNK)]),
    );
    return bytes && names(bytes);
  }

  private async chunk(
    path: string,
    call: (b: Builder, fd: ReturnType<typeof ret>, buffer: ReturnType<typeof blob>) => number,
  ): Promise<Uint8Array | undefined> {
    const b = new Builder(this.arch, this.pageSize);
    const fd = ret(openAt(b, path, 0n, 'O_RDONLY', 'file'), 'file');
    const buffer = blob(b.alloc(CHUNK), 'buffer');
    const read = call(b, fd, buffer);
    const peek = b.peek(buffer, CHUNK);
    const { reply } = await this.executor.run({ timeoutMs: 5000, blob: b.blob(), ops: b.ops });
    return reply && slice(reply, read, peek);
  }
}

function slice(reply: WireReply, read: number, peek: number): Uint8Array | undefined {
  const result = reply.results[read];
  const data = reply.results[peek]?.data;
  if (result?.status !== 'done' || result.errno !== 0 || !data) return undefined;
  return data.slice(0, Number(result.ret));
}

/** struct linux_dirent64: ino u64, off u64, reclen u16, type u8, name. */
function names(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: string[] = [];
  for (let at = 0; at + 19 < bytes.length;) {
    const length = view.getUint16(at + 16, true);
    const end = bytes.indexOf(0, at + 19);
    found.push(new TextDecoder().decode(bytes.subarray(at + 19, end)));
    if (length === 0) break;
    at += length;
  }
  return found.filter((n) => n !== '.' && n !== '..');
}
