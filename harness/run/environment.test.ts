// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IDENTITY } from '../report/records.test-helper.js';
import { canonicalJson } from './canonical-json.js';
import { collectEnvironment, stableEnvironment, writeEnvironment } from './environment.js';
import { readFacts, readHostFacts } from './facts.js';
import { hashTree, suitesFacts } from './provenance.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gmemcheck-environment-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(files: Record<string, string | Uint8Array>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

const CONFIG = '# CONFIG_KVM_INTEL is not set\nCONFIG_KVM=y\nCONFIG_KVM_AMD=m\nCONFIG_LOCALVERSION=""\n';

const AMD = {
  'proc/sys/kernel/osrelease': '7.3.4\n',
  'proc/sys/kernel/version': '#1 SMP Fri Nov 20 10:00:00 UTC 2026\n',
  'proc/sys/kernel/tainted': '0\n',
  'proc/config.gz': gzipSync(CONFIG),
  'sys/module/kvm/parameters/tdp_mmu': 'Y\n',
  'sys/module/kvm/parameters/halt_poll_ns': '200000\n',
  'sys/module/kvm_amd/parameters/npt': '1\n',
  'sys/module/irqbypass/refcnt': '1\n',
  'sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n',
  'sys/devices/system/cpu/online': '0-1\n',
  'proc/cpuinfo':
    'processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nstepping\t: 1\nmicrocode\t: 0x1000065\n\nprocessor\t: 1\nmodel name\t: other\n',
};

describe('readHostFacts', () => {
  it('reads release, configuration, KVM and CPU of an x86 machine', async () => {
    put(AMD);
    expect(await readHostFacts(root)).toEqual({
      release: '7.3.4',
      version: '#1 SMP Fri Nov 20 10:00:00 UTC 2026',
      tainted: '0',
      config: {
        source: '/proc/config.gz',
        sha256: 'ca05f1fa093ef93b9461121516fccfec1857a1ec759ee5e6005c275d18a7c2bb',
        options: { KVM: 'y', KVM_AMD: 'm', LOCALVERSION: '""' },
      },
      kvm: {
        backend: 'kvm_amd',
        modules: ['kvm', 'kvm_amd'],
        parameters: { kvm: { halt_poll_ns: '200000', tdp_mmu: 'Y' }, kvm_amd: { npt: '1' } },
      },
      cpu: {
        vendor: 'AuthenticAMD',
        model: 'AMD EPYC',
        microcode: '0x1000065',
        online: '0-1',
        identification: 'family 25 model 17 stepping 1',
      },
      transparentHugepage: 'always [madvise] never',
    });
  });

  it('names an Arm core, and KVM itself as its backend', async () => {
    put({
      'sys/module/kvm/parameters/halt_poll_ns': '500000\n',
      'proc/cpuinfo': 'processor\t: 0\nCPU implementer\t: 0x00\nCPU variant\t: 0x0\nCPU part\t: 0x051\n',
    });
    const { kvm, cpu } = await readHostFacts(root);
    expect(kvm.backend).toBe('kvm');
    expect(cpu).toEqual({ identification: 'implementer 0x00 variant 0x0 part 0x051' });
  });

  it('names whatever other backend there is', async () => {
    put({ 'sys/module/kvm/x': '', 'sys/module/kvm_pvm/parameters/stats': 'N\n' });
    expect((await readHostFacts(root)).kvm.backend).toBe('kvm_pvm');
  });

  it('takes the configuration of the distribution when the kernel has none', async () => {
    put({ 'proc/sys/kernel/osrelease': '6.1.0\n', 'boot/config-6.1.0': CONFIG });
    expect((await readHostFacts(root)).config?.source).toBe('/boot/config-6.1.0');
  });

  it('leaves out what does not exist, and a damaged configuration', async () => {
    put({ 'proc/config.gz': gzipSync(CONFIG).subarray(0, 30) });
    expect(await readHostFacts(root)).toEqual({ kvm: { modules: [], parameters: {} }, cpu: {} });
  });
});

describe('readFacts', () => {
  it('reads a guest through its agent, with the configuration it was built with', async () => {
    const files = new Map([['/proc/sys/kernel/osrelease', '7.3.4\n']]);
    const facts = await readFacts(
      { readFile: (path) => Promise.resolve(files.get(path)), listDir: () => Promise.resolve(undefined) },
      CONFIG,
    );
    expect(facts).toMatchObject({ release: '7.3.4', config: { source: 'build', options: { KVM: 'y' } } });
  });
});

async function collect(): ReturnType<typeof collectEnvironment> {
  put({ ...AMD, 'suites/a.yaml': 'a\n', agent: 'ELF' });
  return collectEnvironment({
    identity: IDENTITY,
    profileReason: 'KVM_CAP_USER_MEMORY2 is present',
    kernel: await readHostFacts(root),
    files: { agent: join(root, 'agent'), kernel: undefined },
    executor: { accelerator: 'tcg', qemu: '7.2.22', bootMs: '812', runDir: '/tmp/x', snapshot: 'used' },
    suites: join(root, 'suites'),
    version: '0.1.0',
    startedAt: '2026-11-21T00:35:00.000Z',
  });
}

describe('collectEnvironment', () => {
  it('hashes the files that exist and names the versions', async () => {
    expect(await collect()).toMatchObject({
      schema: 1,
      hashes: { agent: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      gmemcheck: '0.1.0',
      node: process.version,
    });
  });

  it('is written once, as sorted JSON', async () => {
    const environment = await collect();
    const path = join(root, 'environment.json');
    await writeEnvironment(path, environment);
    expect(readFileSync(path, 'utf8')).toBe(canonicalJson(environment));
    await expect(writeEnvironment(path, environment)).rejects.toThrow('EEXIST');
  });
});

describe('stableEnvironment', () => {
  it('keeps only what the next run on the same kernel will say again', async () => {
    const text = canonicalJson(stableEnvironment(await collect()));
    expect(JSON.parse(text)).toMatchObject({
      executor: { accelerator: 'tcg', qemu: '7.2.22' },
      kernel: { release: '7.3.4', config: { options: { KVM: 'y', KVM_AMD: 'm' } } },
    });
    expect(text).not.toMatch(/bootMs|runDir|snapshot|2026|LOCALVERSION|revision|"node"/);
  });
});

describe('suitesFacts', () => {
  it('depends on names and contents of suites, and on nothing else', async () => {
    put({ 's/a.yaml': '1', 's/b/c.yaml': '2', 's/README.md': 'x' });
    const before = await hashTree(join(root, 's'));
    put({ 's/README.md': 'y' });
    expect(await hashTree(join(root, 's'))).toBe(before);
    put({ 's/b/c.yaml': '3' });
    expect(await hashTree(join(root, 's'))).not.toBe(before);
  });

  it('names the commit, and whether the suites differ from it', async (context) => {
    const probe = await execa('git', ['--version'], { reject: false });
    if (probe.failed) return context.skip('git is not installed');
    const git = (...args: string[]): Promise<unknown> =>
      execa('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);
    put({ 's/a.yaml': '1', other: '1' });
    expect(await suitesFacts(join(root, 's'))).toEqual({ sha256: await hashTree(join(root, 's')) });
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-q', '-m', 'x');
    put({ other: '2' });
    expect(await suitesFacts(join(root, 's'))).toMatchObject({ dirty: false });
    put({ 's/a.yaml': '2' });
    const facts = await suitesFacts(join(root, 's'));
    expect(facts).toMatchObject({ dirty: true });
    expect(facts.revision).toMatch(/^[0-9a-f]{40}$/);
  });
});
