// Where things stand on an agent's own page: its machine in the middle, a row for each of its cables, the neighbors
// left
// and right (on a narrow screen all on the right). Pure.

import { boxWidth, frame } from './layout.js';

/**
 * @param {import('./model.js').Model} model
 * @param {boolean} narrow
 * @returns {import('./layout.js').Layout & {rows: Map<string, {side: number, y: number}>}}
 */
export function panel(model, narrow) {
  const own = model.server.node;
  const groups = new Map();
  for (const cable of model.cables.values()) {
    const far = cable.a.node === own ? cable.b.node : cable.a.node;
    groups.set(far, [...(groups.get(far) ?? []), cable]);
  }
  const total = model.cables.size;
  // A switch's 64 ports are to be seen, and read, at once.
  const [row, gap] = total > 24 ? [20, 2] : total > 12 ? [36, 14] : [52, 14];
  const sides = [[], []];
  let filled = 0;
  for (const group of groups) {
    // A neighbor stands on one side, whole.
    const side = narrow || filled + group[1].length / 2 >= total / 2 ? 1 : 0;
    sides[side].push(group);
    filled += group[1].length;
  }
  if (sides[1].length === 0) sides.reverse();
  const ownWidth = narrow ? 78 : Math.max(110, boxWidth(own, 0));
  const reach = narrow ? 122 : total > 24 ? 320 : 240;
  const farWidth = narrow ? 104 : 150;
  const boxes = new Map();
  const rows = new Map();
  const height = (side) => side.reduce((sum, [, cables]) => sum + cables.length * row + gap, -gap);
  const tallest = Math.max(row, ...sides.filter((side) => side.length > 0).map(height));
  boxes.set(own, { x: 0, y: 0, w: ownWidth, h: tallest + 24, shape: 'own', tier: 1 });
  sides.forEach((side, i) => {
    const sign = i === 0 ? -1 : 1;
    let top = -height(side) / 2;
    for (const [far, cables] of side) {
      const h = cables.length * row;
      // A machine cabled to itself is drawn once; its cable is a loop (see cables.js).
      if (far !== own)
        boxes.set(far, {
          x: sign * (ownWidth / 2 + reach + farWidth / 2),
          y: top + h / 2,
          w: farWidth,
          h: total > 24 ? h - 2 : Math.max(38, h - 12),
          shape: i === 0 ? 'left' : 'right',
          tier: 0,
        });
      cables.forEach((cable, at) => rows.set(cable.id, { side: sign, y: top + (at + 0.5) * row }));
      top += h + gap;
    }
  });
  return { boxes, rows, ...frame(boxes) };
}
