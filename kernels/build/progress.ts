// SPDX-License-Identifier: GPL-2.0-only

/** What a long operation is doing. */
export interface Progress {
  /** e.g. `fetching linux-source-7.3`, `compiling`. */
  phase: string;
  /** Objects made so far, while compiling. */
  objects?: number;
}

export type OnProgress = (progress: Progress) => void;

/** The part of a stream that is needed to show progress. */
interface Terminal {
  isTTY?: boolean;
  write(text: string): unknown;
}

const TICK_MS = 1_000;
const HEARTBEAT_MS = 10_000;

function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/**
 * Shows progress: one line that changes on a terminal, elsewhere a line per phase and a heartbeat every
 * ten seconds. Call {@link ProgressLine.end} in any case.
 */
export class ProgressLine {
  private readonly began = Date.now();
  private shownAt = 0;
  private current: Progress | undefined;
  private readonly timer: NodeJS.Timeout;

  /** @param label begins every line, e.g. `mainline-7.3 x86_64`. */
  constructor(
    private readonly label: string,
    private readonly terminal: Terminal = process.stderr,
  ) {
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  readonly update: OnProgress = (progress) => {
    const changed = progress.phase !== this.current?.phase;
    this.current = progress;
    if (changed) this.show();
  };

  /** Stop; on a terminal the changing line goes away. */
  end(): void {
    clearInterval(this.timer);
    if (this.terminal.isTTY === true && this.current) this.terminal.write('\r\x1b[K');
  }

  private tick(): void {
    if (this.terminal.isTTY === true || Date.now() - this.shownAt > HEARTBEAT_MS - TICK_MS) this.show();
  }

  private show(): void {
    if (!this.current) return;
    this.shownAt = Date.now();
    const { phase, objects } = this.current;
    const count = objects === undefined ? '' : `, ${objects} objects`;
    const line = `${this.label}: ${phase}${count}, ${elapsed(this.shownAt - this.began)}`;
    this.terminal.write(this.terminal.isTTY === true ? `\r\x1b[K${line}` : `${line}\n`);
  }
}
