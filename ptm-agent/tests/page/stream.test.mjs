import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { reaches } from '../../src/web/page/place.js';
import { Stream } from '../../src/web/page/stream.js';
import { ring } from './shapes.mjs';

// What a browser has and node has not; the tests are the server.
let sources;
let answers;
let asked;
class Source extends EventTarget {
  constructor(url) {
    super();
    [this.url, this.closed] = [url, false];
    sources.push(this);
  }
  close() {
    this.closed = true;
  }
  say(kind, data = {}, lastEventId = '') {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.dispatchEvent(Object.assign(new Event(kind), { data: text, lastEventId }));
  }
}

let seen;
const listener = {
  topology: (topology, gap) => seen.push(`topology ${topology.cursor}${gap ? ' after a gap' : ''}`),
  past: (events) => {
    const told = events.map(([kind, { port, node }]) => `${kind} ${port ?? node}`);
    if (told.length > 0) seen.push(`past ${told.join(', ')}`);
  },
  port: (event, again) => seen.push(`port ${event.port}${again ? ' again' : ''}`),
  agent: (event) => seen.push(`agent ${event.node}`),
  state: (state, why) => seen.push(`${state} ${why}`.trim()),
};
/** Lets what is ready run: promises are not timers. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};
const after = async (millis) => {
  mock.timers.tick(millis);
  await settle();
};
const started = async () => {
  const stream = new Stream(listener);
  stream.start();
  await settle();
  return stream;
};
const last = () => sources[sources.length - 1];

beforeEach(() => {
  [sources, answers, asked, seen] = [[], [], 0, []];
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  mock.method(Math, 'random', () => 0.5);
  globalThis.EventSource = Source;
  globalThis.fetch = async () => {
    asked++;
    const next = answers.shift() ?? { oldest: '1-0', cursor: '1-0' };
    if (next instanceof Error) throw next;
    if (next.then) return { ok: true, json: () => next };
    return next.status ? { ok: false, status: next.status } : { ok: true, json: async () => ({ ...ring(), ...next }) };
  };
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test('the topology, then its events from there on', async () => {
  answers = [{ oldest: 'a-7-0', cursor: 'a-7-0' }];
  await started();
  assert.equal(last().url, 'api/v1/events?after=a-7-0');
  last().say('open');
  last().say('port', { port: 'eth1' }, 'a-8');
  last().say('agent', { node: 'vm1' }, 'a-9');
  assert.deepEqual(seen, ['topology a-7-0', 'live', 'port eth1', 'agent vm1']);
});

test('which place is behind which', () => {
  for (const [from, to, is] of [
    ['a-9', 'a-9', true],
    ['a-9', 'a-a-3', true],
    ['a-ff-7', 'a-100', true],
    ['a-a', 'a-9', false],
    ['a-9', 'b-a', false],
    ['a-9', '', false],
  ])
    assert.equal(reaches(from, to), is, `${from} ${to}`);
});

test('what was before is told as past, and what comes as news', async () => {
  answers = [{ oldest: 'a-fe-1', cursor: 'a-100-1' }];
  await started();
  assert.equal(last().url, 'api/v1/events?after=a-fe-1');
  last().say('open');
  last().say('port', { port: 'eth1' }, 'a-ff');
  assert.deepEqual(seen, ['topology a-100-1', 'live']);
  last().say('agent', { node: 'vm1' }, 'a-100');
  last().say('port', { port: 'eth2' }, 'a-101');
  assert.deepEqual(seen.slice(2), ['past port eth1, agent vm1', 'port eth2']);
});

test('what was missed while the stream was broken is told as past, if the server has it', async () => {
  const again = async (answer) => {
    seen = [];
    answers = [answer];
    last().say('error');
    await after(10_000);
    last().say('open');
    return last().url.split('=')[1];
  };
  await started();
  last().say('open');
  last().say('port', { port: 'eth1' }, '1-1');
  assert.equal(await again({ oldest: '1-0', cursor: '1-3-0' }), '1-1');
  // It breaks before all of that has come.
  last().say('port', { port: 'eth2' }, '1-2');
  assert.equal(await again({ oldest: '1-0', cursor: '1-3-0' }), '1-1');
  last().say('port', { port: 'eth2' }, '1-2');
  last().say('port', { port: 'eth3' }, '1-3');
  assert.deepEqual(seen.slice(-3), ['topology 1-3-0', 'live', 'past port eth2, port eth3']);
  // The server has it no longer, or is another one.
  assert.equal(await again({ oldest: '1-7-0', cursor: '1-9-0' }), '1-9-0');
  assert.ok(seen.includes('topology 1-9-0 after a gap'), String(seen));
  assert.equal(await again({ oldest: '2-0-0', cursor: '2-3-0' }), '2-3-0');
  assert.ok(seen.includes('topology 2-3-0 after a gap'), String(seen));
});

test('a server that forgets what was asked for is asked for less', async () => {
  answers = [
    { oldest: '1-1', cursor: '1-5' },
    { oldest: '1-3', cursor: '1-7' },
  ];
  await started();
  last().say('open');
  last().say('reset');
  await after(500);
  assert.deepEqual(
    sources.map(({ url }) => url.split('=')[1]),
    ['1-1', '1-7'],
  );
});

test('15 s without a word is a lost connection, any word is none', async () => {
  await started();
  last().say('open');
  for (let i = 0; i < 10; i++) {
    await after(14_000);
    last().say('alive');
  }
  assert.deepEqual(seen, ['topology 1-0', 'live']);
  await after(15_000);
  assert.equal(seen[2], 'lost the server has been silent for 15 s');
  assert.ok(sources[0].closed);
  await after(10_000);
  assert.equal(sources.length, 2);
  last().say('open');
  assert.deepEqual(seen.slice(3), ['topology 1-0', 'live']);
});

test('a server that is not there yet is asked again, ever more rarely, and heals', async () => {
  answers = [
    new TypeError('refused'),
    { status: 503 },
    { status: 503 },
    { status: 503 },
    { status: 503 },
    { status: 503 },
  ];
  await started();
  assert.deepEqual(seen, ['lost the server can’t be reached']);
  const waits = [];
  for (let i = 0; i < 6; i++) {
    const before = asked;
    let waited = 0;
    while (asked === before && waited < 60_000) {
      await after(100);
      waited += 100;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  assert.equal(seen[1], 'lost the server answers 503');
  last().say('open');
  assert.equal(seen[seen.length - 1], 'live');
});

test('a reset begins anew at once, and not in a circle', async () => {
  await started();
  last().say('open');
  await after(6_000);
  last().say('reset');
  await after(0);
  assert.equal(sources.length, 2);
  last().say('open');
  last().say('reset');
  await after(0);
  assert.equal(sources.length, 2);
  await after(500);
  assert.equal(sources.length, 3);
  assert.ok(!seen.some((what) => what.startsWith('lost')));
});

test('what changed besides verdicts is fetched while the stream goes on, once a second at most', async () => {
  await started();
  last().say('open');
  last().say('changed');
  await settle();
  assert.equal(asked, 2);
  for (let i = 0; i < 5; i++) last().say('changed');
  await settle();
  assert.equal(asked, 2);
  await after(1_000);
  assert.equal(asked, 3);
  await after(5_000);
  assert.equal(asked, 3);
  assert.equal(sources.length, 1);
});

test('events that overtake a topology are applied once more behind it', async () => {
  await started();
  last().say('open');
  let arrive;
  answers = [new Promise((resolve) => (arrive = resolve))];
  last().say('changed');
  last().say('port', { port: 'eth1' });
  assert.equal(seen[seen.length - 1], 'port eth1');
  arrive(ring());
  await settle();
  assert.deepEqual(seen.slice(-2), ['topology 1-0', 'port eth1 again']);
});

test('an answer that comes after the connection was lost is nobody’s', async () => {
  await started();
  last().say('open');
  let arrive;
  answers = [new Promise((resolve) => (arrive = resolve))];
  last().say('changed');
  last().say('error');
  arrive({ ...ring(), cursor: 'old' });
  await settle();
  assert.ok(!seen.includes('topology old'));
});

test('what can’t be read ends the stream, not the page', async () => {
  await started();
  last().say('open');
  last().say('port', '{"half');
  assert.equal(seen[seen.length - 1], 'lost the server sends what can’t be read');
  await after(500);
  assert.equal(sources.length, 2);
});
