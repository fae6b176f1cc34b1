// SPDX-License-Identifier: GPL-2.0-only
/** The static agent as a child of the harness: the running kernel, with fork and real signals. */
import { agentCompiler, buildAgent, machineArch } from '../../kernels/build/agent.js';
import type { WireHello, WireProgram } from '../lower/wire.js';
import { ChildChannel } from './child-channel.js';
import { type Execution, type Executor, TargetError } from './executor.js';
import { Respawner } from './respawner.js';

/** Milliseconds the agent may take to say hello on a loaded machine. */
const HELLO_MS = 10_000;
/**
 * Milliseconds beyond the program's own limit after which the agent itself counts as dead: it waits up to 2 s
 * for a killed child and 2 s for the rest of its process group before it answers `stuck`.
 */
const GRACE_MS = 8_000;

export interface AgentOptions {
  /** A ready-made agent; default: build it for this machine. */
  path?: string;
  /** Additional environment variables of the agent. */
  env?: Record<string, string>;
  /** Milliseconds beyond the program's limit until the agent is given up; default 8000. */
  graceMs?: number;
}

/** Executes programs in children of an agent that is started on demand and again after it died. */
export class AgentExecutor implements Executor {
  readonly name = 'agent';
  readonly #options: AgentOptions;
  readonly #process = new Respawner(() => this.#spawn(), HELLO_MS);
  #facts: Record<string, string> = {};

  constructor(options: AgentOptions = {}) {
    this.#options = options;
  }

  start(): Promise<WireHello> {
    return this.#process.start();
  }

  /** @throws TargetError with scope `program` when the agent dies, answers nonsense, or refuses. */
  async run(program: WireProgram): Promise<Execution> {
    const deadlineMs = program.timeoutMs + (this.#options.graceMs ?? GRACE_MS);
    return { reply: await this.#process.run(program, deadlineMs) };
  }

  facts(): Record<string, string> {
    return this.#facts;
  }

  console(): string {
    return '';
  }

  close(): Promise<void> {
    return this.#process.close();
  }

  async #spawn(): Promise<ChildChannel> {
    const path = this.#options.path ?? (await this.#build());
    return new ChildChannel('agent', path, [], { env: this.#options.env });
  }

  async #build(): Promise<string> {
    const arch = machineArch();
    if (!arch) {
      throw new TargetError(`Expected an x86_64 or aarch64 machine for the agent, got ${process.arch}`);
    }
    const { path, sha256 } = await buildAgent(arch);
    this.#facts = { agent: sha256, agentCompiler: agentCompiler(arch).command };
    return path;
  }
}
