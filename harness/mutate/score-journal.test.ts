// SPDX-License-Identifier: GPL-2.0-only
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ScoreJournal } from './score-journal.js';

const path = (): string => join(mkdtempSync(join(tmpdir(), 'scores-')), 'deep', 'x.ndjson');

describe('a journal of scores', () => {
  it('gives an interrupted run back what it had', () => {
    const file = path();
    new ScoreJournal(file, 'k').record({ id: 'a', verdict: 'killed', by: 'p' });
    const again = new ScoreJournal(file, 'k');
    expect(again.get('a')).toEqual({ id: 'a', verdict: 'killed', by: 'p' });
    expect(again.ids()).toEqual(['a']);
  });

  it('forgets scores of other suites, and all when asked', () => {
    const file = path();
    new ScoreJournal(file, 'k').record({ id: 'a', verdict: 'survived' });
    expect(new ScoreJournal(file, 'other').ids()).toEqual([]);
    expect(new ScoreJournal(file, 'k').ids()).toEqual([]);
    const fresh = new ScoreJournal(file, 'k');
    fresh.record({ id: 'b', verdict: 'survived' });
    expect(new ScoreJournal(file, 'k', true).ids()).toEqual([]);
  });

  it('drops a last line that was cut, and goes on after it', () => {
    const file = path();
    new ScoreJournal(file, 'k').record({ id: 'a', verdict: 'survived' });
    appendFileSync(file, '{"id":"b","verd');
    const again = new ScoreJournal(file, 'k');
    again.record({ id: 'c', verdict: 'survived' });
    expect(new ScoreJournal(file, 'k').ids()).toEqual(['a', 'c']);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(4);
  });
});
