import assert from 'node:assert/strict';
import { test } from 'node:test';

import { announcement, findings } from '../../src/web/page/findings.js';
import { Model } from '../../src/web/page/model.js';
import { plain } from '../../src/web/page/words.js';
import { asAgent, dead, fabric, leaf, link, miswired, ring, topology, verdict } from './shapes.mjs';

const bare = (sentence) => plain(sentence).replace(/[\u2068\u2069]/g, '');
const of = (shape) => findings(new Model(shape));

test('nothing is wrong with what passes', () => {
  assert.deepEqual(of(ring()), []);
});

test('two exchanged cables are one thing to do, on the map and on either agent that has both', () => {
  for (const shape of [miswired(), asAgent(miswired(), 'vm1')]) {
    const all = of(shape);
    assert.equal(all.length, 1);
    assert.equal(all[0].kind, 'exchange');
    assert.equal(bare(all[0].advice), 'On vm1, swap the two plugs in eth1 and eth2.');
    assert.deepEqual(all[0].cables, ['vm1:eth1 -- vm2:eth1', 'vm1:eth2 -- vm4:eth2']);
    assert.equal(bare(all[0].sentences[0]), 'vm1:eth1 goes to vm4:eth2 and should go to vm2:eth1.');
  }
});

test('an agent that has one of the two says what it sees', () => {
  const [only, ...more] = of(asAgent(miswired(), 'vm2'));
  assert.deepEqual(more, []);
  assert.equal(only.kind, 'cable');
  assert.equal(bare(only.advice), 'At vm1, move the cable from eth2 to eth1.');
});

test('exchanged parallel cables can be mended at either machine', () => {
  const wrong = (observed) => verdict('wrong-port', '', { observed, advice: 'x' });
  const [only] = of(
    topology('map', [link('a:1', 'b:1', wrong('b:2'), wrong('a:2')), link('a:2', 'b:2', wrong('b:1'), wrong('a:1'))]),
  );
  assert.equal(bare(only.advice), 'On a, swap the two plugs in 1 and 2 (or on b those in 1 and 2).');
});

test('one wrong cable alone is no exchange', () => {
  const wrong = verdict('wrong-node', '', { observed: 'd:1', advice: 'd:1 belongs on c:1, not on this machine’s 1' });
  const all = of(topology('map', [link('a:1', 'b:1', wrong, 'silent'), link('c:1', 'd:1', 'link-down', 'link-down')]));
  assert.deepEqual(
    all.map(({ kind, word }) => `${kind} ${word}`),
    ['cable wrong-node', 'cable link-down'],
  );
});

test('a plug in a port without a plan is told with the cable it is missing from', () => {
  const links = [
    link('a:1', 'b:1', { ...verdict('link-down', 'b:1'), advice: 'see that the cable is plugged in' }, null),
  ];
  const unplanned = [
    {
      node: 'a',
      port: '5',
      verdict: verdict('unplanned', undefined, {
        observed: 'b:1',
        advice: 'b:1 belongs on 1; move the cable from 5 to 1',
      }),
    },
  ];
  const [only, ...more] = of(topology('agent', links, { unplanned }));
  assert.deepEqual(more, []);
  assert.equal(bare(only.advice), 'On a: b:1 belongs on 1; move the cable from 5 to 1.');
  assert.deepEqual(only.cables, ['a:1 -- b:1', 'a:5 -- b:1']);
});

test('worst first', () => {
  assert.deepEqual(
    of(leaf()).map(({ word }) => word),
    ['wrong-node', 'link-down', 'absent', 'silent', 'unplanned'],
  );
  assert.deepEqual(
    of(fabric()).map(({ kind, word }) => `${kind} ${word}`),
    ['exchange exchanged', 'cable link-down', 'cable aged-out'],
  );
});

test('one finding a cable, though both ends complain', () => {
  const [first, ...more] = of(topology('map', [link('a:1', 'b:1', 'aged-out', 'link-down')]));
  assert.deepEqual(more, []);
  assert.equal(first.word, 'link-down');
});

test('what the plan leaves open is nobody’s fault', () => {
  assert.deepEqual(of(topology('agent', [link('a:1', 'b:1', 'unchecked', null)])), []);
});

test('an agent that is not up is a finding of its own, its cables are not', () => {
  const all = of(dead());
  assert.deepEqual(
    all.map(({ kind, node, word }) => `${kind} ${node} ${word}`),
    ['agent leaf1 unreachable', 'agent leaf2 hanging', 'agent leaf3 invalid', 'agent spine1 other-plan'],
  );
  for (const finding of all) assert.ok(finding.advice, finding.id);
});

test('who listens is told what is new and what is mended', () => {
  const [well, ill] = [of(ring()), of(miswired())];
  assert.match(announcement(well, ill), /^New: .*exchanged.*swap the two plugs.*1 failing\.$/u);
  assert.match(announcement(ill, well), /^Mended or gone: .*Nothing is failing\.$/u);
  assert.equal(announcement(ill, ill), '');
});
