// What is wrong, worst first: one finding a cable, one for two exchanged cables, one an agent. Pure.

import { compareNames } from './model.js';
import { REACHES, complaint, plain, rankOf, say } from './words.js';

/**
 * @typedef {{id: string, kind: 'exchange' | 'cable' | 'agent', status: string, rank: number, word: string,
 *   title: import('./words.js').Sentence, sentences: import('./words.js').Sentence[],
 *   advice: import('./words.js').Sentence | null, since: string | null, cached: boolean,
 *   cables: string[], node: string | null}} Finding
 */

/** Reasons that are the plan's wish or need nobody: no findings. */
const FINE = new Set(['match', 'unchecked']);

/** @param {import('./model.js').Model} model @returns {Finding[]} */
export function findings(model) {
  const out = [];
  const told = new Set();
  for (const finding of exchanges(model)) {
    out.push(finding);
    finding.cables.forEach((id) => told.add(id));
  }
  for (const [cable, stray] of strayEnds(model)) {
    if (told.has(cable.id)) continue;
    out.push(cableFinding(model, cable, stray));
    told.add(cable.id).add(stray.cable.id);
  }
  for (const cable of model.cables.values()) {
    if (isWrong(cable) && !told.has(cable.id)) out.push(cableFinding(model, cable, null));
  }
  for (const node of model.nodes.values()) if (node.agent && node.agent.state !== 'up') out.push(agentFinding(node));
  return out.sort((a, b) => a.rank - b.rank || compareNames(a.id, b.id));
}

/** What is at the other end of a port, where the plan knows it. */
const seen = (model, end) => (end.verdict ? model.resolve(end.verdict.observed) : null);

/**
 * Two cables whose plugs changed places: A should go to B and C to D, and A goes to D and C to B.
 * Both must be seen, from either end.
 */
function exchanges(model) {
  const out = [];
  const told = new Set();
  const goes = (from, to) => seen(model, from) === to || seen(model, to) === from;
  for (const cable of model.cables.values()) {
    if (cable.status !== 'fail' || told.has(cable.id)) continue;
    for (const a of [cable.a, cable.b]) {
      const b = model.far(a);
      const d = seen(model, a);
      const other = d?.cable;
      if (!other || other === cable || !other.planned || other.status !== 'fail' || told.has(other.id)) continue;
      const c = model.far(d);
      if (!goes(a, d) || !goes(c, b)) continue;
      told.add(cable.id).add(other.id);
      out.push(exchange(cable, other, [a, c], [b, d]));
      break;
    }
  }
  return out;
}

function exchange(one, other, near, far) {
  // Where both plugs are on one machine a person need not walk; any of the two mends both.
  const same = [near, far].filter(([x, y]) => x.node === y.node);
  const [[x, y], also] = same.length > 0 ? same : [near, far];
  const back = [x, y].map((end) => (end.cable.a === end ? end.cable.b : end.cable.a));
  const verdict = [one.a, one.b, other.a, other.b].map((end) => end.verdict).find(Boolean);
  const title =
    same.length > 0
      ? say`${x.port} and ${y.port} of ${x.node} are exchanged`
      : say`${x.key} and ${y.key} are exchanged`;
  const advice =
    same.length > 0
      ? say`On ${x.node}, swap the two plugs in ${x.port} and ${y.port}`
      : say`Swap the two plugs in ${x.key} and ${y.key}`;
  const or =
    also &&
    (also[0].node === also[1].node
      ? say` (or on ${also[0].node} those in ${also[0].port} and ${also[1].port})`
      : say` (or those in ${also[0].key} and ${also[1].key})`);
  return {
    id: one.id,
    kind: 'exchange',
    status: 'fail',
    rank: -1,
    word: 'exchanged',
    title,
    sentences: [
      say`${x.key} goes to ${back[1].key} and should go to ${back[0].key}.`,
      say`${y.key} goes to ${back[0].key} and should go to ${back[1].key}.`,
    ],
    advice: [...advice, ...(or ?? []), '.'],
    since: verdict?.since ?? null,
    cached: Boolean(verdict?.cached),
    cables: [one.id, other.id],
    node: null,
  };
}

/** Whether something is wrong with a cable, as far as anybody tells. */
const isWrong = (cable) => cable.status !== 'pass' && cable.reason !== null && !FINE.has(cable.reason);

/**
 * The end of a cable that the plan does not have which tells that a cable of the plan is meant: its plug is missing
 * there.
 * @param {import('./model.js').Model} model @param {import('./model.js').Cable} cable
 * @returns {{end: import('./model.js').End, planned: import('./model.js').Cable} | null}
 */
export function straying(model, cable) {
  if (cable.planned) return null;
  for (const end of [cable.a, cable.b]) {
    const planned = seen(model, end)?.cable;
    if (planned?.planned && isWrong(planned)) return { end, planned };
  }
  return null;
}

/** The cables of the plan whose plug is in a port without a plan, and the end that tells: one finding each, not two. */
function strayEnds(model) {
  const out = new Map();
  for (const cable of model.cables.values()) {
    const stray = straying(model, cable);
    if (stray && !out.has(stray.planned)) out.set(stray.planned, stray.end);
  }
  return out;
}

/** An end's part in a finding: the worst end speaks. */
function cableFinding(model, cable, stray) {
  const spoken = [cable.a, cable.b].filter((end) => end.verdict && !FINE.has(end.verdict.reason));
  spoken.sort((x, y) => rankOf(x.verdict.reason) - rankOf(y.verdict.reason));
  const [worst] = spoken;
  const { verdict } = worst;
  const far = cable.planned ? (verdict.expected ?? model.far(worst).key) : model.far(worst).key;
  const sentences = [complaint(verdict.reason, worst.key, far, verdict.observed)];
  if (stray) sentences.push(complaint('unplanned', stray.key, '', stray.verdict.observed));
  const advisers = [stray, ...spoken].filter((end) => end?.verdict?.advice);
  return {
    id: cable.id,
    kind: 'cable',
    status: cable.status,
    rank:
      verdict.reason === 'unplanned' || cable.status === 'fail'
        ? rankOf(verdict.reason)
        : Math.max(6, rankOf(verdict.reason)),
    word: verdict.reason,
    title: cable.planned ? say`${cable.a.key} — ${cable.b.key}` : say`${worst.key}: not in the plan`,
    sentences,
    advice: elsewhere(model, worst) ?? (advisers.length > 0 ? advised(advisers[0]) : null),
    since: verdict.since ?? null,
    cached: verdict.cached,
    cables: stray ? [cable.id, stray.cable.id] : [cable.id],
    node: null,
  };
}

/**
 * What to do about a plug in a port that the plan gives to others, on machines that have none of the two cables in
 * common: an agent can only say who belongs where. Each such finding holds whichever is done first.
 */
function elsewhere(model, end) {
  const there = end.verdict.reason === 'wrong-node' ? seen(model, end) : null;
  if (!there?.cable.planned) return null;
  const [far, other] = [model.far(end), model.far(there)];
  if (far.port === null || far.node === there.node || other.node === end.node) return null;
  return say`Connect ${end.key} to ${far.key}: its cable ends in ${there.key} now.`;
}

/** An agent's advice, with where it holds: it is written for who stands before that machine. */
export function advised(end) {
  const text = end.verdict.advice;
  const begins = text.startsWith('at ');
  return [...(begins ? [] : say`On ${end.node}: `), { name: begins ? `A${text.slice(1)}` : text }, '.'];
}

function agentFinding(node) {
  const { state, detail, address } = node.agent;
  const { rank, word } = REACHES[state] ?? { rank: 5, word: state };
  const advice = {
    unreachable: say`See whether ptm-agent runs on ${node.name} and listens at ${address}.`,
    hanging: say`See what ptm-agent does on ${node.name}: it accepts connections and does not answer.`,
    invalid: say`See whether ${address} is the agent of ${node.name}, and of this version.`,
    'other-plan': say`Give ${node.name} the same plan as the map, or the map the plan of ${node.name}.`,
  }[state];
  return {
    id: `agent ${node.name}`,
    kind: 'agent',
    status: 'no-info',
    rank,
    word: state,
    title: [...say`The agent of ${node.name}`, ` ${word}`],
    sentences: [detail ? [{ name: detail }] : ['Of its ports nothing is known here.']],
    advice: advice ?? null,
    since: null,
    cached: false,
    cables: [],
    node: node.name,
  };
}

/** So much of a kind is told; nobody listens to a hundred. */
const MOST_TOLD = 2;

/** A finding in a sentence: what is to be done, if anybody knows, else what is the matter. */
const told = ({ title, advice, sentences }) => `${plain(title)}: ${plain(advice ?? sentences[0])}`;

/**
 * What changed, for who listens rather than looks.
 * @typedef {{findings: Finding[], headline: string, failure: string | null}} Standing `failure` is the plan's
 * @param {Standing} before
 * @param {Standing} after
 */
export function announcement(before, after) {
  const was = new Map(before.findings.map((finding) => [finding.id, told(finding)]));
  const is = new Set(after.findings.map(({ id }) => id));
  const news = after.findings.filter((finding) => was.get(finding.id) !== told(finding));
  const gone = before.findings.filter(({ id }) => !is.has(id));
  const some = (all, words) => [
    ...all.slice(0, MOST_TOLD).map(words),
    ...(all.length > MOST_TOLD ? [`And ${all.length - MOST_TOLD} more.`] : []),
  ];
  const parts = [
    ...some(news, (finding) => `${was.has(finding.id) ? 'Now' : 'New'}: ${told(finding)}`),
    ...some(gone, ({ title }) => `Mended or gone: ${plain(title)}.`),
  ];
  if (parts.length > 0) parts.push(`${after.headline}.`);
  if (before.failure !== after.failure)
    parts.unshift(after.failure ? plain(say`The plan can’t be used: ${after.failure}.`) : 'The plan can be used again.');
  return parts.join(' ');
}
