// What happened lately, newest first: what the server still has, what comes, and what was found to have changed while
// the stream was broken.

import { byId, h, name, now, time } from './dom.js';
import { endKey } from './model.js';
import { REACHES, clock, statusOf, verdictWords } from './words.js';

/** A strip, not an archive: the log and Prometheus have the rest. */
const MOST = 200;

export class History {
  #list = byId('history').querySelector('ol');
  #end = byId('history').querySelector('p');

  /** @param {(item: {end?: string, node?: string}) => void} choose */
  constructor(choose) {
    this.#list.addEventListener('click', (event) => {
      const item = event.target.closest('li');
      if (item && event.target.closest('button'))
        choose(item.dataset.agent ? { node: item.dataset.agent } : { end: item.dataset.of });
    });
    byId('only-failing').addEventListener('change', (event) =>
      byId('history').toggleAttribute('data-only-failing', event.target.checked),
    );
  }

  /**
   * @param {Array<['port' | 'agent', object]>} events the oldest first
   * @param {boolean} [missed] whether they were only found later
   */
  add(events, missed = false) {
    const latest = events.slice(-MOST);
    this.#add(latest.map(([kind, event]) => (kind === 'port' ? port(event, missed) : agent(event))));
  }

  /** @param {string} words what happened to this page */
  addNote(words) {
    this.#add([
      h('li', { 'data-note': true, 'data-failing': true }, h('span', { class: 'at' }, clock(now(), now())), ' ', words),
    ]);
  }

  #add(items) {
    if (items.length === 0) return;
    this.#list.prepend(...items.reverse());
    while (this.#list.childElementCount > MOST) {
      const last = this.#list.lastElementChild;
      if (last.contains(document.activeElement)) byId('history').focus();
      last.remove();
    }
    this.#end.textContent = 'What was before: see the log, or Prometheus.';
  }
}

function port(event, missed) {
  const key = endKey(event.node, event.port);
  const failing = [event.before, event.after].some((reason) => statusOf(reason) === 'fail');
  const after = h('b', {}, verdictWords(event.after));
  const found = event.after && event.verdict?.observed && statusOf(event.after) === 'fail';
  return item(
    event,
    { 'data-of': key, 'data-status': event.after ? statusOf(event.after) : 'no-info', 'data-failing': failing },
    h('button', { type: 'button' }, name(key)),
    ' ',
    // Where no event tells of it, only the outcome is known.
    ...(event.before === undefined ? ['is ', after] : [verdictWords(event.before), ' → ', after]),
    found ? h('span', {}, ', found ', name(event.verdict.observed)) : null,
    missed ? h('span', { class: 'ago' }, ' (found after a gap)') : null,
  );
}

function agent(event) {
  const { state, detail } = event.agent;
  const bad = state !== 'up';
  return item(
    event,
    { 'data-agent': event.node, 'data-status': bad ? 'no-info' : 'pass', 'data-failing': bad },
    'agent of ',
    h('button', { type: 'button' }, name(event.node)),
    ' ',
    h('b', {}, REACHES[state]?.word ?? state),
    detail ? h('span', {}, ': ', name(detail)) : null,
  );
}

const item = (event, attributes, ...words) =>
  h(
    'li',
    attributes,
    h('span', { class: 'at' }, clock(Date.parse(event.time), now())),
    ' ',
    ...words,
    ' ',
    h('span', { class: 'ago' }, time(event.time)),
  );
