// Where the cables that are not as planned really go: dotted lines from port to port. Pure.

import { outward, point, strayPath } from './cables.js';

/** More lines than these hide what they should show; who wants to see one chooses its finding. */
const MOST = 60;

/**
 * @param {import('./model.js').Model} model
 * @param {import('./layout.js').Layout} layout
 * @param {Map<string, import('./cables.js').Run>} runs
 * @returns {Array<{cables: string[], d?: string, ends?: Array<[number, number]>, text?: string, x?: number, y?:
 *   number}>}
 */
export function strays(model, layout, runs) {
  const out = [];
  const told = new Set();
  for (const cable of model.cables.values()) {
    if (cable.status !== 'fail' || !cable.planned) continue;
    for (const end of [cable.a, cable.b]) {
      const { verdict } = end;
      if (!verdict?.observed || verdict.status !== 'fail') continue;
      const from = port(end, runs);
      if (!from) continue;
      const seen = model.resolve(verdict.observed);
      const pair = [end.key, seen?.key ?? verdict.observed].sort().join('\n');
      if (told.has(pair)) continue;
      told.add(pair);
      // Both ends may see each other; a cable between them, of the plan or not, is drawn already.
      if (seen && (seen.cable === cable || model.far(seen).key === end.key)) continue;
      const box = layout.boxes.get((seen ? model.nodes.get(seen.node) : model.resolveNode(verdict.observed))?.name);
      const to = (seen && port(seen, runs)) ?? (box ? corner(box, from.at) : null);
      const stray = { cables: seen ? [cable.id, seen.cable.id] : [cable.id] };
      if (to) Object.assign(stray, { d: strayPath(from.at, to.at, from.out, to.out), ends: [from.at, to.at] });
      if (!seen || !to) {
        const [x, y] = point(runs.get(cable.id), 0.5);
        const above = to && to.at[0] < from.at[0];
        Object.assign(stray, { text: `found ${verdict.observed}`, x, y: y + (above ? -22 : 22) });
      }
      out.push(stray);
      if (out.length >= MOST) return out;
    }
  }
  return out;
}

/** Where a port is in the drawing, and which way it looks. */
function port(end, runs) {
  const run = runs.get(end.cable.id);
  if (!run) return null;
  const first = end.cable.a === end;
  return { at: first ? [run.x1, run.y1] : [run.x2, run.y2], out: outward(run, first) };
}

/** Of a port that is not drawn the machine is known: a corner of the side that looks there, where the line bows to. */
function corner(box, [x, y]) {
  const [dx, dy] = [x - box.x, y - box.y];
  const sideways = Math.abs(dx) / box.w > Math.abs(dy) / box.h;
  const [w, h] = [box.w / 2 - (sideways ? 0 : 6), box.h / 2 - (sideways ? 4 : 0)];
  const [right, down] = sideways ? [dx > 0, dx < 0] : [dy > 0, dy > 0];
  return { at: [box.x + (right ? w : -w), box.y + (down ? h : -h)], out: [0, 0] };
}
