// What is known: the server's topology, and the events since. Pure: no DOM, no clock.
//
// A cable is one thing with two ends, however many agents speak of it; it is kept under the same text at both ends, the
// two `node:port` sorted by byte and joined by ` -- `, which is also the label `cable` of the metrics.

import { rankOf } from './words.js';

/**
 * @typedef {{status: string, reason: string, cached: boolean, carrier?: boolean, since?: string, expected?: string,
 *   observed?: string, difference?: {field: string, expected: string, observed: string}, explanation: string,
 *   advice?: string}} Verdict
 * @typedef {{key: string, node: string, port: string | null, verdict: Verdict | null, cable: Cable}} End
 * @typedef {{id: string, a: End, b: End, status: string, reason: string | null, planned: boolean}} Cable
 * @typedef {{name: string, function?: string, agent?: {state: string, address: string, detail: string},
 *   stranger: boolean, cables: Cable[]}} Node
 * @typedef {{pass: number, fail: number, 'no-info': number}} Count
 * @typedef {{cables: Count, ports: Count, unplanned: number}} Counts
 */

/** @param {string} node @param {string | null | undefined} port @returns {string} `node:port`, or `node` */
export const endKey = (node, port) => (port == null ? node : `${node}:${port}`);

/** Compares by the order of the bytes in UTF-8, which is that of code points: surrogates come last. */
function compareBytes(a, b) {
  const rank = (unit) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** @param {string} a @param {string} b @returns {string} */
export const cableId = (a, b) => (compareBytes(a, b) <= 0 ? `${a} -- ${b}` : `${b} -- ${a}`);

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** Compares names as people sort them: swp2 before swp10. */
export const compareNames = (a, b) => COLLATOR.compare(a, b) || compareBytes(a, b);

/** Compares times as the API writes them. */
const byTime = (a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0);

const emptyCount = () => ({ pass: 0, fail: 0, 'no-info': 0 });

/** The state of the cabling. */
export class Model {
  /** @param {object} topology the answer of `/api/v1/topology` */
  constructor(topology) {
    this.server = topology.server;
    this.plan = topology.plan;
    this.isAgent = topology.server.kind === 'agent';
    /** @type {Map<string, Node>} */
    this.nodes = new Map();
    /** @type {Map<string, Cable>} */
    this.cables = new Map();
    /** @type {Map<string, End>} */
    this.ends = new Map();
    for (const node of topology.nodes) this.nodes.set(node.name, { ...node, stranger: false, cables: [] });
    for (const { ends } of topology.links) this.#add(ends[0], ends[1], true);
    for (const end of topology.unplanned) this.#addUnplanned(end);
    this.counts = this.#count();
  }

  /** What is drawn where depends on this alone: two models of the same shape are drawn alike. */
  get shape() {
    const nodes = [...this.nodes.values()].map((node) => `${node.name}\t${node.function ?? ''}`);
    return [this.server.kind, ...nodes, ...this.cables.keys()].join('\n');
  }

  /**
   * Takes an event `port`.
   * @returns {{cable: Cable | null, shape: boolean}} whose verdict changed, and whether there is more or less to draw
   */
  applyPort(event) {
    const verdict = event.verdict ?? null;
    const end = this.ends.get(endKey(event.node, event.port));
    if (end && end.cable.planned) {
      this.#tally(end.cable, -1);
      end.verdict = verdict;
      this.#judge(end.cable);
      this.#tally(end.cable, 1);
      return { cable: end.cable, shape: false };
    }
    if (event.planned) return { cable: null, shape: false };
    if (end && verdict?.observed === end.verdict?.observed) {
      end.verdict = verdict;
      this.#judge(end.cable);
      return { cable: end.cable, shape: false };
    }
    if (end) this.#removeUnplanned(end);
    if (verdict) this.#addUnplanned({ node: event.node, port: event.port, verdict });
    this.counts = this.#count();
    return { cable: this.ends.get(endKey(event.node, event.port))?.cable ?? null, shape: true };
  }

  /** Takes an event `agent`: of an agent that is not up no verdict is known. @returns {Node | null} */
  applyAgent(event) {
    const node = this.nodes.get(event.node);
    if (!node) return null;
    node.agent = event.agent;
    if (event.agent.state !== 'up') {
      for (const cable of node.cables) {
        for (const end of [cable.a, cable.b]) if (end.node === node.name) end.verdict = null;
        this.#judge(cable);
      }
      this.counts = this.#count();
    }
    return node;
  }

  /**
   * The end that LLDP's `node:port` is, as far as the plan has it.
   * @param {string | undefined} text
   * @returns {End | null}
   */
  resolve(text) {
    if (!text) return null;
    const node = this.resolveNode(text);
    return (
      this.ends.get(text) ?? (node && this.ends.get(node.name + text.slice(this.#nodePart(text, node.name)))) ?? null
    );
  }

  /** The machine in LLDP's `node:port`. @param {string | undefined} text @returns {Node | null} */
  resolveNode(text) {
    if (!text) return null;
    // A port may hold colons and so may, as an address, a node: the longest name that is known wins.
    for (let at = text.lastIndexOf(':'); at > 0; at = text.lastIndexOf(':', at - 1)) {
      const name = text.slice(0, at);
      const node = this.nodes.get(name) ?? this.nodes.get(name.split('.')[0]);
      if (node) return node;
    }
    return this.nodes.get(text) ?? null;
  }

  /** @param {End} end @returns {End} the end at the other side of the same cable, by the plan */
  far(end) {
    return end.cable.a === end ? end.cable.b : end.cable.a;
  }

  /**
   * What became of each port from an earlier state to this one, as events: for what was missed in between.
   * @param {Model} before
   */
  changesSince(before) {
    const time = this.server.time;
    const out = [];
    for (const [key, end] of this.ends) {
      const old = before.ends.get(key);
      const [was, is] = [old?.verdict?.reason ?? null, end.verdict?.reason ?? null];
      if (end.port === null || was === is || !(old?.verdict || is)) continue;
      const since = end.verdict?.since;
      const at = since && since > before.server.time ? since : time;
      out.push({
        time: at,
        node: end.node,
        port: end.port,
        planned: end.cable.planned,
        before: was,
        after: is,
        verdict: end.verdict,
      });
    }
    return out.sort(byTime).map((event) => ['port', event]);
  }

  /**
   * The events that led here, and the ends that fail of which none of them tells, as events without what was before.
   * @param {Array<[string, object]>} events in order
   */
  withFailures(events) {
    const told = new Set(events.map(([, { node, port }]) => endKey(node, port)));
    const untold = [...this.ends.values()].filter(
      ({ key, verdict }) => verdict?.status === 'fail' && verdict.since && !told.has(key),
    );
    const failures = untold.map(({ node, port, verdict }) => [
      'port',
      { time: verdict.since, node, port, after: verdict.reason, verdict },
    ]);
    return [...failures, ...events].sort(([, a], [, b]) => byTime(a, b));
  }

  #nodePart(text, name) {
    if (text.startsWith(`${name}:`)) return name.length;
    return text.indexOf(':', name.length);
  }

  #node(name, stranger = false) {
    let node = this.nodes.get(name);
    if (!node) this.nodes.set(name, (node = { name, stranger, cables: [] }));
    return node;
  }

  #add(one, other, planned) {
    const [x, y] = [endKey(one.node, one.port), endKey(other.node, other.port)];
    const id = cableId(x, y);
    const known = this.cables.get(id);
    if (known) {
      // The other end speaks of the same cable.
      for (const { node, port, verdict } of [one, other]) {
        const end = [known.a, known.b].find((end) => end.key === endKey(node, port));
        if (end) end.verdict ??= verdict ?? null;
      }
      this.#judge(known);
      return known;
    }
    const cable = { id, status: 'no-info', reason: null, planned };
    const end = ({ node, port, verdict }, key) => ({ key, node, port: port ?? null, verdict: verdict ?? null, cable });
    [cable.a, cable.b] = [end(one, x), end(other, y)];
    this.cables.set(id, cable);
    for (const end of [cable.a, cable.b]) {
      if (end.port !== null && !this.ends.has(end.key)) this.ends.set(end.key, end);
      const node = this.#node(end.node, !planned);
      if (end === cable.a || cable.a.node !== cable.b.node) node.cables.push(cable);
    }
    this.#judge(cable);
    return cable;
  }

  #addUnplanned(end) {
    const observed = end.verdict?.observed;
    if (!observed) return;
    const node = this.resolveNode(observed);
    const port = node ? observed.slice(this.#nodePart(observed, node.name) + 1) : null;
    const far = node ? { node: node.name, port: port || null } : { node: observed, port: null };
    const cable = this.#add(end, far, false);
    // The port itself may be known by now as what another one sees.
    this.ends.set(
      endKey(end.node, end.port),
      [cable.a, cable.b].find((it) => it.node === end.node && it.port === (end.port ?? null)) ?? cable.a,
    );
  }

  #removeUnplanned(end) {
    const { cable } = end;
    end.verdict = null;
    const other = this.far(end);
    if (other.verdict && !cable.planned && other.cable === cable) return this.#judge(cable);
    this.cables.delete(cable.id);
    for (const it of [cable.a, cable.b]) {
      if (this.ends.get(it.key)?.cable === cable) this.ends.delete(it.key);
      const node = this.nodes.get(it.node);
      if (!node) continue;
      node.cables = node.cables.filter((one) => one !== cable);
      if (node.stranger && node.cables.length === 0) this.nodes.delete(node.name);
    }
    return undefined;
  }

  #judge(cable) {
    const verdicts = [cable.a.verdict, cable.b.verdict].filter(Boolean);
    // An agent knows its own ends only; on the map silence of one end is no pass.
    const enough = this.isAgent ? 1 : 2;
    const all = verdicts.length >= enough && verdicts.every((verdict) => verdict.status === 'pass');
    cable.status = verdicts.some((verdict) => verdict.status === 'fail') ? 'fail' : all ? 'pass' : 'no-info';
    const worst = verdicts.reduce(
      (worst, it) => (worst && rankOf(worst.reason) <= rankOf(it.reason) ? worst : it),
      null,
    );
    cable.reason = worst?.reason ?? null;
  }

  #count() {
    this.counts = { cables: emptyCount(), ports: emptyCount(), unplanned: 0 };
    for (const cable of this.cables.values()) this.#tally(cable, 1);
    return this.counts;
  }

  #tally(cable, by) {
    if (!cable.planned) {
      this.counts.unplanned += by;
      return;
    }
    this.counts.cables[cable.status] += by;
    for (const { port, verdict } of [cable.a, cable.b]) {
      // What nobody is asked about does not count: an agent's page would count its neighbors' ports.
      if (port !== null && (verdict || !this.isAgent)) this.counts.ports[verdict?.status ?? 'no-info'] += by;
    }
  }
}
