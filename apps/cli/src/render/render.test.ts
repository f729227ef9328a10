import { describe, expect, it } from 'vitest';
import { displayWidth, formatBinaryBytes, formatClock, formatPercent, formatSpan, printable } from './format.ts';
import { goModeText } from './node-text.ts';
import { bar, ProgressLines } from './progress.ts';
import { goTimeText } from './snapshot-text.ts';
import { renderTable } from './table.ts';

describe('figures', () => {
  it("prints sizes in restic's form", () => {
    expect([0, 955, 1024, 1689, 314_572_800, 2 ** 40].map(formatBinaryBytes)).toEqual([
      '0 B',
      '955 B',
      '1.000 KiB',
      '1.649 KiB',
      '300.000 MiB',
      '1.000 TiB',
    ]);
  });

  it('prints clocks, parts and spans', () => {
    expect([0.9, 67, 3723].map(formatClock)).toEqual(['0:00', '1:07', '1:02:03']);
    expect([formatPercent(1, 3), formatPercent(9, 3), formatPercent(0, 0)]).toEqual(['33.33%', '100.00%', '100.00%']);
    expect([0.25, 7.04, 89, 7200, 12_000, 200_000].map(formatSpan)).toEqual(['0.25 s', '7.0 s', '89 s', '2 h', '3 h 20 min', '2 d 7 h']);
  });

  it('counts columns, not characters', () => {
    expect([displayWidth('abc'), displayWidth('日本'), displayWidth('e\u0301')]).toEqual([3, 4, 1]);
  });

  it('shows control characters of names instead of sending them to the terminal', () => {
    expect(printable('plain ä')).toBe('plain ä');
    expect(printable('a\u001b[31mb\n')).not.toMatch(/\p{Cc}/u);
  });

  it('prints modes and times as Go does', () => {
    expect([0o644, 0o20000000000 + 0o755, 2 ** 23 + 0o755, 2 ** 26 + 2 ** 21 + 0o620].map(goModeText)).toEqual([
      '-rw-r--r--',
      'drwxr-xr-x',
      'urwxr-xr-x',
      'Dcrw--w----',
    ]);
    expect(goTimeText(1_795_250_436_456_719_839n, 0)).toBe('2026-11-21 08:40:36.456719839 +0000 UTC');
    expect(goTimeText(1_795_250_436_000_000_000n, -34_200)).toBe('2026-11-20 23:10:36 -0930 -0930');
  });
});

describe('tables', () => {
  it('lines up columns and lets cells have several lines', () => {
    const text = renderTable(
      [
        { title: 'ID', cell: ({ id }: { id: string; paths: string[] }) => id },
        { title: 'Paths', cell: ({ paths }) => paths },
      ],
      [{ id: 'a', paths: ['/x', '/yy'] }],
      ['1 snapshots'],
    );
    expect(text).toBe('ID  Paths\n---------\na   /x\n    /yy\n---------\n1 snapshots\n');
  });
});

describe('progress lines', () => {
  const sinkOf = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, sink: { isTTY, columns: 20, write: (text: string | Uint8Array) => written.push(String(text)) } };
  };

  it('draws nothing where there is no terminal', () => {
    const { sink, written } = sinkOf(false);
    const lines = new ProgressLines(sink, () => 0);
    lines.show(() => ['working']);
    lines.above('said\n');
    expect(written).toEqual(['said\n']);
  });

  it('draws over itself, not too often, and goes away for what stays', () => {
    const { sink, written } = sinkOf(true);
    let now = 0;
    const lines = new ProgressLines(sink, () => now, 10);
    lines.show(() => ['one']);
    lines.show(() => ['too soon']);
    now = 200;
    lines.show(() => ['a line that is much too long for this terminal']);
    lines.above('stays\n');
    expect(written).toEqual(['\x1b[Jone\n', '\x1b[1A\x1b[Ja line that is muc…\n', '\x1b[1A\x1b[J', 'stays\n']);
  });

  it('draws bars that end where the work does', () => {
    expect([bar(0, 0, 4), bar(1, 2, 4), bar(9, 2, 4)]).toEqual(['[....]', '[##..]', '[####]']);
  });
});
