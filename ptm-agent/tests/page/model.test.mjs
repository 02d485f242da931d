import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Model, cableId, compareNames } from '../../src/web/page/model.js';
import { asAgent, dead, hostile, leaf, link, miswired, ring, topology, verdict } from './shapes.mjs';

const event = (node, port, after, more = {}) => ({
  time: '2026-11-21T15:00:00Z',
  node,
  port,
  planned: true,
  before: null,
  after,
  verdict: after && verdict(after, more.expected ?? 'x:y', more),
  ...more,
});

test('a cable has one name at both ends, sorted by byte', () => {
  assert.equal(cableId('b:1', 'a:2'), 'a:2 -- b:1');
  assert.equal(cableId('a:2', 'b:1'), 'a:2 -- b:1');
  assert.equal(cableId('a:10', 'a:9'), 'a:10 -- a:9');
  // Beyond the basic plane bytes and UTF-16 sort otherwise.
  assert.equal(cableId('\u{10000}:1', '\uffee:1'), '\uffee:1 -- \u{10000}:1');
});

test('people sort swp2 before swp10', () => {
  assert.deepEqual(['swp10', 'swp2', 'swp1'].sort(compareNames), ['swp1', 'swp2', 'swp10']);
});

test('the rule of both ends', () => {
  const cases = [
    // one end, the other, on the map, on an agent's own page
    ['match', 'match', 'pass', 'pass'],
    ['match', null, 'no-info', 'pass'],
    ['match', 'silent', 'no-info', 'no-info'],
    ['match', 'link-down', 'fail', 'fail'],
    ['wrong-node', null, 'fail', 'fail'],
    ['absent', null, 'no-info', 'no-info'],
    [null, null, 'no-info', 'no-info'],
  ];
  for (const [a, b, map, agent] of cases) {
    const links = () => [link('a:1', 'b:1', a, b)];
    assert.equal(new Model(topology('map', links())).cables.get('a:1 -- b:1').status, map, `${a} ${b} on the map`);
    assert.equal(new Model(topology('agent', links())).cables.get('a:1 -- b:1').status, agent, `${a} ${b} of an agent`);
  }
});

test('counts follow every event', () => {
  const model = new Model(ring());
  assert.deepEqual(model.counts.cables, { pass: 4, fail: 0, 'no-info': 0 });
  assert.deepEqual(model.counts.ports, { pass: 8, fail: 0, 'no-info': 0 });
  const { cable, shape } = model.applyPort(event('vm1', 'eth1', 'link-down'));
  assert.equal(cable.id, 'vm1:eth1 -- vm2:eth1');
  assert.equal(shape, false);
  assert.deepEqual(model.counts.cables, { pass: 3, fail: 1, 'no-info': 0 });
  assert.deepEqual(model.counts.ports, { pass: 7, fail: 1, 'no-info': 0 });
  model.applyPort(event('vm1', 'eth1', null));
  assert.deepEqual(model.counts.ports, { pass: 7, fail: 0, 'no-info': 1 });
  model.applyPort(event('vm1', 'eth1', 'match'));
  assert.deepEqual(model.counts.cables, { pass: 4, fail: 0, 'no-info': 0 });
});

test('an agent is not asked about its neighbors’ ports', () => {
  const model = new Model(asAgent(ring(), 'vm1'));
  assert.deepEqual(model.counts.ports, { pass: 2, fail: 0, 'no-info': 0 });
});

test('an event of a port that nobody knows changes nothing', () => {
  const model = new Model(ring());
  assert.deepEqual(model.applyPort(event('vm9', 'eth1', 'link-down')), { cable: null, shape: false });
  assert.equal(model.counts.cables.pass, 4);
});

test('an unplanned neighbor comes, changes and goes', () => {
  const model = new Model(ring());
  const before = model.shape;
  const said = (after, observed) => model.applyPort(event('vm1', 'eth7', after, { planned: false, observed }));
  assert.equal(said('unplanned', 'vm3:eth9').shape, true);
  assert.ok(model.cables.has('vm1:eth7 -- vm3:eth9'));
  assert.equal(model.counts.unplanned, 1);
  assert.equal(said('unplanned', 'vm3:eth9').shape, false);
  assert.equal(said('unplanned', 'stranger:0').shape, true);
  assert.ok(model.nodes.get('stranger:0').stranger);
  assert.equal(said(null).shape, true);
  assert.equal(model.shape, before);
  assert.equal(model.counts.unplanned, 0);
});

test('two agents that see each other on unplanned ports speak of one cable', () => {
  const unplanned = [
    { node: 'vm1', port: 'eth7', verdict: verdict('unplanned', undefined, { observed: 'vm3:eth9' }) },
    { node: 'vm3', port: 'eth9', verdict: verdict('unplanned', undefined, { observed: 'vm1:eth7' }) },
  ];
  const model = new Model({ ...ring(), unplanned });
  assert.equal(model.counts.unplanned, 1);
  assert.equal(model.cables.size, 5);
  // One of them falls silent: the other still sees it.
  model.applyPort(event('vm1', 'eth7', null, { planned: false }));
  assert.equal(model.counts.unplanned, 1);
  model.applyPort(event('vm3', 'eth9', null, { planned: false }));
  assert.equal(model.counts.unplanned, 0);
  assert.equal(model.cables.size, 4);
});

test('of an agent that is not up nothing is known', () => {
  const model = new Model(ring());
  const node = model.applyAgent({
    time: '',
    node: 'vm1',
    agent: { state: 'unreachable', address: 'x', detail: 'refused' },
  });
  assert.equal(node.agent.state, 'unreachable');
  assert.deepEqual(model.counts.cables, { pass: 2, fail: 0, 'no-info': 2 });
  assert.equal(model.applyAgent({ node: 'vm9', agent: { state: 'up' } }), null);
});

test('LLDP’s names are found in the plan', () => {
  const model = new Model(
    topology('map', [
      {
        ends: [
          { node: 'leaf1', port: 'xe-0/0/1:2' },
          { node: 'spine1', port: 'swp1' },
        ],
      },
      link('00:1b:21:0a:0b:0c:e0', 'b.example.com:e1'),
    ]),
  );
  assert.equal(model.resolve('leaf1:xe-0/0/1:2')?.node, 'leaf1');
  assert.equal(model.resolve('spine1.example.com:swp1')?.key, 'spine1:swp1');
  assert.equal(model.resolve('b.example.com:e1')?.key, 'b.example.com:e1');
  assert.equal(model.resolve('spine1:swp99'), null);
  assert.equal(model.resolveNode('spine1:swp99')?.name, 'spine1');
  assert.equal(model.resolveNode('nobody:swp1'), null);
  assert.equal(model.resolve(undefined), null);
});

test('a machine cabled to itself speaks of one cable from both ends', () => {
  const model = new Model(
    topology('agent', [link('a:1', 'a:2', 'match', null), link('a:2', 'a:1', 'link-down', null)]),
  );
  assert.equal(model.cables.size, 1);
  assert.equal(model.cables.get('a:1 -- a:2').status, 'fail');
});

test('what was missed shows as events', () => {
  const [before, after] = [new Model(ring()), new Model(miswired())];
  const missed = after.changesSince(before);
  assert.deepEqual(missed.map(([, { node, port, before, after }]) => `${node}:${port} ${before} ${after}`).sort(), [
    'vm1:eth1 match wrong-node',
    'vm1:eth2 match wrong-node',
    'vm2:eth1 match wrong-port',
    'vm4:eth2 match wrong-port',
  ]);
  assert.deepEqual(after.changesSince(after), []);
});

test('what fails already is known with its time', () => {
  const model = new Model(leaf());
  const told = (events) => model.withFailures(events).map(([, { port, before, after }]) => [port, before, after]);
  const [wrong, down] = [
    ['swp2', undefined, 'wrong-node'],
    ['swp51', undefined, 'link-down'],
  ];
  assert.deepEqual(told([]), [wrong, down]);
  // Where an event tells of it that one is shown, in its place.
  const moved = event('leaf1', 'swp2', 'wrong-node', { before: 'match', time: '2000-01-01T00:00:00.000Z' });
  assert.deepEqual(told([['port', moved]]), [['swp2', 'match', 'wrong-node'], down]);
});

test('every shape is a model whose counts are its cables', () => {
  for (const shape of [ring, miswired, leaf, dead, hostile]) {
    const model = new Model(shape());
    const { pass, fail, 'no-info': none } = model.counts.cables;
    assert.equal(pass + fail + none, [...model.cables.values()].filter((cable) => cable.planned).length, shape.name);
  }
});
