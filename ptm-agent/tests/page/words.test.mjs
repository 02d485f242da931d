import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { grid, judge, step } from '../../src/web/page/grid.js';
import { Model } from '../../src/web/page/model.js';
import { find } from '../../src/web/page/search.js';
import { describeCable, describeNode } from '../../src/web/page/speech.js';
import {
  REACHES,
  REASONS,
  ago,
  clipped,
  headline,
  plain,
  say,
  shown,
  statusOf,
  subline,
  verdictWords,
} from '../../src/web/page/words.js';
import { asAgent, clos, dead, hostile, large, link, miswired, ring, topology } from './shapes.mjs';

test('what deceives is written out, and the rest stays', () => {
  assert.equal(shown('x\n\u{1b}[2J\u{202e}y\u{200b}'), 'x\\u{a}\\u{1b}[2J\\u{202e}y\\u{200b}');
  assert.equal(shown('<b>שלום 日本</b>'), '<b>שלום 日本</b>');
});

test('names are cut off visibly and between characters', () => {
  assert.equal(clipped('swp1', 4), 'swp1');
  assert.equal(clipped('abcdef', 4), 'abc…');
  assert.equal(clipped('😀😀😀😀', 3), '😀😀…');
});

test('a name is isolated from the sentence around it', () => {
  assert.equal(plain(say`On ${'שלום\u202eb'}: go`), 'On \u2068שלום\\u{202e}b\u2069: go');
  assert.equal(plain(say`On ${'leaf1'}: go`), 'On leaf1: go');
});

test('every reason and every state of an agent has words', async () => {
  const source = async (path) => readFile(new URL(`../../src/${path}`, import.meta.url), 'utf8');
  const kebab = (text) => text.replace(/[a-z](?=[A-Z])/g, '$&-').toLowerCase();
  const variants = (text, name) =>
    [
      ...text
        .split(`pub enum ${name} {`)[1]
        .split('\n}')[0]
        .matchAll(/^ {4}(\w+),$/gm),
    ].map(([, variant]) => kebab(variant));
  const reasons = variants(await source('monitor/verdict.rs'), 'Reason');
  assert.equal(reasons.length, 11);
  assert.deepEqual(Object.keys(REASONS).sort(), reasons.sort());
  assert.deepEqual(Object.keys(REACHES).sort(), variants(await source('api.rs'), 'Reach').sort());
});

test('the status of a reason', () => {
  assert.deepEqual(['match', 'wrong-node', 'aged-out', 'silent', 'unplanned', null].map(statusOf), [
    'pass',
    'fail',
    'fail',
    'no-info',
    'no-info',
    'no-info',
  ]);
  assert.equal(verdictWords('wrong-node'), 'fail wrong-node');
});

test('how long ago', () => {
  for (const [seconds, words] of [
    [0, 'just now'],
    [5, '5 s ago'],
    [300, '5 min ago'],
    [7_300, '2 h ago'],
    [300_000, '3 d ago'],
    [-10, 'just now'],
  ]) {
    assert.equal(ago(seconds * 1_000), words);
  }
});

test('the headline says what matters', () => {
  assert.equal(headline(new Model(ring()).counts, false), 'All is well: all 4 cables (8 ports) pass');
  assert.equal(headline(new Model(asAgent(ring(), 'vm1')).counts, true), 'All is well: all 2 ports pass');
  assert.equal(headline(new Model(ring()).counts, false, true), 'By the plan from before: all 4 cables (8 ports) pass');
  assert.equal(headline(new Model(miswired()).counts, false), '2 of 4 cables failing');
});

test('below it stands why nothing is known', () => {
  const of = (...shape) => subline(new Model(topology(...shape)));
  const [one, other] = [link('a:1', 'b:1', null, null), link('a:1', 'b:1', 'match', null)];
  assert.equal(of('map', [other]), 'Ports: 1 pass, 0 fail, 1 no info');
  assert.match(of('map', [one], { agents: { a: undefined } }), /; 1 machine without an agent$/);
  assert.match(of('map', [one], { agents: { a: undefined, b: undefined } }), /; the map was told of no agent /);
  const gone = { state: 'unreachable', address: 'http://a:10786', detail: '' };
  assert.match(of('map', [one], { agents: { a: gone } }), /; 1 agent without verdicts$/);
  other.ends[0].verdict.cached = true;
  assert.match(of('agent', [other]), /^This machine’s ports: 1 pass.*; 1 port known from before a restart/);
  assert.equal(of('agent', []), 'The plan has no cable of this machine.');
});

test('a cable is described for who listens', () => {
  const model = new Model(miswired());
  const words = describeCable(model, model.cables.get('vm1:eth1 -- vm2:eth1')).replace(/[\u2068\u2069]/g, '');
  assert.equal(
    words,
    'vm1:eth1 to vm2:eth1: failing; vm1:eth1: wrong machine, found vm4:eth2; vm2:eth1: wrong port, found vm1:eth2',
  );
});

test('a machine is named first by what is written on it', () => {
  const model = new Model(dead());
  assert.equal(describeNode(model.nodes.get('leaf2')), 'leaf2, hanging agent, leaf, 4 cables');
  assert.equal(describeNode(new Model(miswired()).nodes.get('vm1')), 'vm1, 2 cables, 2 failing');
});

test('search finds machines, ports and who is heard', () => {
  const model = new Model(miswired());
  assert.deepEqual(find(model, 'VM3'), [{ node: 'vm3' }]);
  assert.deepEqual(find(model, 'vm2:eth2'), [{ cable: 'vm2:eth2 -- vm3:eth2' }]);
  assert.deepEqual(find(model, '  '), []);
  assert.equal(find(new Model(hostile()), '<script>')[0].node, '<script>alert(1)</script>');
});

test('the matrix has spines as rows, and its cells the worst status', () => {
  const model = new Model(large(2_000));
  const all = grid(model);
  assert.deepEqual([all.rows.length, all.columns.length, all.cells.length], [20, 100, 2_000]);
  assert.equal(all.rows[0], 'spine1');
  const cell = all.byCable.get([...model.cables.values()].find(({ status }) => status === 'fail').id);
  assert.deepEqual([cell.status, cell.failing], ['fail', 1]);
  for (const cable of model.cables.values()) cable.status = 'pass';
  judge(all, model);
  assert.ok(all.cells.every(({ status, failing }) => status === 'pass' && failing === 0));
});

test('arrow keys reach every cell of the matrix', () => {
  const all = grid(new Model(clos(2, 3, 1)));
  let at = step(all, null, 'ArrowRight');
  const seen = new Set([at]);
  while (seen.size < all.cells.length) {
    const next = step(all, at, 'ArrowRight');
    assert.notEqual(next, at);
    seen.add((at = next));
  }
  assert.equal(step(all, at, 'ArrowRight'), at);
  assert.equal(step(all, at, 'ArrowUp').row, at.row - 1);
  assert.equal(step(all, step(all, at, 'Home'), 'ArrowUp').row, 0);
  assert.equal(step(all, at, 'Home'), all.cells[0]);
});
