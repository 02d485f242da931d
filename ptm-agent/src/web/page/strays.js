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
      // Both ends may see each other; a cable of the plan between them is drawn already.
      if (seen?.cable === cable) continue;
      const box = layout.boxes.get((seen ? model.nodes.get(seen.node) : model.resolveNode(verdict.observed))?.name);
      const to = (seen && port(seen, runs)) ?? (box ? towards(box, from.at) : null);
      if (to) {
        out.push({
          cables: seen ? [cable.id, seen.cable.id] : [cable.id],
          d: strayPath(from.at, to.at, from.out, to.out),
          ends: [from.at, to.at],
        });
      } else {
        const [x, y] = point(runs.get(cable.id), 0.5);
        out.push({ cables: [cable.id], text: `found ${verdict.observed}`, x, y: y + 22 });
      }
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

/** The side of a machine that looks there: of its port nothing more is known. */
function towards(box, [x, y]) {
  const [dx, dy] = [x - box.x, y - box.y];
  const scale = Math.min(box.w / 2 / Math.abs(dx || 1e-9), box.h / 2 / Math.abs(dy || 1e-9));
  return { at: [box.x + dx * scale, box.y + dy * scale], out: [0, 0] };
}
