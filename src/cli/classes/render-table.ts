// Columns under each other, as kubectl prints them. A cell stays on its line, whatever is in it.

import { withoutControls } from '../../core/finding.js';

/** Lines of a table; each column is as wide as its widest cell, the last one ends with its text. */
export function renderTable(head: readonly string[], cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(withoutControls));
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  return [head, ...rows].map((row) => row.map((cell, at) => cell.padEnd(widths[at]!)).join('   ').trimEnd());
}
