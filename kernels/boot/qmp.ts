// SPDX-License-Identifier: GPL-2.0-only
import type { Duplex } from 'node:stream';
import { TargetError } from '../../harness/target/executor.js';

interface Waiting {
  command: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The QEMU machine protocol on an open stream: one command at a time is answered in order. */
export class Qmp {
  private readonly waiting: Waiting[] = [];
  private rest = '';
  private ended: TargetError | undefined;
  private negotiated: Promise<unknown> | undefined;

  constructor(private readonly stream: Duplex) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => this.read(chunk));
    stream.on('error', () => this.end());
    stream.on('close', () => this.end());
  }

  /**
   * Execute a command.
   *
   * @returns what QEMU put under `return`.
   * @throws TargetError when QEMU refuses or is gone.
   */
  async execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    this.negotiated ??= this.send('qmp_capabilities');
    await this.negotiated;
    return this.send(command, args);
  }

  private send(command: string, args?: Record<string, unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      this.waiting.push({ command, resolve, reject });
      this.stream.write(JSON.stringify({ execute: command, arguments: args }) + '\n');
    });
  }

  private read(chunk: string): void {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as { return?: unknown; error?: { desc?: string } };
      if (!('return' in message) && !('error' in message)) continue; // the greeting, or an event
      const asked = this.waiting.shift();
      if (message.error) {
        asked?.reject(
          new TargetError(`QEMU refused ${asked.command}: ${message.error.desc ?? 'no reason given'}`),
        );
      } else {
        asked?.resolve(message.return);
      }
    }
  }

  private end(): void {
    this.ended ??= new TargetError('QEMU closed its QMP connection');
    for (const asked of this.waiting.splice(0)) asked.reject(this.ended);
  }
}
