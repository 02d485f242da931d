// Everything about one cable, machine or pair of machines: the evidence and what to do.

import { byId, h, name, replaceIfNew, rich, time } from './dom.js';
import { advised } from './findings.js';
import { halfKnown } from './speech.js';
import { REACHES, STATUSES, count, plain, reasonWord, say, worstFirst } from './words.js';

/** A machine with more cables than these lists its worst. */
const MOST_ROWS = 100;
/** What a port was asked for is asked for again after so long: who is heard there is heard every half minute. */
const FRESH = 15_000;
const NOTHING = { key: null, ends: [], nodes: [], at: -Infinity };

export class Details {
  #panel = byId('details');
  #title = byId('details-title');
  #body = byId('details-body');
  #fetched = NOTHING;
  #model = null;
  #item = null;
  /** What had the focus before it went into the panel. */
  #origin = null;

  /** @param {{close: () => void, choose: (item: {cable: string}) => void}} handlers */
  constructor({ close, choose }) {
    byId('close').addEventListener('click', close);
    this.#body.addEventListener('click', (event) => {
      const go = event.target.closest('button[data-go]')?.dataset.go;
      if (go !== undefined) choose({ cable: go });
    });
  }

  /**
   * @param {import('./model.js').Model} model
   * @param {{cable?: string, node?: string, pair?: [string, string], finding?: import('./findings.js').Finding} |
   *   null} item
   * @param {boolean} pinned whether it stays, and so may be asked of the server
   */
  show(model, item, pinned) {
    [this.#model, this.#item] = [model, item];
    const content = item && this.#content(item);
    const stays = Boolean(content) && pinned;
    const held = this.#panel.contains(document.activeElement);
    if (stays && !held) this.#origin = document.activeElement;
    // What vanishes with the pointer or the focus is nothing to go to.
    this.#body.inert = !stays;
    this.#panel.toggleAttribute('data-pinned', stays);
    if (held && !stays) (this.#origin?.isConnected ? this.#origin : byId('findings')).focus();
    byId('hint').hidden = Boolean(content);
    if (!content) {
      replaceIfNew(this.#title, '', () => ['Evidence']);
      replaceIfNew(this.#body, '', () => []);
      this.#fetched = NOTHING;
      return;
    }
    if (!pinned) this.#fetched = NOTHING;
    const { title, signature, build } = content;
    const ends = pinned ? content.ends : [];
    const key = ends.map((end) => `${end.key} ${end.verdict?.reason} ${end.verdict?.since}`).join('\n');
    if (key !== this.#fetched.key) {
      this.#fetched = { ...NOTHING, key, ends };
      this.refresh();
    }
    if (replaceIfNew(this.#title, plain(title), () => rich(title))) this.#panel.scrollTop = 0;
    replaceIfNew(this.#body, `${signature}\n${this.#fetched.nodes.length}\n${key}`, () => [
      ...build(),
      ...this.#fetched.nodes,
    ]);
    if (held && stays && !this.#panel.contains(document.activeElement)) byId('close').focus();
  }

  #content(item) {
    const { nodes, cables } = this.#model;
    if (item.finding?.cables.length > 1) return this.#finding(item.finding);
    if (item.finding) item = item.finding.node ? { node: item.finding.node } : { cable: item.finding.cables[0] };
    if (item.pair) return this.#pair(item.pair);
    if (item.node !== undefined) return nodes.has(item.node) ? this.#node(nodes.get(item.node)) : null;
    return cables.has(item.cable) ? this.#cable(cables.get(item.cable)) : null;
  }

  #finding(finding) {
    const cables = finding.cables.map((id) => this.#model.cables.get(id)).filter(Boolean);
    return {
      title: finding.title,
      signature: JSON.stringify([finding, cables.map((cable) => [cable.a.verdict, cable.b.verdict])]),
      ends: [],
      build: () =>
        [
          finding.advice ? h('p', { class: 'advice' }, ...rich(finding.advice)) : null,
          ...finding.sentences.map((sentence) => h('p', {}, ...rich(sentence))),
          ...cables.flatMap((cable) => [
            h('h3', {}, ...rich(say`${cable.a.key} — ${cable.b.key}`)),
            ...this.#ends(cable, false),
          ]),
        ].filter(Boolean),
    };
  }

  #cable(cable) {
    return {
      title: cable.planned ? say`${cable.a.key} — ${cable.b.key}` : say`${cable.a.key}: not in the plan`,
      signature: JSON.stringify([cable.id, cable.status, cable.a.verdict, cable.b.verdict]),
      ends: [cable.a, cable.b].filter((end) => end.verdict && end.port !== null),
      build: () => [
        h(
          'p',
          { class: 'status', 'data-status': cable.status },
          `${STATUSES[cable.status].symbol} ${cable.planned ? STATUSES[cable.status].word : 'not in the plan'}`,
          halfKnown(this.#model, cable) ? ': one end passes, of the other nothing is known here' : '',
        ),
        ...this.#ends(cable, true),
      ],
    };
  }

  #ends(cable, headed) {
    const ends = [cable.a, cable.b].filter((end) => end.verdict || !this.#model.isAgent);
    ends.sort((x, y) => Number(Boolean(y.verdict?.advice)) - Number(Boolean(x.verdict?.advice)));
    return ends.map((end) =>
      h(
        'section',
        {},
        h(headed ? 'h3' : 'h4', {}, ...rich(say`${end.key}`)),
        ...this.#evidence(end, headed),
      ),
    );
  }

  #evidence(end, headed) {
    const { verdict } = end;
    if (!verdict) {
      const agent = this.#model.nodes.get(end.node)?.agent;
      return [
        h(
          'p',
          {},
          agent
            ? `Nothing is known: its agent ${REACHES[agent.state]?.word ?? agent.state}.`
            : 'Nothing is known: the map was told of no agent there.',
        ),
      ];
    }
    const { difference } = verdict;
    const rows = [
      [
        'verdict',
        [
          h(
            'b',
            { 'data-status': verdict.status },
            `${STATUSES[verdict.status]?.symbol ?? ''} ${STATUSES[verdict.status]?.word ?? verdict.status}`,
          ),
          `: ${reasonWord(verdict.reason)}`,
          h('span', { class: 'id' }, ` (${verdict.reason})`),
        ],
      ],
      ['expected', verdict.expected ? [name(verdict.expected)] : null],
      ['found', verdict.observed ? [name(verdict.observed)] : ['nobody']],
      [
        'differs in',
        difference
          ? [
              name(difference.field),
              ': ',
              name(difference.observed || 'not sent'),
              ' instead of ',
              name(difference.expected),
            ]
          : null,
      ],
      ['since', verdict.since ? [time(verdict.since)] : null],
      ['carrier', [verdict.carrier === undefined ? 'no such interface' : verdict.carrier ? 'up' : 'down']],
      ['cached', verdict.cached ? ['from before the agent’s restart, not confirmed by LLDP yet'] : null],
    ];
    return [
      // Of two exchanged cables one thing is to be done, and that stands above.
      verdict.advice && headed ? h('p', { class: 'advice' }, ...rich(advised(end))) : null,
      h(
        'p',
        {},
        name(verdict.explanation),
        '.',
        verdict.advice && !headed ? h('span', { class: 'id' }, ' ', ...rich(advised(end))) : '',
      ),
      h(
        'dl',
        {},
        ...rows.filter(([, value]) => value).flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, ...value)]),
      ),
    ].filter(Boolean);
  }

  #node(node) {
    const cables = [...node.cables].sort((a, b) => worstFirst(a.status, b.status));
    const agent = node.agent;
    return {
      title: say`${node.name}`,
      signature: JSON.stringify([node.name, agent, cables.map((cable) => [cable.id, cable.status])]),
      ends: [],
      build: () =>
        [
          h(
            'p',
            {},
            [node.stranger ? 'not in the plan' : (node.function ?? ''), count(node.cables.length, 'cable')]
              .filter(Boolean)
              .join(', '),
          ),
          agent
            ? h(
                'p',
                { class: agent.state === 'up' ? '' : 'advice' },
                `Its agent ${REACHES[agent.state]?.word ?? agent.state}`,
                agent.detail ? ': ' : '',
                agent.detail ? name(agent.detail) : '',
                h('span', { class: 'id' }, ' ', name(agent.address)),
              )
            : null,
          this.#rowsOf(cables),
        ].filter(Boolean),
    };
  }

  #pair([one, other]) {
    const cables = this.#model.nodes.get(one)?.cables.filter(({ a, b }) => a.node === other || b.node === other) ?? [];
    return {
      title: say`${one} — ${other}`,
      signature: JSON.stringify([one, other, cables.map((cable) => [cable.id, cable.status])]),
      ends: [],
      build: () => [h('p', {}, count(cables.length, 'cable')), this.#rowsOf(cables)],
    };
  }

  #rowsOf(cables) {
    const more = cables.length - MOST_ROWS;
    const words = (cable) =>
      cable.status === 'pass' ? '' : halfKnown(this.#model, cable) ? 'half known' : reasonWord(cable.reason ?? 'not known');
    const row = (cable) => [
      h('span', { class: 'badge', 'aria-hidden': 'true' }, STATUSES[cable.status].symbol),
      ' ',
      name(cable.a.key),
      ' — ',
      name(cable.b.key),
      ` ${words(cable)}`,
    ];
    return h(
      'ul',
      { class: 'rows' },
      ...cables
        .slice(0, MOST_ROWS)
        .map((cable) =>
          h(
            'li',
            { 'data-status': cable.status },
            h('button', { type: 'button', 'data-go': cable.id }, ...row(cable)),
          ),
        ),
      more > 0 ? h('li', {}, `and ${more.toLocaleString('en')} more`) : null,
    );
  }

  /** Asks the server for what only the ports themselves know, unless it is known and fresh. */
  async refresh() {
    const asked = this.#fetched;
    if (asked.ends.length === 0 || document.hidden || performance.now() - asked.at < FRESH) return;
    asked.at = performance.now();
    const parts = await Promise.all(
      asked.ends.map(async (end) => {
        const which = this.#model.isAgent ? end.port : end.key;
        try {
          const answer = await fetch(`api/v1/ports/${encodeURIComponent(which)}`, {
            cache: 'no-store',
            signal: AbortSignal.timeout(10_000),
          });
          return answer.ok ? [end, await answer.json()] : null;
        } catch {
          return null;
        }
      }),
    );
    const nodes = parts.filter(Boolean).map(([end, detail]) => portDetail(end, detail));
    if (this.#fetched !== asked || nodes.length === 0) return;
    // Only what is new is exchanged, under whoever reads the rest.
    if (nodes.length === asked.nodes.length) asked.nodes.forEach((node, i) => node.replaceWith(nodes[i]));
    asked.nodes = nodes;
    this.show(this.#model, this.#item, true);
  }
}

/** What only the port itself knows: who is heard there, how it is captured, what was counted. */
function portDetail(end, { interface: own, neighbors, match_on: matchOn }) {
  const rows = [
    ['compares', matchOn ?? null],
    ['captured by', own ? (own.capture ?? own.capture_error ?? 'nothing yet') : null],
    ['ifindex', own?.ifindex ?? null],
    ...Object.entries(own?.counters ?? {}).map(([counter, value]) => [
      counter.replaceAll('_', ' '),
      value.toLocaleString('en'),
    ]),
  ];
  const list = (pairs) =>
    h(
      'dl',
      {},
      ...pairs
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, typeof value === 'object' ? value : name(value))]),
    );
  return h(
    'section',
    {},
    h('h3', {}, 'Heard on ', name(end.key)),
    neighbors.length === 0 ? h('p', {}, 'Nobody.') : null,
    ...neighbors.map((it) =>
      h(
        'div',
        { class: 'neighbor' },
        list([
          ['system', it.system_name],
          ['port ID', it.port_id],
          ['port', it.port_description],
          ['chassis ID', it.chassis_id],
          ['is', it.system_description],
          ['addresses', it.management_addresses.join(', ')],
          ['heard', h('span', {}, time(it.heard), `, holds ${it.ttl_seconds} s`)],
          ['decides', it.decides ? 'yes: the verdict rests on it' : 'no'],
        ]),
      ),
    ),
    h('h3', {}, 'Port ', name(end.key)),
    list(rows),
  );
}
