// The matrix's cells: which machines are its rows and columns, and the worst status of the cables of each pair. Pure.

import { compareNames } from './model.js';
import { adjacency, tiers } from './tiers.js';
import { worstFirst } from './words.js';

/**
 * @typedef {{row: number, column: number, names: [string, string], status: string, cables: number, failing: number}}
 *   Cell
 * @typedef {{rows: string[], columns: string[], cells: Cell[], byCable: Map<string, Cell>}} Grid
 */

/**
 * Of each cable the machine of the higher tier is in a row and the other one in a column.
 * @param {import('./model.js').Model} model @returns {Grid}
 */
export function grid(model) {
  const nodes = [...model.nodes.values()];
  const heights = tiers(nodes, adjacency(nodes, [...model.cables.values()]));
  const above = (x, y) => heights.get(y) - heights.get(x) || compareNames(x, y);
  const pairs = [...model.cables.values()].map((cable) => ({ cable, names: [cable.a.node, cable.b.node].sort(above) }));
  const rows = [...new Set(pairs.map(({ names }) => names[0]))].sort(above);
  const columns = [...new Set(pairs.map(({ names }) => names[1]))].sort(above);
  const [rowOf, columnOf] = [rows, columns].map((names) => new Map(names.map((name, i) => [name, i])));
  const cells = new Map();
  const byCable = new Map();
  for (const { cable, names } of pairs) {
    const [row, column] = [rowOf.get(names[0]), columnOf.get(names[1])];
    const key = row * columns.length + column;
    let cell = cells.get(key);
    if (!cell) cells.set(key, (cell = { row, column, names, status: 'pass', cables: 0, failing: 0 }));
    byCable.set(cable.id, cell);
  }
  const out = {
    rows,
    columns,
    cells: [...cells.values()].sort((x, y) => x.row - y.row || x.column - y.column),
    byCable,
  };
  judge(out, model);
  return out;
}

/** Brings every cell's status up to date. @param {Grid} grid @param {import('./model.js').Model} model */
export function judge({ cells, byCable }, model) {
  for (const cell of cells) [cell.status, cell.cables, cell.failing] = ['pass', 0, 0];
  for (const cable of model.cables.values()) {
    const cell = byCable.get(cable.id);
    if (!cell) continue;
    cell.cables++;
    if (cable.status === 'fail') cell.failing++;
    if (worstFirst(cable.status, cell.status) < 0) cell.status = cable.status;
  }
}

/**
 * The next cell from one, by an arrow key.
 * @param {Grid} grid
 * @param {Cell | null} from
 * @param {string} key
 * @returns {Cell | null}
 */
export function step({ cells }, from, key) {
  if (cells.length === 0) return null;
  if (!from || key === 'Home') return cells[0];
  if (key === 'End') return cells[cells.length - 1];
  const at = cells.indexOf(from);
  if (key === 'ArrowRight') return cells[Math.min(at + 1, cells.length - 1)];
  if (key === 'ArrowLeft') return cells[Math.max(at - 1, 0)];
  // Up and down to the next row, to the cable nearest in it.
  const down = key === 'ArrowDown';
  const others = cells.filter((cell) => (down ? cell.row > from.row : cell.row < from.row));
  if (others.length === 0) return from;
  const row = down ? others[0].row : others[others.length - 1].row;
  return others
    .filter((cell) => cell.row === row)
    .reduce((best, cell) => (Math.abs(cell.column - from.column) < Math.abs(best.column - from.column) ? cell : best));
}
