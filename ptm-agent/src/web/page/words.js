// What the page says, in words. Pure: no DOM, no clock.
//
// A sentence is an array of texts and names. Names come from strangers: who shows them isolates them, so that a name
// written from right to left reorders nothing around it.

/**
 * A sentence: plain texts, and names as `{name}`.
 * @typedef {Array<string | {name: string}>} Sentence
 */

/** What deceives: the same characters as `escape.rs`. The server writes them out already; node names are the plan's. */
const DECEPTIVE =
  /[\p{Cc}\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}\u{e0000}-\u{e007f}]/gu;

/** Nearly all names are, and there are thousands. */
const isPlain = (text) => /^[ -~]*$/.test(text);

/** @param {string} text @returns {string} the text with every deceptive character written out */
export function shown(text) {
  if (isPlain(text)) return text;
  return text.replace(DECEPTIVE, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/**
 * @param {string} text
 * @param {number} most
 * @returns {string} at most so many characters; what is cut off shows as …
 */
export function clipped(text, most) {
  if (text.length <= most) return text;
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/** Makes a sentence: what is put in is a name. @returns {Sentence} */
export function say(texts, ...names) {
  return texts
    .flatMap((text, i) => (i < names.length ? [text, { name: String(names[i]) }] : [text]))
    .filter((part) => part !== '');
}

/** @param {Sentence} sentence @returns {string} for where there is no markup: names isolated by Unicode's own means */
export function plain(sentence) {
  return sentence.map((part) => (typeof part === 'string' ? part : isolated(shown(part.name)))).join('');
}

/** Who says a plain name aloud, or finds by it what to press, is not to stumble over what nobody sees. */
const isolated = (text) => (isPlain(text) ? text : `\u2068${text}\u2069`);

/** Every reason: how bad it is (0 is worst), in a word or two, and what it means. */
export const REASONS = {
  'wrong-node': { rank: 0, word: 'wrong machine', means: 'a neighbor is there, and it is another machine' },
  'wrong-port': { rank: 1, word: 'wrong port', means: 'the right machine, another of its ports' },
  'link-down': { rank: 2, word: 'link down', means: 'somebody was heard, then carrier was lost' },
  left: { rank: 3, word: 'said goodbye', means: 'the neighbor ended its LLDP in order' },
  'aged-out': { rank: 4, word: 'fell silent', means: 'the neighbor is heard no longer' },
  absent: { rank: 6, word: 'no such port', means: 'the plan names a port that the machine does not have' },
  silent: { rank: 7, word: 'silent', means: 'the link is up and nobody was ever heard' },
  down: { rank: 8, word: 'no carrier', means: 'the link is down and nobody was ever heard' },
  unplanned: { rank: 9, word: 'not in the plan', means: 'a neighbor on a port that the plan does not name' },
  unchecked: { rank: 20, word: 'not checked', means: 'the plan gives no far port' },
  match: { rank: 30, word: 'as planned', means: 'the expected neighbor is there' },
};

/** Every status: a symbol that needs no colour, and a word. */
export const STATUSES = {
  fail: { symbol: '✕', word: 'failing', means: 'the cable is not where the plan has it, or its neighbor is gone' },
  'no-info': { symbol: '?', word: 'no info', means: 'nothing is known of an end, or there is nothing to check' },
  pass: { symbol: '✓', word: 'pass', means: 'both ends hear the neighbor that the plan names' },
};

const WORST_FIRST = ['fail', 'no-info', 'pass'];

/** Compares two statuses: the worse one comes first. */
export const worstFirst = (a, b) => WORST_FIRST.indexOf(a) - WORST_FIRST.indexOf(b);

/** How an agent stands. */
export const REACHES = {
  connecting: { rank: 12, word: 'was not heard yet', symbol: '…' },
  up: { rank: 30, word: 'is up', symbol: '' },
  unreachable: { rank: 5, word: 'is unreachable', symbol: '⚠' },
  hanging: { rank: 5, word: 'does not answer', symbol: '⚠' },
  invalid: { rank: 5, word: 'gives no valid answer', symbol: '⚠' },
  'other-plan': { rank: 5, word: 'has another plan', symbol: '⚠' },
};

/** @param {string | null | undefined} reason */
export const rankOf = (reason) => REASONS[reason]?.rank ?? 25;

/** @param {string | null | undefined} reason @returns {string} */
export const reasonWord = (reason) => REASONS[reason]?.word ?? shown(reason ?? 'none');

const STATUS_OF = {
  match: 'pass',
  'wrong-node': 'fail',
  'wrong-port': 'fail',
  'aged-out': 'fail',
  left: 'fail',
  'link-down': 'fail',
};

/** @param {string | null} reason @returns {string} `pass`, `fail`, `no-info` */
export const statusOf = (reason) => STATUS_OF[reason] ?? 'no-info';

/** @param {string | null} reason @returns {string} such as `fail wrong-node` */
export const verdictWords = (reason) => (reason ? `${statusOf(reason)} ${shown(reason)}` : 'nothing');

/**
 * What is the matter with one end of a cable.
 * @param {string} reason @param {string} end @param {string} far @param {string | undefined} observed
 * @returns {Sentence}
 */
export function complaint(reason, end, far, observed) {
  const should = (rest) => [...say`${end} should be cabled to ${far}`, ...rest];
  switch (reason) {
    case 'wrong-node':
      return should(say`, but ${observed ?? 'another machine'} is at the other end.`);
    case 'wrong-port':
      return should(say`, but the cable is in ${observed ?? 'another port there'}.`);
    case 'link-down':
      return should([', but the link is down: carrier was lost.']);
    case 'left':
      return should([', but the neighbor that was there said goodbye.']);
    case 'aged-out':
      return should([', but the neighbor that was there fell silent.']);
    case 'absent':
      return say`The plan cables ${end} to ${far}, but the machine has no such port.`;
    case 'silent':
      return should(['; the link is up, but nobody was ever heard there.']);
    case 'down':
      return should(['; the link is down, and nobody was ever heard there.']);
    case 'unplanned':
      return say`${observed ?? 'Somebody'} is at the other end of ${end}, a port that the plan does not name.`;
    default:
      return should(['.']);
  }
}

/** @param {number} n @param {string} one @param {string} [many] @returns {string} */
export const count = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** @param {number} millis how long ago @returns {string} such as `5 min ago` */
export function ago(millis) {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < 2) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}

/**
 * @param {number} at milliseconds since 1970
 * @param {number} now
 * @returns {string} local time, with the date unless it is today's
 */
export function clock(at, now) {
  const time = new Date(at);
  const two = (n) => String(n).padStart(2, '0');
  const hours = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  const today = new Date(now).toDateString() === time.toDateString();
  return today ? hours : `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${hours}`;
}

/**
 * What is the matter, in a line: the page's headline.
 * @param {import('./model.js').Counts} counts @param {boolean} agent whether an agent answers, not the map
 * @param {boolean} broken whether the topology file can't be used, and the plan from before holds
 */
export function headline(counts, agent, broken = false) {
  const { cables, ports } = counts;
  const total = cables.pass + cables.fail + cables['no-info'];
  const what = agent ? 'port' : 'cable';
  if (total === 0) return `No ${what}s to check`;
  if (cables.fail > 0) return `${cables.fail.toLocaleString('en')} of ${count(total, what)} failing`;
  if (cables['no-info'] > 0)
    return `Nothing fails; ${cables['no-info'].toLocaleString('en')} of ${count(total, what)} not confirmed`;
  const planned = count(ports.pass + ports.fail + ports['no-info'], 'port');
  const all = agent ? planned : `${count(total, 'cable')} (${planned})`;
  return `${broken ? 'By the plan from before' : 'All is well'}: all ${all} pass`;
}

/**
 * What stands below it: the ports, and why of some nothing is known.
 * @param {import('./model.js').Model} model
 * @returns {string}
 */
export function subline({ counts, ends, nodes, isAgent }) {
  const { cables, ports, unplanned } = counts;
  if (cables.pass + cables.fail + cables['no-info'] === 0)
    return isAgent ? 'The plan has no cable of this machine.' : 'The plan has no cables.';
  const number = (status) => `${ports[status].toLocaleString('en')} ${status === 'no-info' ? 'no info' : status}`;
  const agents = [...nodes.values()].filter((node) => !node.stranger).map((node) => node.agent?.state);
  const silent = agents.filter((state) => state && state !== 'up').length;
  const without = isAgent ? 0 : agents.filter((state) => !state).length;
  const cached = [...ends.values()].filter((end) => end.verdict?.cached).length;
  return [
    `${isAgent ? 'This machine’s ports' : 'Ports'}: ${['pass', 'fail', 'no-info'].map(number).join(', ')}`,
    unplanned > 0 ? `${count(unplanned, 'neighbor')} not in the plan` : '',
    silent > 0 ? `${count(silent, 'agent')} without verdicts` : '',
    without === agents.length ? 'the map was told of no agent (ptm-agent map --agents)' : '',
    without > 0 && without < agents.length ? `${count(without, 'machine')} without an agent` : '',
    cached > 0 ? `${count(cached, 'port')} known from before a restart, not confirmed by LLDP yet` : '',
  ]
    .filter(Boolean)
    .join('; ');
}
