// Brings the parts together: one state, one owner, at most one update of the screen a frame.

import { runs } from './cables.js';
import { Details } from './details.js';
import { Dock } from './dock.js';
import { byId, now, setClock, tick } from './dom.js';
import { Drawing } from './draw.js';
import { announcement, findings } from './findings.js';
import { showConnection, showFrame, showLegend, showTitle } from './frame.js';
import { History } from './history.js';
import { layout } from './layout.js';
import { CableTable, FindingList } from './list.js';
import { Matrix } from './matrix.js';
import { Model } from './model.js';
import { panel } from './panel.js';
import { find } from './search.js';
import { Stream } from './stream.js';
import { Viewport } from './viewport.js';
import { headline } from './words.js';

/** More cables than these are shown as a matrix. 2,000 are drawn at a few milliseconds a frame, but lines so close say
 *  nothing any more, and beyond this the browser's painting of the lines, not ours, takes longer than a frame. */
const MOST_DRAWN = 2_500;
/** Below this width there is one column. */
const NARROW = 700;
/** Who listens is told the sum of some seconds, not each change of a storm, and has the time to hear it. */
const QUIET = 3_000;
const SPEECH = 15_000;

const svg = byId('drawing');
const canvas = byId('matrix');

/** @type {Model | null} */
let model = null;
let found = [];
let boxes;
let chosenView = null;
let filter = null;
let connection = 'connecting';
let lastLive = 0;
/** Whether the history shows what was before the page was opened. */
let begun = false;
/** What is pinned, and what the pointer or the focus is on: a cable, a machine, a pair or a finding. */
let pinned = null;
let passing = null;
/** What waits for the next frame. */
let pending = null;
const dirty = { cables: new Set(), nodes: new Set(), shape: false, all: false };

const drawing = new Drawing(svg);
/** The tools stand above, the legend below. */
const room = () => [52, byId('legend').querySelector('summary').offsetHeight + 18, 0];
const view = new Viewport(
  svg,
  (transform) => drawing.move(transform),
  () => drawing.labels(),
  room,
);
const details = new Details({ close: () => pin(null), choose: (item) => pin(item, true) });
const list = new FindingList({
  hover: (finding) => pass(finding && { finding }),
  choose: (finding) => pin({ finding }, true),
});
const table = new CableTable((cable) => pin({ cable }, true));
const dock = new Dock(() => model && table.show(model, filter));
const history = new History(({ end, node }) => {
  const cable = end !== undefined && model?.ends.get(end)?.cable.id;
  if (cable) pin({ cable }, true);
  else if (node !== undefined) pin({ node }, true);
});
const matrix = new Matrix(canvas, { hover: (pair) => pass(pair && { pair }), choose: (pair) => pin({ pair }), room });

const stream = new Stream({
  topology(topology, gap) {
    const before = model;
    setClock(topology.server.time);
    model = new Model(topology);
    const same = before && before.server.kind === model.server.kind && before.server.node === model.server.node;
    if (same && gap) history.add(model.changesSince(before), true);
    dirty.shape ||= !before || before.shape !== model.shape;
    dirty.all = true;
    update();
  },
  past(events) {
    history.add(begun ? events : model.withFailures(events));
    begun = true;
  },
  port(event, again) {
    if (!again) history.add([['port', event]]);
    const { cable, shape } = model.applyPort(event);
    if (cable) dirty.cables.add(cable);
    dirty.shape ||= shape;
    update();
  },
  agent(event, again) {
    if (!again) history.add([['agent', event]]);
    const node = model.applyAgent(event);
    if (node) {
      dirty.nodes.add(node);
      node.cables.forEach((cable) => dirty.cables.add(cable));
    }
    // What an agent says that is back is in the topology.
    if (!again && event.agent.state === 'up') stream.refresh();
    update();
  },
  state(state, why) {
    if (state === 'live') {
      if (connection === 'lost' && lastLive > 0) history.addNote('connected again');
      lastLive = 0;
    } else if (connection === 'live') {
      lastLive = now();
      history.addNote(`connection lost: ${why}`);
    }
    connection = state === 'lost' && !model ? 'connecting' : state;
    showConnection(connection, why, lastLive);
    if (model) showTitle(model, connection);
  },
});

/** At the next frame; a tab in the background has none, and its title shall tell all the same. */
function update() {
  if (pending) return;
  const run = () => {
    if (pending !== run) return;
    pending = null;
    flush();
  };
  pending = run;
  requestAnimationFrame(run);
  setTimeout(run, 250);
}

const isMatrix = () => chosenView === 'matrix' || (chosenView === null && model.cables.size > MOST_DRAWN);
const isNarrow = () => document.documentElement.clientWidth < NARROW;

function flush() {
  const { cables, nodes, shape, all } = dirty;
  Object.assign(dirty, { cables: new Set(), nodes: new Set(), shape: false, all: false });
  if (shape) lay();
  else if (isMatrix()) matrix.show(model, false);
  else if (all) drawing.adopt(model);
  else drawing.update(cables, nodes);
  found = findings(model);
  list.show(found);
  showFrame(model, found);
  showTitle(model, connection);
  if (dock.showsTable) table.show(model, filter);
  // What is pinned lives on under the newest finding, and goes with its cable.
  if (pinned?.finding) pinned = renewed(pinned.finding);
  passing = passing?.finding ? renewed(passing.finding) : passing;
  light();
  announce();
}

/** The same finding as it is now; if it is mended, its cable. */
function renewed(finding) {
  const now = found.find((one) => one.id === finding.id);
  if (now) return { finding: now };
  return finding.node !== null ? { node: finding.node } : { cable: finding.cables[0] };
}

/** Draws everything anew: other machines or cables, another size of the screen, another view. */
function lay() {
  const shown = isMatrix() ? 'matrix' : model.server.kind;
  const changed = document.body.dataset.view !== shown;
  document.body.dataset.view = shown;
  svg.toggleAttribute('hidden', shown === 'matrix');
  canvas.hidden = byId('matrix-cell').hidden = shown !== 'matrix';
  const button = document.querySelector('[data-tool=view]');
  button.hidden = model.isAgent && model.cables.size <= MOST_DRAWN;
  button.setAttribute('aria-pressed', String(shown === 'matrix'));
  if (shown === 'matrix') {
    matrix.show(model, true);
    return;
  }
  const placed = model.isAgent
    ? panel(model, isNarrow())
    : layout([...model.nodes.values()], [...model.cables.values()], { before: boxes, narrow: isNarrow() });
  boxes = placed.boxes;
  drawing.show(model, placed, runs(model.cables.values(), placed));
  view.setFrame(placed, model.cables.size < 12 ? 1.5 : 1.2);
  if (changed || !view.touched) view.fit(false);
}

/** What stands out now, and what the panel shows: what is pinned, else where the pointer or the focus is. */
function light() {
  const hot = { cables: new Set(), nodes: new Set() };
  for (const item of [pinned, passing]) {
    if (item?.finding) {
      item.finding.cables.forEach((id) => hot.cables.add(id));
      if (item.finding.node !== null) hot.nodes.add(item.finding.node);
    }
    if (item?.cable !== undefined) hot.cables.add(item.cable);
    if (item?.node !== undefined) hot.nodes.add(item.node);
  }
  for (const { cable, node } of hits.all) {
    if (cable !== undefined) hot.cables.add(cable);
    else hot.nodes.add(node);
  }
  if (isMatrix()) matrix.highlight(hot.cables);
  else drawing.highlight(hot);
  // The list has said what it knows of a finding; the panel would only move it from under the pointer.
  details.show(model, pinned ?? (passing?.finding ? null : passing), pinned !== null);
  list.choose(pinned?.finding?.id ?? null);
}

function pass(item) {
  if (JSON.stringify(item) === JSON.stringify(passing)) return;
  passing = item;
  if (model) light();
}

/** @param {object | null} item @param {boolean} [centre] whether to bring it into the middle */
function pin(item, centre = false) {
  pinned = item;
  passing = null;
  light();
  if (item && centre) show(item);
}

function show(item) {
  const cable = item.cable ?? item.finding?.cables[0];
  const node = item.node ?? item.finding?.node;
  if (isMatrix()) {
    const of = cable ?? model.nodes.get(node)?.cables[0]?.id;
    if (of !== undefined) matrix.centre(of);
    return;
  }
  // A small drawing is seen whole: nothing is gained by moving it under the eyes.
  if (model.cables.size <= 24) return;
  const frame = drawing.frame(item.finding?.cables ?? (cable !== undefined ? [cable] : []), node ?? null);
  if (frame) view.show(frame);
}

let announced = { findings: [], headline: '', failure: null };
let quiet = 0;
let spoken = -Infinity;
function announce() {
  quiet ||= setTimeout(
    () => {
      quiet = 0;
      const failure = model.plan.failure?.error ?? null;
      const standing = { findings: found, headline: headline(model.counts, model.isAgent, Boolean(failure)), failure };
      const words = announcement(announced, standing);
      announced = standing;
      if (words === '') return;
      byId('live').textContent = words;
      spoken = performance.now();
    },
    Math.max(QUIET, spoken + SPEECH - performance.now()),
  );
}

// The drawing: pointer, focus, keys.
let asked = null;
svg.addEventListener('pointermove', (event) => {
  if (event.buttons !== 0 || event.pointerType === 'touch') return;
  if (!asked) requestAnimationFrame(() => (pass(drawing.at(asked)), (asked = null)));
  asked = event;
});
svg.addEventListener('pointerleave', () => pass(null));
svg.addEventListener('click', (event) => pin(drawing.at(event)));
svg.addEventListener('focusin', (event) => pass(itemOf(event.target)));
svg.addEventListener('focusout', () => pass(null));
svg.addEventListener('keydown', (event) => {
  const item = itemOf(event.target);
  if (view.key(event, !item)) return;
  if (item && (event.key === 'Enter' || event.key === ' ')) pin(item);
  else if (/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) walk(event.target, event.key);
  else return;
  event.preventDefault();
});

function itemOf(element) {
  const { cable, node } = element.dataset ?? {};
  return cable !== undefined ? { cable } : node !== undefined ? { node } : null;
}

function walk(from, key) {
  const all = drawing.sequence();
  const at = all.indexOf(from);
  const to =
    key === 'Home' ? 0 : key === 'End' ? all.length - 1 : at + (key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1);
  const next = all[Math.max(0, Math.min(all.length - 1, to))];
  if (!next) return;
  drawing.rove(next);
  next.focus();
  show(itemOf(next));
}

// Search: `/` begins, Enter goes to the next, Escape ends.
const query = byId('query');
// Who has no keyboard presses no key.
if (globalThis.matchMedia('(pointer: coarse)').matches) query.placeholder = 'Find';
const hits = { all: [], at: -1 };
query.addEventListener('input', () => {
  hits.all = model ? find(model, query.value) : [];
  hits.at = -1;
  tellHits();
  if (model) light();
  if (hits.all.length > 0) show(hits.all[0]);
});
byId('search').addEventListener('submit', (event) => event.preventDefault());
query.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    query.value = '';
    query.dispatchEvent(new Event('input'));
    query.blur();
  } else if (event.key === 'Enter' && hits.all.length > 0) {
    hits.at = (hits.at + (event.shiftKey ? hits.all.length - 1 : 1)) % hits.all.length;
    pin(hits.all[hits.at], true);
    tellHits();
  }
});
function tellHits() {
  byId('found').value =
    query.value.trim() === ''
      ? ''
      : hits.all.length === 0
        ? 'nothing'
        : hits.at < 0
          ? `${hits.all.length} found`
          : `${hits.at + 1} of ${hits.all.length}`;
}
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, textarea');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
    query.focus();
    query.select();
    event.preventDefault();
  } else if (event.key === 'Escape' && !typing) {
    pin(null);
  }
});

// Filters and tools.
byId('counts').addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  filter = filter === button.dataset.filter ? null : button.dataset.filter;
  for (const one of byId('counts').children) one.setAttribute('aria-pressed', String(one.dataset.filter === filter));
  document.body.dataset.filter = filter ?? '';
  matrix.filter(filter);
  if (model && dock.showsTable) table.show(model, filter);
});
byId('tools').addEventListener('click', (event) => {
  const tool = event.target.closest('button')?.dataset.tool;
  const port = model && isMatrix() ? matrix.viewport : view;
  if (tool === 'in') port.zoomBy(1.5);
  else if (tool === 'out') port.zoomBy(1 / 1.5);
  else if (tool === 'fit') port.fit();
  else if (tool === 'view' && model) {
    chosenView = isMatrix() ? 'lines' : 'matrix';
    lay();
    light();
  }
});
let narrow = isNarrow();
new ResizeObserver(() => {
  if (!model) return;
  if (isMatrix()) matrix.resize();
  if (narrow !== isNarrow()) {
    narrow = isNarrow();
    lay();
  } else if (!isMatrix() && !view.touched) {
    view.fit(false);
  }
}).observe(byId('stage'));
globalThis
  .matchMedia('(prefers-color-scheme: dark)')
  .addEventListener('change', () => model && isMatrix() && matrix.resize());

showLegend();
// As often as an age changes: two that were written at different moments are not to contradict each other.
setInterval(tick, 1_000);
setInterval(() => details.refresh(), 5_000);
stream.start();
