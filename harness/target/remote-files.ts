// SPDX-License-Identifier: GPL-2.0-only
import { Builder, blob, imm, ret } from '../lower/builder.js';
import { openAt } from '../lower/context.js';
import type { WireReply } from '../lower/wire.js';
import type { Arch } from '../uapi/arch.js';
import { type Executor, TargetError } from './executor.js';

/** Bytes of one read. What is longer is read again in LARGE pieces. */
const SMALL = 4096;
const LARGE = 65536;
/** At most so many pieces of a large file, and so many files in one program. */
const MAX_PIECES = 64;
const BATCH = 64;

interface Waiting {
  path: string;
  resolve: (content: Uint8Array | undefined) => void;
  reject: (reason: unknown) => void;
}

/**
 * Files of the kernel behind an executor, read by the same programs as everything else: a guest, or this
 * machine through the agent. Files that are asked for together travel in one program: a process for each of
 * a hundred module parameters would take seconds on an emulated CPU.
 */
export class RemoteFiles {
  private waiting: Waiting[] = [];

  constructor(
    private readonly executor: Executor,
    private readonly arch: Arch,
    /** Bytes. */
    private readonly pageSize: number,
  ) {}

  /** Contents of a file, undefined when it cannot be read. */
  readFile(path: string): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setImmediate(() => void this.flush());
      this.waiting.push({ path, resolve, reject });
    });
  }

  /** Names in a directory, undefined when it cannot be read. */
  async listDir(path: string): Promise<string[] | undefined> {
    const b = this.builder();
    const fd = ret(openAt(b, path, 0n, 'O_RDONLY', 'file'), 'file');
    const piece = addPiece(b, LARGE, (buffer) => b.syscall('getdents64', [fd, buffer, imm(LARGE)]));
    const reply = await this.run(b);
    const bytes = pieceOf(reply, piece);
    return bytes && names(bytes);
  }

  private async flush(): Promise<void> {
    const batch = this.waiting.splice(0, BATCH);
    if (this.waiting.length > 0) setImmediate(() => void this.flush());
    try {
      const b = this.builder();
      const pieces = batch.map(({ path }) => {
        const fd = ret(openAt(b, path, 0n, 'O_RDONLY', 'file'), 'file');
        const read = (): Piece => addPiece(b, SMALL, (buffer) => b.syscall('read', [fd, buffer, imm(SMALL)]));
        return [read(), read()] as const;
      });
      const reply = await this.run(b);
      for (const [i, { path, resolve }] of batch.entries()) {
        const [first, second] = (pieces[i] ?? []).map((p) => pieceOf(reply, p));
        // The second read proves that the first one reached the end.
        if (first && second?.length === 0) resolve(first);
        else resolve(first && (await this.readLarge(path)));
      }
    } catch (e) {
      for (const { reject } of batch) reject(e);
    }
  }

  private async readLarge(path: string): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (let i = 0; i < MAX_PIECES; i++) {
      const b = this.builder();
      const fd = ret(openAt(b, path, 0n, 'O_RDONLY', 'file'), 'file');
      const at = imm(length);
      const piece = addPiece(b, LARGE, (buffer) => b.syscall('pread64', [fd, buffer, imm(LARGE), at]));
      const reply = await this.run(b);
      const chunk = pieceOf(reply, piece);
      if (!chunk) return undefined;
      if (chunk.length === 0) break;
      chunks.push(chunk);
      length += chunk.length;
    }
    return Buffer.concat(chunks);
  }

  private builder(): Builder {
    return new Builder(this.arch, this.pageSize);
  }

  /** @throws TargetError (fatal) when the kernel crashes: nobody else would tell of it. */
  private async run(b: Builder): Promise<WireReply> {
    const { reply, crash } = await this.executor.run({ timeoutMs: 10_000, blob: b.blob(), ops: b.ops });
    if (reply && !crash) return reply;
    throw new TargetError(
      `expected a kernel that lets its files be read, it reported: ${crash?.title ?? 'nothing'}`,
    );
  }
}

/** A call that fills a buffer, and the look into that buffer. */
interface Piece {
  call: number;
  peek: number;
}

function addPiece(b: Builder, size: number, call: (buffer: ReturnType<typeof blob>) => number): Piece {
  const buffer = blob(b.alloc(size), 'buffer');
  return { call: call(buffer), peek: b.peek(buffer, size) };
}

function pieceOf(reply: WireReply, { call, peek }: Piece): Uint8Array | undefined {
  const result = reply.results[call];
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
