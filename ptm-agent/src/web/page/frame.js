// What stands around the drawing: title and icon, headline, counts, banners, the connection, the legend.

import { byId, h, mark, name, now, replaceIfNew, rich, s, time } from './dom.js';
import { REASONS, STATUSES, clock, count, headline, say, shown, subline } from './words.js';

/** @param {import('./model.js').Model} model */
const called = (model) => model.server.node ?? 'map';

const ICONS = {
  fail: ['#d55e00', 'M10 10L22 22M22 10L10 22'],
  'no-info': ['#6b7280', 'M9 16H23'],
  pass: ['#007a5a', 'M9 17L14 22L23 11'],
  lost: ['#6b7280', 'M16 8V18M16 22V23'],
};

/** The tab tells the state too: the page may be one of many. */
export function showTitle(model, connection) {
  const { fail, pass, 'no-info': none } = model.counts.cables;
  const state = fail > 0 ? 'fail' : none > 0 || pass === 0 ? 'no-info' : 'pass';
  const words = fail > 0 ? `${fail} failing` : state === 'pass' ? 'all pass' : 'nothing failing';
  document.title = `${connection === 'lost' ? 'connection lost - ' : ''}${words} - PTM ${shown(called(model))}`;
  const [colour, glyph] = ICONS[connection === 'lost' ? 'lost' : state];
  // An image of its own, not markup of this page; nothing in it comes from outside.
  const back = `<rect width="32" height="32" rx="6" fill="${colour}"/>`;
  const front = `<path d="${glyph}" stroke="#fff" stroke-width="4" fill="none" stroke-linecap="round"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${back}${front}</svg>`;
  const icon = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  const link = document.querySelector('link[rel=icon]');
  if (link.getAttribute('href') !== icon) link.setAttribute('href', icon);
}

/** @param {import('./model.js').Model} model @param {import('./findings.js').Finding[]} findings */
export function showFrame(model, findings) {
  const { server, plan, counts } = model;
  byId('server').textContent = shown(called(model));
  byId('server').title = shown(called(model));
  const { fail, pass } = counts.cables;
  const well = pass > 0 && counts.cables['no-info'] === 0 && findings.length === 0;
  const state = fail > 0 ? 'fail' : well ? 'pass' : 'no-info';
  const head = byId('headline');
  head.dataset.status = state;
  const words = headline(counts, model.isAgent, Boolean(model.plan.failure));
  if (head.textContent !== words) head.replaceChildren(words);
  byId('subline').textContent = subline(model);
  for (const button of byId('counts').querySelectorAll('button'))
    button.querySelector('b').textContent = counts.cables[button.dataset.filter].toLocaleString('en');
  const file = byId('plan');
  replaceIfNew(file, JSON.stringify(plan), () => [
    'plan ',
    name(plan.file),
    `, ${count(plan.links, 'link')}, in force `,
    time(plan.since),
  ]);
  file.title = `SHA-256 ${plan.sha256}; ptm-agent ${server.version}`;
  showPlanFailure(plan);
}

function showPlanFailure({ failure, file, since }) {
  const section = byId('plan-failure');
  section.hidden = !failure;
  if (!failure) return;
  const [title, words, list] = section.children;
  const signature = JSON.stringify([failure, file, since]);
  replaceIfNew(title, signature, () => rich(say`The plan ${file} can’t be used as it is now`));
  replaceIfNew(words, signature, () => [
    name(failure.error),
    ' — since ',
    time(failure.since),
    '. Until it is mended the plan read ',
    time(since),
    ' stays in force; what is shown is checked against that one.',
  ]);
  replaceIfNew(list, signature, () => failure.problems.map((problem) => h('li', {}, name(problem))));
}

/** @param {'connecting' | 'live' | 'lost'} state @param {string} why @param {number} since when it was last live */
export function showConnection(state, why, since) {
  document.body.dataset.connection = state;
  const words = { connecting: 'connecting…', live: 'live', lost: 'connection lost' }[state];
  if (byId('connection-text').textContent !== words) byId('connection-text').textContent = words;
  const banner = byId('lost');
  banner.hidden = state === 'live' || (state === 'connecting' && !why);
  const stale = since ? ` What you see is as of ${clock(since, now())}.` : '';
  const lost = since ? 'Connection lost' : 'No connection yet';
  banner.firstElementChild.textContent = `${lost}: ${why}.${stale} Trying again by itself…`;
}

/** A piece of the drawing for the legend, by the drawing's own classes. */
function sample(kind) {
  const line = s('path', { class: kind === 'stray' ? 'stray' : 'cable', d: 'M2 9H52', 'data-sample': kind });
  line.toggleAttribute('data-unplanned', kind === 'unplanned');
  return s(
    'svg',
    { width: 44, height: 18, viewBox: '5 0 44 18', 'aria-hidden': 'true', class: 'sample' },
    kind === 'cached' ? null : line,
    kind === 'fail' || kind === 'cached' ? mark(kind, { transform: 'translate(27 9)' }) : null,
  );
}

/** Fills the legend. In short for the first look, and at length. */
export function showLegend() {
  const short = {
    pass: 'as planned',
    fail: 'not as planned',
    'no-info': 'no info',
    stray: 'where the cable really is',
    unplanned: 'not in the plan',
  };
  byId('legend')
    .querySelector('summary')
    .append(
      ...Object.entries(short).map(([kind, words]) => h('span', { class: 'key' }, sample(kind), words)),
      h('span', { class: 'key more' }, 'more'),
      h('span', { class: 'key less' }, 'less'),
    );
  const rows = [
    [sample('pass'), `${STATUSES.pass.symbol} pass: ${STATUSES.pass.means}; on an agent’s own page its own end`],
    [sample('fail'), `${STATUSES.fail.symbol} fail: ${STATUSES.fail.means}`],
    [sample('no-info'), `${STATUSES['no-info'].symbol} no info: ${STATUSES['no-info'].means}`],
    [h('span', { class: 'id' }, 'matrix'), 'a full cell passes, a hollow one is no info, one with a cross fails'],
    [sample('cached'), 'known from before the agent’s restart, not confirmed by LLDP yet'],
  ];
  const reasons = Object.entries(REASONS).filter(([reason]) => reason !== 'match');
  byId('legend')
    .querySelector('dl')
    .replaceChildren(
      ...rows.flatMap(([picture, words]) => [h('dt', {}, picture), h('dd', {}, words)]),
      ...reasons.flatMap(([reason, { word, means }]) => [
        h('dt', { class: 'id' }, reason),
        h('dd', {}, `${word}: ${means}`),
      ]),
    );
}
