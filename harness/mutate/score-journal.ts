// SPDX-License-Identifier: GPL-2.0-only
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Score } from './scoreboard.js';

/**
 * Scores as they come, one JSON line each, so that an interrupted run goes on where it was. A file of other
 * faults or suites, told by its key, is begun anew; a last line that was cut is dropped.
 */
export class ScoreJournal {
  private readonly scores = new Map<string, Score>();

  /**
   * @param path created with its directory when it is not there
   * @param key of everything that a score depends on
   * @param fresh forget what is recorded
   */
  constructor(
    private readonly path: string,
    key: string,
    fresh = false,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    const [head, ...lines] = existsSync(path) && !fresh ? readFileSync(path, 'utf8').split('\n') : [];
    if (head !== keyLine(key)) {
      writeFileSync(path, `${keyLine(key)}\n`);
      return;
    }
    for (const line of lines) {
      const score = parsed(line);
      if (score) this.scores.set(score.id, score);
    }
    // A cut line would swallow the next one.
    const rest = [...this.scores.values()].map((s) => `${JSON.stringify(s)}\n`);
    writeFileSync(path, [`${keyLine(key)}\n`, ...rest].join(''));
  }

  get(id: string): Score | undefined {
    return this.scores.get(id);
  }

  /** Faults that have a score. */
  ids(): string[] {
    return [...this.scores.keys()];
  }

  record(score: Score): void {
    this.scores.set(score.id, score);
    appendFileSync(this.path, `${JSON.stringify(score)}\n`);
  }
}

const keyLine = (key: string): string => JSON.stringify({ key });

function parsed(line: string): Score | undefined {
  try {
    const score = JSON.parse(line) as Partial<Score>;
    return typeof score.id === 'string' && typeof score.verdict === 'string' ? (score as Score) : undefined;
  } catch {
    return undefined;
  }
}
