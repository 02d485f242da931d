// Where the map's machines stand: a ring as a ring, all else in tiers, what does not hang together side by side. Pure:
// the same plan gives the same drawing, and where a plan changes the order on screen stays as far as it can.

import { compareNames } from './model.js';
import { order } from './order.js';
import { adjacency, components, ringWithLeaves, tiers } from './tiers.js';

/**
 * @typedef {{x: number, y: number, w: number, h: number, shape: 'tier' | 'ring' | 'own' | 'left' | 'right', tier:
 *   number}} Box
 *   the middle of a machine and its size
 * @typedef {{boxes: Map<string, Box>, x: number, y: number, width: number, height: number}} Layout
 */

const BOX_HEIGHT = 38;
const GAP = 26;
/** From here on the cables of a fabric are a weave: machines count, not ports, and those that pass step back. */
export const CROWD = 400;
/**
 * A tier wider than this goes on in a second row, so that the whole has about a screen's shape: on a line of a hundred
 * machines no name can be read.
 */
const widest = (nodes, crowd) => Math.min(3200, (crowd ? 1300 : 1600) * Math.max(1, Math.sqrt(nodes / 60)));

/**
 * @param {string} name
 * @param {number} ends how many cables leave one side
 * @param {number} [least]
 * @returns {number}
 */
export function boxWidth(name, ends, least = 64) {
  const text = Math.min(Array.from(name).length, 18) * 7.6 + 26;
  return Math.max(least, text, Math.min(ends * 12 + 12, 216));
}

/**
 * @param {Array<{name: string, function?: string, stranger: boolean}>} nodes
 * @param {Array<{a: {node: string}, b: {node: string}, planned: boolean}>} cables
 * @param {{before?: Map<string, Box>, narrow?: boolean}} [options] where they stood; whether the screen is narrow
 * @returns {Layout}
 */
export function layout(nodes, cables, { before = new Map(), narrow = false } = {}) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  // The plan says who stands where: a plug in a wrong port moves no machine. Whom it does not know stands near whom he
  // is cabled to.
  const counts = ({ a, b, planned }) => planned || [a, b].some(({ node }) => byName.get(node).stranger);
  const near = adjacency(nodes, cables.filter(counts));
  const degrees = new Map(nodes.map((node) => [node.name, 0]));
  for (const { a, b } of cables) for (const { node } of [a, b]) degrees.set(node, (degrees.get(node) ?? 0) + 1);
  // In a crowd names count, not ports: these can be read closer to.
  const crowd = cables.length > CROWD;
  const width = (name) =>
    boxWidth(name, crowd && degrees.get(name) < 40 ? 0 : degrees.get(name) * 0.75, byName.get(name).agent ? 96 : 64);
  const parts = components(near).map((members) => {
    const circle = ringWithLeaves(members, near);
    const functions = new Set([...(circle ?? new Map()).keys()].map((name) => byName.get(name).function));
    return functions.size === 1
      ? placeRing(circle, width, narrow)
      : placeTiers(
          members.map((name) => byName.get(name)),
          near,
          { width, before, crowd },
        );
  });
  return pack(parts);
}

/** What hangs from a machine of the ring stands outside of it, on a second ring. */
function placeRing(circle, width, narrow) {
  const names = [...circle.keys()];
  const widest = Math.max(...names.map(width));
  const around = names.length * (widest + 70);
  const [rx, ry] = narrow
    ? [Math.max(160, around / 7.6), Math.max(210, around / 5.4)]
    : [Math.max(330, around / 5.2), Math.max(180, around / 7.6)];
  const most = Math.max(...[...circle.values()].map((leaves) => leaves.length));
  const widestLeaf = Math.max(0, ...[...circle.values()].flat().map(width));
  // Neighbors so far apart that they do not overlap, on the flat part of the ring or on the steep one.
  const step = (2 * Math.PI) / (names.length * most);
  const outer = [
    Math.max(rx + widest + 100, (1.5 * (widestLeaf + GAP)) / step),
    Math.max(ry + 150, (1.5 * (BOX_HEIGHT + GAP)) / step),
  ];
  const boxes = new Map();
  const place = (name, angle, [x, y]) =>
    boxes.set(name, {
      x: Math.cos(angle) * x,
      y: Math.sin(angle) * y,
      w: width(name),
      h: BOX_HEIGHT,
      shape: 'ring',
      tier: 0,
    });
  names.forEach((name, i) => {
    // The first and second at the top, clockwise.
    const angle = ((i - 0.5) / names.length) * 2 * Math.PI - Math.PI / 2;
    place(name, angle, [rx, ry]);
    const leaves = circle.get(name);
    leaves.forEach((leaf, j) => place(leaf, angle + (j - (leaves.length - 1) / 2) * step, outer));
  });
  return boxes;
}

function placeTiers(nodes, near, { width, before, crowd }) {
  const heights = tiers(nodes, near);
  const rows = Array.from({ length: Math.max(...heights.values()) + 1 }, () => []);
  for (const { name } of nodes) rows[heights.get(name)].push(name);
  const known = (name) => before.get(name)?.x;
  for (const row of rows) {
    row.sort(
      (a, b) => (known(a) !== undefined && known(b) !== undefined ? known(a) - known(b) : 0) || compareNames(a, b),
    );
  }
  const ordered = order(rows, near);
  const cells = ordered.map((row) => Math.max(...row.map(width)) + GAP);
  const lines = ordered.map((row, i) => Math.ceil((row.length * cells[i]) / widest(nodes.length, crowd)));
  const columns = ordered.map((row, i) => Math.ceil(row.length / lines[i]));
  const whole = Math.max(...columns.map((count, i) => count * cells[i]));
  const between = Math.min(520, Math.max(150, whole * 0.17));
  // Between the rows of a tier the names of ports are written: below the upper row too, unless that is the lowest tier.
  const step = ordered.map((_, tier) => BOX_HEIGHT + (crowd ? GAP : tier > 0 ? 100 : 62));
  const boxes = new Map();
  let y = 0;
  ordered.forEach((row, tier) => {
    const cell = whole / columns[tier];
    row.forEach((name, i) => {
      // One below the other, each a little further right, so that a cable to a lower one shows beside the upper one.
      const [column, line] = [Math.floor(i / lines[tier]), i % lines[tier]];
      const x = (column + (line + 1) / (lines[tier] + 1)) * cell;
      boxes.set(name, { x, y: y + line * step[tier], w: width(name), h: BOX_HEIGHT, shape: 'tier', tier });
    });
    y -= between;
    if (tier + 1 < lines.length) y -= (lines[tier + 1] - 1) * step[tier + 1];
  });
  return boxes;
}

/** Side by side, in shelves about as wide as the widest part or as a screen is. */
function pack(parts) {
  const framed = parts.map((boxes) => ({ boxes, ...frame(boxes) }));
  const area = framed.reduce((sum, part) => sum + (part.width + 80) * (part.height + 80), 0);
  const limit = Math.max(Math.sqrt(area * 1.7), ...framed.map((part) => part.width));
  const boxes = new Map();
  let [x, y, shelf] = [0, 0, 0];
  for (const part of framed) {
    if (x > 0 && x + part.width > limit) [x, y, shelf] = [0, y + shelf + 80, 0];
    for (const [name, box] of part.boxes) boxes.set(name, { ...box, x: box.x - part.x + x, y: box.y - part.y + y });
    x += part.width + 80;
    shelf = Math.max(shelf, part.height);
  }
  return { boxes, ...frame(boxes) };
}

/**
 * @param {Map<string, Box>} boxes
 * @returns {{x: number, y: number, width: number, height: number}} what holds them all
 */
export function frame(boxes) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, w, h } of boxes.values()) {
    left = Math.min(left, x - w / 2);
    right = Math.max(right, x + w / 2);
    top = Math.min(top, y - h / 2);
    bottom = Math.max(bottom, y + h / 2);
  }
  return boxes.size === 0
    ? { x: 0, y: 0, width: 1, height: 1 }
    : { x: left, y: top, width: right - left, height: bottom - top };
}
