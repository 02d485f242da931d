import assert from 'node:assert/strict';
import { test } from 'node:test';

import { distance, labelPlace, path, point, runs } from '../../src/web/page/cables.js';
import { layout } from '../../src/web/page/layout.js';
import { Model } from '../../src/web/page/model.js';
import { crossings, order } from '../../src/web/page/order.js';
import { panel } from '../../src/web/page/panel.js';
import { strays } from '../../src/web/page/strays.js';
import { adjacency, components, heightOf, ring as ringOf, tiers } from '../../src/web/page/tiers.js';
import { asAgent, clos, large, leaf, link, miswired, ring, strayed, topology, verdict } from './shapes.mjs';

const place = (shape, options) => {
  const model = new Model(shape);
  return { model, ...layout([...model.nodes.values()], [...model.cables.values()], options) };
};
const heights = (shape) => {
  const model = new Model(shape);
  const nodes = [...model.nodes.values()];
  return tiers(nodes, adjacency(nodes, [...model.cables.values()]));
};
const overlap = (a, b) => Math.abs(a.x - b.x) < (a.w + b.w) / 2 && Math.abs(a.y - b.y) < (a.h + b.h) / 2;

test('functions as the field names them', () => {
  for (const [text, height] of [
    ['host', 0],
    ['Leaf', 1],
    ['spine', 2],
    ['super-spine', 3],
    ['leaf2', 1],
    ['router', null],
    [undefined, null],
  ]) {
    assert.equal(heightOf(text), height, text);
  }
});

test('tiers by function and tiers by who connects to whom are the same', () => {
  for (const functions of [true, false]) {
    const found = heights(clos(4, 16, 3, functions));
    for (const [name, tier] of found)
      assert.equal(tier, name.startsWith('host') ? 0 : name.startsWith('leaf') ? 1 : 2, `${name} ${functions}`);
  }
});

test('a leaf with a cable less is a leaf still', () => {
  const shape = clos(4, 8, 2, false);
  shape.links = shape.links.filter(({ ends }) => !(ends[0].node === 'leaf3' && ends[1].node === 'spine2'));
  assert.equal(heights(shape).get('leaf3'), 1);
});

test('a machine without a known function hangs below its neighbor', () => {
  const shape = clos(2, 2, 1);
  shape.links.push(link('camera:eth0', 'leaf1:swp9'));
  shape.nodes.push({ name: 'camera', function: 'camera' });
  assert.equal(heights(shape).get('camera'), 0);
});

test('what does not hang together is apart', () => {
  const near = adjacency(
    ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })),
    [
      ['a', 'b'],
      ['c', 'd'],
    ].map(([a, b]) => ({ a: { node: a }, b: { node: b } })),
  );
  assert.deepEqual(components(near), [['a', 'b'], ['c', 'd'], ['e']]);
});

test('a ring is known as one, and nothing else is', () => {
  const near = (...pairs) =>
    adjacency(
      [...new Set(pairs.flat())].map((name) => ({ name })),
      pairs.map(([a, b]) => ({ a: { node: a }, b: { node: b } })),
    );
  const four = near(['a', 'b'], ['b', 'c'], ['c', 'd'], ['d', 'a']);
  assert.deepEqual(ringOf(['a', 'b', 'c', 'd'], four), ['a', 'b', 'c', 'd']);
  assert.equal(ringOf(['a', 'b'], near(['a', 'b'])), null);
  assert.equal(ringOf(['a', 'b', 'c'], near(['a', 'b'], ['b', 'c'])), null);
});

test('a ring is drawn as a ring: as far from its middle each, in order', () => {
  const { boxes } = place(ring());
  const angles = ['vm1', 'vm2', 'vm3', 'vm4'].map((name) => Math.atan2(boxes.get(name).y, boxes.get(name).x));
  assert.equal(new Set(['vm1', 'vm2', 'vm3', 'vm4'].map((name) => boxes.get(name).shape)).size, 1);
  assert.ok(boxes.get('vm1').y < boxes.get('vm4').y && boxes.get('vm1').x < boxes.get('vm2').x, String(angles));
});

/** A ring of so many machines with so many hosts at each. */
const ringOfHosts = (length, hosts) => {
  const at = (i) => `sw${(i % length) + 1}`;
  const links = Array.from({ length }, (_, i) => [
    link(`${at(i)}:1`, `${at(i + 1)}:2`),
    ...Array.from({ length: hosts(i) }, (_, j) => link(`${at(i)}:h${j}`, `host${i + 1}-${j}:eth0`)),
  ]);
  return topology('map', links.flat());
};

test('hosts stand outside of the ring that they hang from', () => {
  for (const [length, hosts] of [
    [4, () => 2],
    [5, (i) => i],
    [4, (i) => (i === 0 ? 1 : 0)],
    [12, () => 24],
  ]) {
    const { boxes } = place(ringOfHosts(length, hosts));
    const core = [...boxes].filter(([name]) => name.startsWith('sw')).map(([, box]) => box);
    const [x0, y0] = ['x', 'y'].map((axis) => core.reduce((sum, box) => sum + box[axis], 0) / length);
    const far = ({ x, y }) => Math.hypot(x - x0, y - y0);
    for (const [name, box] of boxes) {
      assert.equal(box.shape, 'ring', name);
      if (name.startsWith('host')) assert.ok(far(box) > far(boxes.get(`sw${name.match(/\d+/)[0]}`)), name);
      for (const [other, there] of boxes) if (name < other) assert.ok(!overlap(box, there), `${name} and ${other}`);
    }
  }
});

test('a plug in a port without a plan moves no machine', () => {
  const shape = ring();
  const before = place(shape).boxes;
  const seen = verdict('unplanned', undefined, { observed: 'vm3:eth1' });
  shape.unplanned.push({ node: 'vm1', port: 'eth5', verdict: seen });
  const { model, boxes } = place(shape);
  assert.equal(model.cables.size, 5);
  assert.deepEqual(boxes, before);
  seen.observed = 'stranger:eth0';
  assert.ok([...place(shape).boxes.values()].every((box) => box.shape === 'ring'));
});

test('two spines and two leaves are no ring', () => {
  const { boxes } = place(clos(2, 2, 2, false));
  assert.ok([...boxes.values()].every(({ shape }) => shape === 'tier'));
});

test('higher tiers stand higher, and nobody stands on another', () => {
  for (const shape of [
    clos(4, 16, 3),
    large(2_000),
    ring(),
    topology('map', [link('a:1', 'b:1'), link('c:1', 'd:1'), link('c:2', 'd:2')]),
  ]) {
    const { model, boxes } = place(shape);
    assert.equal(boxes.size, model.nodes.size);
    const all = [...boxes];
    for (const [name, box] of all) {
      for (const [other, there] of all) if (name < other) assert.ok(!overlap(box, there), `${name} and ${other}`);
    }
    for (const { a, b } of model.cables.values()) {
      const [one, two] = [boxes.get(a.node), boxes.get(b.node)];
      if (one.tier < two.tier) assert.ok(one.y > two.y, `${a.node} below ${b.node}`);
    }
  }
});

test('the same plan is drawn the same, whatever the order of its lines', () => {
  const shape = clos(4, 8, 2);
  const one = place(shape).boxes;
  const other = place({ ...shape, links: [...shape.links].reverse(), nodes: [...shape.nodes].reverse() }).boxes;
  for (const [name, box] of one) assert.deepEqual(other.get(name), box, name);
});

test('sweeps take crossings away and never add any', () => {
  const near = new Map(
    [
      ['a', ['z']],
      ['b', ['y']],
      ['c', ['x']],
      ['x', ['c']],
      ['y', ['b']],
      ['z', ['a']],
    ].map(([name, others]) => [name, new Set(others)]),
  );
  const start = [
    ['a', 'b', 'c'],
    ['x', 'y', 'z'],
  ];
  assert.equal(crossings(start, near), 3);
  assert.equal(crossings(order(start, near), near), 0);
});

test('every cable runs between its machines, parallel ones apart', () => {
  for (const shape of [
    clos(2, 4, 2),
    ring(),
    topology(
      'map',
      [1, 2, 3].map((i) => link(`a:${i}`, `b:${i}`)),
    ),
    large(2_000),
  ]) {
    const placed = place(shape);
    const found = runs(placed.model.cables.values(), placed);
    assert.equal(found.size, placed.model.cables.size);
    const drawn = new Set([...found.values()].map(path));
    assert.equal(drawn.size, found.size);
    for (const d of drawn) assert.match(d, /^M-?[\d.]+ -?[\d.]+[LQ][-\d. ]+$/u);
  }
});

test('a cable is found where it runs, and not elsewhere', () => {
  const run = { x1: 0, y1: 0, x2: 100, y2: 0, cx: 50, cy: 60, steps: null };
  assert.ok(distance(run, ...point(run, 0.5)) < 1);
  assert.ok(distance(run, 50, 100) > 30);
  assert.ok(distance(run, 50, 1000) > 100);
});

test('names of ports side by side on a machine do not overlap', () => {
  const placed = place(clos(4, 16, 2));
  const found = runs(placed.model.cables.values(), placed);
  const labels = [...placed.model.cables.values()]
    .filter(({ b }) => b.node === 'spine1')
    .map((cable) => labelPlace(found.get(cable.id), false));
  labels.sort((p, q) => p.x - q.x);
  for (let i = 1; i < labels.length; i++) assert.ok(labels[i].x - labels[i - 1].x >= labels[i].size * 0.9);
});

test('an agent’s own machine stands in the middle of its neighbors, alone on a narrow screen', () => {
  const model = new Model(leaf());
  const wide = panel(model, false);
  assert.deepEqual([wide.boxes.get('leaf1').x, wide.boxes.get('leaf1').shape], [0, 'own']);
  const sides = new Set([...wide.boxes.values()].map(({ shape }) => shape));
  assert.deepEqual([...sides].sort(), ['left', 'own', 'right']);
  assert.ok(![...panel(model, true).boxes.values()].some(({ shape }) => shape === 'left'));
  assert.ok(panel(model, true).width < 380);
  for (const narrow of [false, true])
    assert.equal(runs(model.cables.values(), panel(model, narrow)).size, model.cables.size);
});

test('where a moved cable really is goes from port to port, once', () => {
  for (const shape of [miswired(), asAgent(miswired(), 'vm1')]) {
    const placed =
      shape.server.kind === 'agent' ? { model: new Model(shape), ...panel(new Model(shape), false) } : place(shape);
    const lines = strays(placed.model, placed, runs(placed.model.cables.values(), placed));
    assert.equal(lines.length, 2);
    assert.ok(lines.every(({ d, ends }) => d && ends.length === 2));
  }
});

test('a port has one place, also for a cable that the plan does not have, which is drawn once', () => {
  const placed = place(strayed());
  const found = runs(placed.model.cables.values(), placed);
  const [planned, real] = ['vm1:eth1 -- vm2:eth1', 'vm1:eth1 -- vm2:eth3'].map((id) => found.get(id));
  const { a, b } = placed.model.cables.get('vm1:eth1 -- vm2:eth3');
  assert.equal(a.key, 'vm2:eth3');
  assert.equal(b.key, 'vm1:eth1');
  assert.deepEqual([real.x2, real.y2], [planned.x1, planned.y1]);
  assert.notDeepEqual([real.x1, real.y1], [planned.x2, planned.y2]);
  assert.deepEqual(strays(placed.model, placed, found), []);
});

test('a port that only its neighbor tells of is named, and is not drawn as the right one', () => {
  const model = new Model(asAgent(strayed(), 'vm1'));
  for (const placed of [panel(model, false), panel(model, true)]) {
    const found = runs(model.cables.values(), placed);
    const [only] = strays(model, placed, found);
    const { x2, y2 } = found.get('vm1:eth1 -- vm2:eth1');
    assert.equal(only.text, 'found vm2:eth3');
    assert.ok(Math.hypot(only.ends[1][0] - x2, only.ends[1][1] - y2) > 10, JSON.stringify(only));
  }
});

test('a stranger is named where its cable is', () => {
  const model = new Model(leaf());
  const placed = panel(model, false);
  const [only] = strays(model, placed, runs(model.cables.values(), placed));
  assert.equal(only.text, 'found host9:eth0');
});
