// Which tier each machine is in: 0 is lowest (hosts), spines above leaves. From the plan's `function`, or from who
// connects to whom. Pure.

import { compareNames } from './model.js';

/** The height of a function, by the field's names. Digits, `-` and `_` in a function's name do not matter. */
const HEIGHTS = [
  ['host', 'hosts', 'server', 'servers', 'vm', 'hypervisor', 'compute', 'storage', 'nas', 'client', 'endpoint'],
  ['tor', 'leaf', 'leafs', 'leaves', 'access', 'rack', 'edge', 'border', 'borderleaf', 'exit', 'mgmt', 'oob'],
  ['spine', 'spines', 'aggregation', 'agg', 'aggr', 'distribution', 'dist', 'fabric'],
  ['superspine', 'core', 'backbone', 'plane'],
  ['wan', 'provider', 'internet'],
];

/** @param {string | undefined} text @returns {number | null} */
export function heightOf(text) {
  const name = (text ?? '').toLowerCase().replace(/[\d_\s-]/g, '');
  const height = HEIGHTS.findIndex((names) => names.includes(name));
  return height < 0 ? null : height;
}

/**
 * Who connects to whom, without regard to how many cables.
 * @param {Array<{name: string}>} nodes @param {Array<{a: {node: string}, b: {node: string}}>} cables
 * @returns {Map<string, Set<string>>}
 */
export function adjacency(nodes, cables) {
  const near = new Map(nodes.map((node) => [node.name, new Set()]));
  for (const { a, b } of cables) {
    if (a.node === b.node) continue;
    near.get(a.node)?.add(b.node);
    near.get(b.node)?.add(a.node);
  }
  return near;
}

/**
 * @param {Map<string, Set<string>>} near
 * @returns {string[][]} what hangs together, each sorted by name, largest first
 */
export function components(near) {
  const seen = new Set();
  const out = [];
  for (const start of near.keys()) {
    if (seen.has(start)) continue;
    const members = [start];
    seen.add(start);
    for (let i = 0; i < members.length; i++) {
      for (const next of near.get(members[i])) {
        if (!seen.has(next)) members.push(next);
        seen.add(next);
      }
    }
    out.push(members.sort(compareNames));
  }
  return out.sort((a, b) => b.length - a.length || compareNames(a[0], b[0]));
}

/**
 * The machines of a ring in order, beginning with the first by name; null if it is none.
 * @param {string[]} members @param {Map<string, Set<string>>} near @returns {string[] | null}
 */
export function ring(members, near) {
  if (members.length < 3 || members.some((name) => near.get(name).size !== 2)) return null;
  const order = [members[0]];
  let previous = null;
  for (;;) {
    const here = order[order.length - 1];
    const next = [...near.get(here)].sort(compareNames).find((name) => name !== previous);
    if (next === order[0]) return order;
    order.push(next);
    previous = here;
  }
}

/**
 * A ring with machines that hang from its own, such as hosts: those of the ring in order, and what hangs from each;
 * null if it is none.
 * @param {string[]} members @param {Map<string, Set<string>>} near
 * @returns {Map<string, string[]> | null}
 */
export function ringWithLeaves(members, near) {
  const hangs = (name) => near.get(name).size === 1;
  const core = members.filter((name) => !hangs(name));
  const within = core.map((name) => [name, new Set([...near.get(name)].filter((it) => !hangs(it)))]);
  const circle = ring(core, new Map(within));
  if (!circle) return null;
  const leaves = circle.map((name) => [...near.get(name)].filter(hangs).sort(compareNames));
  // Two leaves with hosts and two spines without are no ring, though cabled as one.
  const [a, b, c, d] = leaves.map((those) => those.length > 0);
  if (circle.length === 4 && a === c && b === d && a !== b) return null;
  return new Map(circle.map((name, i) => [name, leaves[i]]));
}

/**
 * @param {Array<{name: string, function?: string}>} nodes of one component
 * @param {Map<string, Set<string>>} near
 * @returns {Map<string, number>} 0 and up, none left out
 */
export function tiers(nodes, near) {
  const known = new Map();
  for (const node of nodes) {
    const height = heightOf(node.function);
    if (height !== null) known.set(node.name, height);
  }
  const heights = known.size > 0 ? spread(nodes, near, known) : peel(nodes, near);
  const used = [...new Set(heights.values())].sort((a, b) => a - b);
  return new Map(nodes.map(({ name }) => [name, used.indexOf(heights.get(name))]));
}

/** Machines without a function the field knows hang below their lowest neighbor. */
function spread(nodes, near, known) {
  const heights = new Map(known);
  let edge = nodes.filter(({ name }) => !heights.has(name));
  while (edge.length > 0) {
    const found = [];
    for (const { name } of edge) {
      const above = [...near.get(name)].filter((it) => heights.has(it)).map((it) => heights.get(it));
      if (above.length > 0) found.push([name, Math.min(...above) - 1]);
    }
    if (found.length === 0) found.push(...edge.map(({ name }) => [name, 0]));
    found.forEach(([name, height]) => heights.set(name, height));
    edge = edge.filter(({ name }) => !heights.has(name));
  }
  return heights;
}

/**
 * Machines with the fewest neighbors are taken away, again and again: hosts, then leaves, then spines. Each is one
 * above the highest of those that went before it and are its neighbors, so that a leaf with a cable less is a leaf
 * still.
 */
function peel(nodes, near) {
  const left = new Map(nodes.map(({ name }) => [name, near.get(name).size]));
  const heights = new Map();
  while (left.size > 0) {
    const least = Math.min(...left.values());
    const gone = [...left].filter(([, degree]) => degree === least).map(([name]) => name);
    const found = gone.map((name) => {
      const below = [...near.get(name)].filter((it) => heights.has(it)).map((it) => heights.get(it));
      return [name, below.length > 0 ? Math.max(...below) + 1 : 0];
    });
    for (const [name, height] of found) {
      heights.set(name, height);
      left.delete(name);
    }
    for (const name of gone) for (const it of near.get(name)) if (left.has(it)) left.set(it, left.get(it) - 1);
  }
  return heights;
}
