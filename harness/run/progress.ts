// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord } from '../judge/verdict.js';

/** Milliseconds between two signs of life where there is no terminal to redraw. */
const HEARTBEAT_MS = 8000;
const REDRAW_MS = 100;

/** Says on stderr how far a run is: a line that redraws itself on a terminal, else one now and then. */
export class RunProgress {
  private done = 0;
  private bad = 0;
  private last = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private current = '';
  private part = '';

  constructor(
    private readonly total: number,
    private readonly out: NodeJS.WriteStream = process.stderr,
  ) {
    // A point may take long by itself: the heartbeat does not wait for it to end.
    if (!out.isTTY) this.timer = setInterval(() => this.say(), HEARTBEAT_MS).unref();
  }

  /** A point begins. */
  begin(id: string): void {
    this.current = id;
    this.part = '';
    if (this.out.isTTY && performance.now() - this.last > REDRAW_MS) this.say();
  }

  /** One of several rounds of the point begins. */
  round(number: number, of: number): void {
    this.part = ` (round ${number} of ${of})`;
    if (this.out.isTTY && performance.now() - this.last > REDRAW_MS) this.say();
  }

  /** A point ended. */
  end(record: CaseRecord): void {
    this.done++;
    if (record.verdict !== 'pass' && record.verdict !== 'skip' && record.verdict !== 'xfail') this.bad++;
  }

  /** Nothing more will be said; the line of a terminal is cleared. */
  close(): void {
    clearInterval(this.timer);
    if (this.out.isTTY) this.out.write('\r\x1b[K');
  }

  private say(): void {
    this.last = performance.now();
    const text = `${this.done}/${this.total} points, ${this.bad} unexpected, now ${this.current}${this.part}`;
    if (this.out.isTTY) this.out.write(`\r\x1b[K${text.slice(0, (this.out.columns || 80) - 1)}`);
    else this.out.write(`${text}\n`);
  }
}
