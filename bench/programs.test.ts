// SPDX-License-Identifier: GPL-2.0-only
import { expect, it } from 'vitest';
import { expandSuite } from '../harness/suite/expand.js';
import { loadSuites } from '../harness/suite/load.js';
import { lower } from '../harness/lower/lower.js';
import { ARCHES } from '../harness/uapi/arch.js';
import { d0Mainline } from '../harness/uapi/profiles/d0-mainline.js';
import { packagePath } from '../kernels/build/root.js';

it.each(ARCHES)('loads, expands and lowers both programs for %s', (arch) => {
  const context = { arch, profile: d0Mainline, pageSize: 4096 };
  const points = loadSuites([packagePath('bench', 'programs.yaml')]).flatMap((s) => expandSuite(s, context));
  expect(points.map((p) => p.id)).toEqual(['bench/programs/memory', 'bench/programs/vcpu']);
  for (const { program } of points) {
    expect(lower(program, { ...context, timeoutMs: 1000 }).wire.ops.length).toBeGreaterThan(4);
  }
});
