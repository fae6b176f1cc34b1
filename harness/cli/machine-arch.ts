// SPDX-License-Identifier: GPL-2.0-only
import { hostArch } from '../../kernels/build/machine.js';
import { TargetError } from '../target/executor.js';
import type { Arch } from '../uapi/arch.js';

/** The architecture of this machine. @throws TargetError for one without tables */
export function machineArch(): Arch {
  const arch = hostArch();
  if (!arch) throw new TargetError(`expected an x86_64 or aarch64 machine, this is ${process.arch}`);
  return arch;
}
