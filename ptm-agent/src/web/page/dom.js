// The only places where elements are made: text goes in as text, never as markup.

import { ago, clock, shown } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

/** The server's clock, as far as it is known: verdicts carry its times. */
let skew = 0;

/** @param {string} serverTime when the server answered */
export function setClock(serverTime) {
  skew = Date.parse(serverTime) - Date.now() || 0;
}

/** @returns {number} the time at the server */
export const now = () => Date.now() + skew;

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null)} children
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** What is drawn on a cable besides its line. @param {'fail' | 'cached'} kind a cross, or a clock */
export function mark(kind, attributes) {
  const [r, d] = kind === 'fail' ? [8, 'M-4 -4L4 4M-4 4L4 -4'] : [7, 'M0 -4V0L3 2'];
  return s('g', { class: `mark ${kind}`, ...attributes }, s('circle', { r }), s('path', { d }));
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A name from a stranger: isolated, with what deceives written out, and `node:port` in that order in any script. */
export const name = (text) => h('bdi', { class: 'name', dir: 'ltr' }, shown(text));

/** @param {import('./words.js').Sentence} sentence @returns {Node[]} */
export const rich = (sentence) =>
  sentence.map((part) => (typeof part === 'string' ? document.createTextNode(part) : name(part.name)));

/** @param {string | null | undefined} at RFC 3339 @returns {Node} how long ago, kept up by {@link tick} */
export function time(at) {
  const element = h('time', { datetime: at ?? '', 'data-at': Date.parse(at) || '' });
  tickOne(element);
  return element;
}

function tickOne(element) {
  const at = Number(element.dataset.at);
  const text = at ? ago(now() - at) : 'unknown';
  if (element.textContent !== text) element.textContent = text;
  if (at && !element.title) element.title = `${clock(at, now())} here, ${element.getAttribute('datetime')}`;
}

/** Brings every relative time up to date. */
export const tick = () => document.querySelectorAll('time[data-at]').forEach(tickOne);

/** @param {string} id */
export const byId = (id) => document.getElementById(id);

/** Replaces the children of an element only if what they show is other than before. */
export function replaceIfNew(element, signature, children) {
  if (element.ptmSignature === signature) return false;
  element.ptmSignature = signature;
  element.replaceChildren(...children());
  return true;
}
