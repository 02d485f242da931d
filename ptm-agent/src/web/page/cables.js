// How each cable runs between two machines, and where along it things are written. Pure.

import { compareNames } from './model.js';

/**
 * @typedef {{x1: number, y1: number, x2: number, y2: number, cx: number, cy: number, steps: [number, number] | null}}
 *   Run
 *   a quadratic curve from end `a` of the cable to its end `b`; between tiers: how far off the next cable is at each
 * end
 */

/**
 * @param {Iterable<import('./model.js').Cable>} cables
 * @param {import('./layout.js').Layout & {rows?: Map<string, {side: number, y: number}>}} layout
 * @returns {Map<string, Run>}
 */
export function runs(cables, layout) {
  const { boxes, rows } = layout;
  const out = new Map();
  const bundles = new Map();
  const sides = new Map();
  const all = [...cables];
  for (const cable of all) {
    const [a, b] = [boxes.get(cable.a.node), boxes.get(cable.b.node)];
    if (!a || !b) continue;
    if (rows) {
      out.set(cable.id, rowRun(cable, rows.get(cable.id), a, b));
    } else if (a.shape === 'tier' && b.shape === 'tier' && a.tier !== b.tier) {
      for (const [end, here, there] of [
        [cable.a, a, b],
        [cable.b, b, a],
      ]) {
        const key = `${here.y > there.y ? 'top' : 'bottom'} ${end.node}`;
        gather(sides, key, { end, here, there });
      }
      out.set(cable.id, { x1: a.x, y1: a.y, x2: b.x, y2: b.y, cx: 0, cy: 0, steps: [0, 0] });
    } else {
      const key = [cable.a.node, cable.b.node].sort().join('\n');
      gather(bundles, key, cable);
    }
  }
  for (const side of sides.values()) spread(side, out);
  for (const bundle of bundles.values())
    bundle.forEach((cable, i) => out.set(cable.id, bow(cable, boxes, i, bundle.length)));
  for (const run of out.values()) if (run.steps) [run.cx, run.cy] = [(run.x1 + run.x2) / 2, (run.y1 + run.y2) / 2];
  share(all, out, Boolean(rows));
  return out;
}

/**
 * A port has one place: where the plan's cable has it, any other cable of it ends too, and bows away from that one. A row
 * is apart already.
 */
function share(cables, out, rows) {
  const others = cables.filter((cable) => !cable.planned && out.has(cable.id));
  if (others.length === 0) return;
  const places = new Map();
  for (const cable of cables) {
    const run = cable.planned && out.get(cable.id);
    if (run) places.set(cable.a.key, [run.x1, run.y1, run.x2, run.y2]).set(cable.b.key, [run.x2, run.y2, run.x1, run.y1]);
  }
  for (const { id, a, b } of others) {
    const run = out.get(id);
    const [one, other] = [places.get(a.key), places.get(b.key)];
    if (one) [run.x1, run.y1] = one;
    if (other) [run.x2, run.y2] = other;
    if (rows || !(one || other)) continue;
    const [x, y, farX, farY] = one ?? other;
    const [dx, dy] = one ? [run.x2 - x, run.y2 - y] : [run.x1 - x, run.y1 - y];
    const length = Math.hypot(dx, dy) || 1;
    const bend = Math.min(70, 20 + length * 0.1) * ((farX - x) * dy < (farY - y) * dx ? -1 : 1);
    [run.cx, run.cy] = [x + dx / 2 - (dy / length) * bend, y + dy / 2 + (dx / length) * bend];
  }
}

function gather(groups, key, one) {
  const group = groups.get(key);
  if (group) group.push(one);
  else groups.set(key, [one]);
}

function rowRun(cable, row, a, b) {
  if (a === b) {
    const x = a.x + (row.side * a.w) / 2;
    return { x1: x, y1: row.y - 8, x2: x, y2: row.y + 8, cx: x + row.side * 90, cy: row.y, steps: null };
  }
  const [x1, x2] =
    a.shape === 'own'
      ? [(row.side * a.w) / 2, b.x - (row.side * b.w) / 2]
      : [a.x - (row.side * a.w) / 2, (row.side * b.w) / 2];
  return { x1, y1: row.y, x2, y2: row.y, cx: (x1 + x2) / 2, cy: row.y, steps: null };
}

/** The cables that leave one side of a machine do so in the order of where they go, apart from each other. */
function spread(side, out) {
  side.sort((p, q) => p.there.x - q.there.x || p.there.y - q.there.y || compareNames(p.end.cable.id, q.end.cable.id));
  const { here } = side[0];
  const step = Math.min(20, (here.w - 10) / side.length);
  side.forEach(({ end, there }, i) => {
    const run = out.get(end.cable.id);
    const x = here.x + (i - (side.length - 1) / 2) * step;
    const y = here.y + (here.y > there.y ? -here.h / 2 : here.h / 2);
    if (end.cable.a === end) [run.x1, run.y1, run.steps[0]] = [x, y, step];
    else [run.x2, run.y2, run.steps[1]] = [x, y, step];
  });
}

/** Cables within a tier or of a ring: straight where there is one and nobody stands between, else bowed apart. */
function bow(cable, boxes, i, count) {
  const [a, b] = [boxes.get(cable.a.node), boxes.get(cable.b.node)];
  if (a === b) {
    const lift = 40 + i * 14;
    const top = a.y - a.h / 2;
    return { x1: a.x - 12, y1: top, x2: a.x + 12, y2: top, cx: a.x, cy: top - lift, steps: null };
  }
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy) || 1;
  // Both ends of a bundle agree on which side is which.
  const sign = cable.a.node < cable.b.node ? 1 : -1;
  let bend = (i - (count - 1) / 2) * 30 * sign;
  // A neighbor further off in its tier is reached below those between.
  if (a.shape === 'tier' && length > 320) bend += Math.min(140, length * 0.18) * (dx > 0 ? 1 : -1);
  const [cx, cy] = [(a.x + b.x) / 2 - (dy / length) * bend, (a.y + b.y) / 2 + (dx / length) * bend];
  const shift = (i - (count - 1) / 2) * 9 * sign;
  const side = [(-dy / length) * shift, (dx / length) * shift];
  const [x1, y1] = edge(a, cx, cy, side);
  const [x2, y2] = edge(b, cx, cy, side);
  return { x1, y1, x2, y2, cx, cy, steps: null };
}

/** Where the line from the middle of a box towards a point leaves it. */
function edge(box, x, y, [sx, sy]) {
  const [dx, dy] = [x - box.x, y - box.y];
  const scale = Math.min(box.w / 2 / Math.abs(dx || 1e-9), box.h / 2 / Math.abs(dy || 1e-9));
  return [box.x + dx * scale + sx, box.y + dy * scale + sy];
}

const round = (n) => Math.round(n * 10) / 10;

/** @param {Run} run @returns {string} for the attribute `d` of a path */
export function path({ x1, y1, x2, y2, cx, cy }) {
  // A line along an axis has a box without area, which counts as invisible; so little off nobody sees.
  const [sideways, upright] = [
    Math.abs(y2 - y1) < 0.5 && Math.abs(cy - y1) < 0.5,
    Math.abs(x2 - x1) < 0.5 && Math.abs(cx - x1) < 0.5,
  ];
  const [qx, qy] = [cx + (upright ? 0.2 : 0), cy + (sideways ? 0.2 : 0)].map(round);
  return `M${round(x1)} ${round(y1)}Q${qx} ${qy} ${round(x2)} ${round(y2)}`;
}

/** @param {Run} run @param {number} t 0 at end `a`, 1 at end `b` @returns {[number, number]} */
export function point({ x1, y1, x2, y2, cx, cy }, t) {
  const [p, q, r] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
  return [p * x1 + q * cx + r * x2, p * y1 + q * cy + r * y2];
}

/**
 * Where a port's name is written.
 * @param {Run} run @param {boolean} first whether at end `a`
 * @returns {{x: number, y: number, angle: number, anchor: 'start' | 'end', size: number | null}} `size`: as small as
 *   there is room
 */
export function labelPlace(run, first) {
  const [x, y] = first ? [run.x1, run.y1] : [run.x2, run.y2];
  if (run.steps) {
    // Upright along the edge, as on a patch panel: names side by side can't overlap, whichever way the cables go.
    const above = first ? run.y2 < run.y1 : run.y1 < run.y2;
    const size = Math.min(11.5, run.steps[first ? 0 : 1] * 0.95);
    return { x: x + size * 0.35, y: y + (above ? -5 : 5), angle: -90, anchor: above ? 'start' : 'end', size };
  }
  const [dx, dy] = [run.cx - x, run.cy - y];
  const length = Math.hypot(dx, dy) || 1;
  const right = dx >= -0.01;
  const anchor = right ? 'start' : 'end';
  const steep = Math.abs(dy) > Math.abs(dx);
  return {
    x: x + (dx / length) * (steep ? 16 : 8) + (steep ? (right ? 6 : -6) : 0),
    y: y + (dy / length) * 16 - (steep ? -4 : 5),
    angle: 0,
    anchor,
    size: null,
  };
}

/** How far a point is from a cable, roughly. @param {Run} run @param {number} x @param {number} y @returns {number} */
export function distance(run, x, y) {
  const { x1, y1, x2, y2, cx, cy } = run;
  const [left, right] = [Math.min(x1, x2, cx), Math.max(x1, x2, cx)];
  const [top, bottom] = [Math.min(y1, y2, cy), Math.max(y1, y2, cy)];
  const outside = Math.max(left - x, x - right, top - y, y - bottom);
  if (outside > 40) return outside;
  let nearest = Infinity;
  let [px, py] = [x1, y1];
  for (let i = 1; i <= 8; i++) {
    const [qx, qy] = point(run, i / 8);
    const [dx, dy] = [qx - px, qy - py];
    const t = Math.max(0, Math.min(1, ((x - px) * dx + (y - py) * dy) / (dx * dx + dy * dy || 1)));
    nearest = Math.min(nearest, Math.hypot(px + t * dx - x, py + t * dy - y));
    [px, py] = [qx, qy];
  }
  return nearest;
}

/**
 * Where a cable really goes: out of one port, into another, bowed so that it hides no planned cable.
 * @param {[number, number]} from @param {[number, number]} to
 * @param {[number, number]} out @param {[number, number]} into which way the ports look
 * @returns {string}
 */
export function strayPath([x1, y1], [x2, y2], out, into) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = Math.hypot(dx, dy) || 1;
  const reach = Math.min(160, length * 0.35);
  const bend = Math.min(90, 20 + length * 0.15);
  const [nx, ny] = [(-dy / length) * bend, (dx / length) * bend];
  const at = (x, y) => `${round(x)} ${round(y)}`;
  const near = at(x1 + out[0] * reach + nx, y1 + out[1] * reach + ny);
  return `M${at(x1, y1)}C${near} ${at(x2 + into[0] * reach + nx, y2 + into[1] * reach + ny)} ${at(x2, y2)}`;
}

/**
 * Which way a cable leaves its end, as a vector of length 1.
 * @param {Run} run
 * @param {boolean} first
 * @returns {[number, number]}
 */
export function outward(run, first) {
  const [dx, dy] = first ? [run.cx - run.x1, run.cy - run.y1] : [run.cx - run.x2, run.cy - run.y2];
  const length = Math.hypot(dx, dy) || 1;
  return [dx / length, dy / length];
}
