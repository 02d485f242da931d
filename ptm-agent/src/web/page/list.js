// The list of what is wrong, worst first, and the table of all cables.

import { byId, h, name, replaceIfNew, rich, time } from './dom.js';
import { compareNames } from './model.js';
import { halfKnown } from './speech.js';
import { REASONS, STATUSES, count, reasonWord, worstFirst } from './words.js';

/** A list of thousands is read by nobody; the rest comes when asked for. */
const STEP = 100;

/** The list of findings: buttons, in one list item each. */
export class FindingList {
  #list = byId('finding-list');
  #more = byId('more');
  #items = new Map();
  #most = STEP;
  #findings = [];
  #chosen = null;

  /** @param {{hover: (finding: object | null) => void, choose: (finding: object) => void}} handlers */
  constructor({ hover, choose }) {
    const finding = (event) => {
      const item = event.target.closest('[data-finding]');
      return item ? this.#findings.find((one) => one.id === item.dataset.finding) : null;
    };
    this.#list.addEventListener('click', (event) => event.target.closest('button') && choose(finding(event)));
    this.#list.addEventListener('pointerover', (event) => hover(finding(event)));
    this.#list.addEventListener('pointerleave', () => hover(null));
    this.#list.addEventListener('focusin', (event) => hover(finding(event)));
    this.#list.addEventListener('focusout', () => hover(null));
    this.#more.addEventListener('click', () => {
      const first = this.#most;
      this.#most += STEP;
      this.show(this.#findings);
      // The button may have gone with the last of them.
      this.#list.children[first]?.firstElementChild.focus();
    });
  }

  /** @param {import('./findings.js').Finding[]} findings */
  show(findings) {
    this.#findings = findings;
    const held = this.#list.contains(document.activeElement) && document.activeElement.closest('li');
    const seen = findings.slice(0, this.#most);
    const ids = new Set(seen.map((finding) => finding.id));
    for (const [id, item] of this.#items) {
      if (ids.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    let place = this.#list.firstElementChild;
    for (const finding of seen) {
      let item = this.#items.get(finding.id);
      if (!item) this.#items.set(finding.id, (item = h('li', { 'data-finding': finding.id })));
      item.dataset.status = finding.status;
      item.dataset.kind = finding.kind;
      replaceIfNew(item, JSON.stringify(finding), () => [card(finding)]);
      item.classList.toggle('chosen', finding.id === this.#chosen);
      // Moving an element takes the focus from it: only what is out of place is moved.
      if (item === place) place = place.nextElementSibling;
      else this.#list.insertBefore(item, place);
    }
    if (held && !this.#list.contains(document.activeElement))
      (held.isConnected ? held.firstElementChild : byId('findings')).focus();
    const rest = findings.length - seen.length;
    this.#more.hidden = rest <= 0;
    this.#more.textContent = `Show ${Math.min(STEP, rest)} of ${rest.toLocaleString('en')} more`;
  }

  /** @param {string | null} id the finding that is pinned */
  choose(id) {
    this.#chosen = id;
    for (const [one, item] of this.#items) {
      item.classList.toggle('chosen', one === id);
      item.firstElementChild?.setAttribute('aria-pressed', String(one === id));
    }
  }
}

function card(finding) {
  // An exchange and an agent have their word in the title.
  const word = finding.kind === 'cable' && finding.word !== 'unplanned' ? REASONS[finding.word]?.word : null;
  return h(
    'button',
    { type: 'button', 'aria-pressed': 'false' },
    h(
      'span',
      { class: 'badge', 'aria-hidden': 'true' },
      finding.kind === 'agent' ? '⚠' : STATUSES[finding.status].symbol,
    ),
    h(
      'span',
      { class: 'what' },
      h('span', { class: 'title' }, ...rich(finding.title)),
      ' ',
      word ? h('span', { class: 'word' }, word) : null,
      finding.cached ? h('span', { class: 'word' }, 'cached') : null,
    ),
    finding.advice
      ? h('span', { class: 'advice' }, h('span', { class: 'unseen' }, 'To do: '), ...rich(finding.advice))
      : null,
    h(
      'span',
      { class: 'why' },
      ...finding.sentences.flatMap((sentence) => [...rich(sentence), document.createTextNode(' ')]),
      finding.since ? time(finding.since) : null,
    ),
  );
}

/** All cables as a table: what the drawing shows, in words. Filled while it is open. */
export class CableTable {
  #body = byId('table').querySelector('tbody');
  #more = byId('more-rows');
  #most = STEP;
  #last = null;

  /** @param {(cable: string) => void} choose */
  constructor(choose) {
    this.#body.addEventListener('click', (event) => {
      const row = event.target.closest('button');
      if (row) choose(row.closest('tr').dataset.row);
    });
    this.#more.addEventListener('click', () => {
      const first = this.#most;
      this.#most += STEP;
      this.show(...this.#last);
      this.#body.rows[first]?.querySelector('button').focus();
    });
  }

  /** @param {import('./model.js').Model} model @param {string | null} status only cables of this one */
  show(model, status) {
    this.#last = [model, status];
    const cables = [...model.cables.values()].filter((cable) => !status || cable.status === status);
    cables.sort((x, y) => worstFirst(x.status, y.status) || compareNames(x.a.key, y.a.key));
    const old = new Map([...this.#body.rows].map((row) => [row.dataset.row, row]));
    const held = this.#body.contains(document.activeElement) && document.activeElement.closest('tr');
    const rows = cables.slice(0, this.#most).map((cable) => {
      const row = old.get(cable.id) ?? h('tr', { 'data-row': cable.id });
      row.dataset.status = cable.status;
      replaceIfNew(row, signature(cable), () => cells(model, cable));
      return row;
    });
    if (rows.length !== this.#body.rows.length || rows.some((row, i) => row !== this.#body.rows[i]))
      this.#body.replaceChildren(...rows);
    if (held && !this.#body.contains(document.activeElement))
      (held.isConnected ? held.querySelector('button') : byId('table')).focus();
    const rest = cables.length - rows.length;
    this.#more.hidden = rest <= 0;
    this.#more.textContent = `Show ${Math.min(STEP, rest)} of ${count(rest, 'more cable')}`;
  }
}

const signature = ({ status, planned, a, b }) =>
  JSON.stringify([
    status,
    planned,
    [a, b].map(({ verdict }) => [verdict?.reason, verdict?.observed, verdict?.since, verdict?.cached]),
  ]);

function cells(model, cable) {
  const says = ({ verdict }) => [
    h(
      'span',
      { class: 'reason', 'data-status': verdict?.status ?? 'no-info' },
      verdict ? reasonWord(verdict.reason) : 'not known',
    ),
    verdict?.observed && verdict.status !== 'pass' ? h('span', {}, ': ', name(verdict.observed)) : null,
    verdict?.cached ? ' (cached)' : null,
  ];
  const [a, b] = [cable.a, cable.b];
  const since = [a, b]
    .map(({ verdict }) => verdict?.since)
    .filter(Boolean)
    .sort()
    .pop();
  const status = !cable.planned
    ? 'not in the plan'
    : halfKnown(model, cable)
      ? 'half known'
      : STATUSES[cable.status].word;
  return [
    h(
      'td',
      { class: 'state' },
      h('span', { class: 'badge', 'aria-hidden': 'true' }, STATUSES[cable.status].symbol),
      ' ',
      status,
    ),
    h('th', { scope: 'row' }, h('button', { type: 'button' }, name(a.key))),
    h('td', {}, ...says(a)),
    h('td', {}, name(b.key)),
    h('td', {}, ...says(b)),
    h('td', {}, since ? time(since) : '—'),
  ];
}
