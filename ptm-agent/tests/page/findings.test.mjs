import assert from 'node:assert/strict';
import { test } from 'node:test';

import { announcement, findings } from '../../src/web/page/findings.js';
import { Model } from '../../src/web/page/model.js';
import { headline, plain } from '../../src/web/page/words.js';
import { asAgent, broken, dead, fabric, leaf, link, miswired, ring, strayed, topology, verdict } from './shapes.mjs';

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
  // The agent of `a` can only say that `d` belongs on `c`.
  assert.equal(bare(all[0].advice), 'Connect a:1 to b:1: its cable ends in d:1 now.');
});

test('a plug in a port without a plan is told with the cable it is missing from', () => {
  const never = strayed();
  never.links[0].ends[1].verdict = verdict('silent', 'vm1:eth1');
  for (const shape of [strayed(), never, asAgent(strayed(), 'vm2'), asAgent(never, 'vm2')]) {
    const [only, ...more] = of(shape);
    assert.deepEqual(more, []);
    assert.equal(bare(only.advice), 'On vm2: vm1:eth1 belongs on eth1; move the cable from eth3 to eth1.');
    assert.deepEqual(only.cables, ['vm1:eth1 -- vm2:eth1', 'vm1:eth1 -- vm2:eth3']);
  }
});

test('a neighbor on a port without a plan stays one where nothing is known of its own cable', () => {
  const gone = strayed();
  for (const end of gone.links[0].ends) delete end.verdict;
  assert.deepEqual(
    of(gone).map(({ word }) => word),
    ['unplanned'],
  );
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

const standing = (shape) => {
  const model = new Model(shape);
  const failure = model.plan.failure?.error ?? null;
  return { findings: findings(model), headline: headline(model.counts, model.isAgent), failure };
};

test('who listens is told what is new, what is otherwise and what is mended', () => {
  const [well, ill, other] = [ring(), miswired(), strayed()].map(standing);
  const todo = 'eth1 and eth2 of vm1 are exchanged: On vm1, swap the two plugs in eth1 and eth2.';
  assert.equal(announcement(well, ill), `New: ${todo} 2 of 4 cables failing.`);
  assert.match(announcement(ill, well), /^Mended or gone: .*exchanged\. All is well: all 4 cables \(8 ports\) pass\.$/u);
  assert.match(announcement(ill, other), /^Now: vm1:eth1 — vm2:eth1: On vm2: vm1:eth1 belongs on eth1; move .*failing\.$/u);
  for (const same of [well, ill, other]) assert.equal(announcement(same, same), '');
});

test('who listens is told what is the matter where nobody knows what to do, and of many only some', () => {
  const words = announcement(standing(asAgent(ring(), 'vm1')), standing(leaf()));
  assert.match(words, /And 3 more\. 2 of 6 ports failing\.$/);
  const silent = topology('map', [link('a:1', 'b:1', 'silent', 'match')]);
  assert.match(announcement(standing(topology('map', [])), standing(silent)), /^New: a:1 — b:1: .*nobody was ever heard/);
});

test('who listens is told that the plan can’t be used, and that it can again', () => {
  const [well, ill] = [ring(), broken()].map(standing);
  assert.equal(announcement(well, ill), 'The plan can’t be used: the topology file has 2 errors.');
  assert.equal(announcement(ill, well), 'The plan can be used again.');
});
