// SPDX-License-Identifier: GPL-2.0-only
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { ConsoleLog } from './console-log.js';
import { PORT_FD, qemuArguments, QMP_FD } from './qemu-command.js';
import type { GuestSpec } from './qemu-command.js';
import { Qmp } from './qmp.js';
import { reapWithUs } from './reaper.js';
import { makeRunDirectory, PID_FILE } from './run-directory.js';

const SETPRIV = '/usr/bin/setpriv';
/** Bytes of QEMU's own complaints that are kept. */
const STDERR_LIMIT = 4096;

/** A running QEMU. Whoever starts one must {@link Guest.end} it. */
export interface Guest {
  pid: number;
  /** Private to the user (mode 0700), removed when the guest ends. */
  directory: string;
  /** The agent's virtio-serial port. */
  port: Socket;
  qmp: Qmp;
  console: ConsoleLog;
  /** Resolves when QEMU has exited, with how. Never rejects. */
  exited: Promise<string>;
  /** QEMU's own error output so far. */
  complaints(): string;
  /** Kill QEMU, wait for it, read the rest of the console, remove the directory. */
  end(): Promise<void>;
}

function socketOf(child: ChildProcess, fd: number): Socket {
  const stream = child.stdio[fd];
  if (stream instanceof Socket) return stream;
  throw new TargetError(`expected descriptor ${fd} of QEMU to be a socket`);
}

/**
 * Start QEMU.
 *
 * @param snapshot a migration stream to continue from; omitted: boot.
 * @throws TargetError when QEMU cannot be executed.
 */
export async function startGuest(spec: GuestSpec, snapshot?: string): Promise<Guest> {
  const directory = await makeRunDirectory();
  const consoleFile = join(directory, 'console.log');
  const stream = snapshot === undefined ? undefined : await open(snapshot);
  const args = qemuArguments(spec, consoleFile, stream !== undefined);
  // Without setpriv a SIGKILL of the harness would leave QEMU behind.
  const command = [spec.machine.qemu.binary, ...args];
  const [file = '', ...rest] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...command] : command;
  const child = spawn(file, rest, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', stream?.fd ?? 'ignore'],
    detached: true, // Ctrl-C at a terminal reaches us, and we end QEMU
  });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    complaints = (complaints + chunk).slice(0, STDERR_LIMIT);
  });
  const release = reapWithUs(child, directory);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`did not start: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`),
    );
  });
  await stream?.close();
  const console = new ConsoleLog(consoleFile);
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    console.close();
    release();
    await rm(directory, { recursive: true, force: true });
  };
  if (child.pid === undefined) {
    const how = await exited;
    await end();
    throw new TargetError(
      `expected ${file} to start, it ${how}; install the package ${spec.machine.qemu.package}`,
    );
  }
  await writeFile(join(directory, PID_FILE), `${child.pid}\n`);
  const port = socketOf(child, PORT_FD);
  // Writing to a QEMU that has just died is no error of its own: the channel sees the end of the stream.
  port.on('error', () => undefined);
  return {
    pid: child.pid,
    directory,
    port,
    qmp: new Qmp(socketOf(child, QMP_FD)),
    console,
    exited,
    complaints: () => complaints.trim(),
    end,
  };
}
