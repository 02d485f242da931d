// The drawing: one path a cable, one group a machine. What changes touches its own elements only.

import { distance, labelPlace, path, point } from './cables.js';
import { mark, s } from './dom.js';
import { straying } from './findings.js';
import { CROWD, frame } from './layout.js';
import { describeCable, describeNode } from './speech.js';
import { strays } from './strays.js';
import { REACHES, clipped, shown, worstFirst } from './words.js';

/** So many port names are written at once: more can't be read, and each costs a frame. */
const MOST_LABELS = 300;
/** Up to here all port names are written, whatever the zoom. */
const FEW_CABLES = 72;
/** From this scale on port names of a large drawing can be told apart. */
const READABLE = 0.85;
/** Crosses drawn at once. A cable that fails is thick besides. */
const MOST_MARKS = 400;

export class Drawing {
  #svg;
  #world;
  #layers = {};
  #model = null;
  #layout = null;
  #runs = new Map();
  /** @type {Map<string, SVGPathElement>} */
  #cables = new Map();
  /** @type {Map<string, SVGGElement>} */
  #nodes = new Map();
  #levels = {};
  #scale = 1;
  #hot = { cables: new Set(), nodes: new Set() };
  #transform = { x: 0, y: 0, k: 1 };

  /** @param {SVGSVGElement} svg */
  constructor(svg) {
    this.#svg = svg;
    this.#world = s('g', { class: 'world' });
    for (const layer of ['halo', 'cables', 'nodes', 'strays', 'marks', 'labels']) {
      this.#world.append((this.#layers[layer] = s('g', { class: layer })));
    }
    this.#layers.halo.setAttribute('aria-hidden', 'true');
    this.#layers.strays.setAttribute('aria-hidden', 'true');
    this.#layers.marks.setAttribute('aria-hidden', 'true');
    this.#layers.labels.setAttribute('aria-hidden', 'true');
    this.#layers.cables.setAttribute('role', 'group');
    this.#layers.cables.setAttribute('aria-label', 'Cables');
    this.#layers.nodes.setAttribute('role', 'group');
    this.#layers.nodes.setAttribute('aria-label', 'Machines');
    svg.append(this.#world);
  }

  /** Draws all of it. */
  show(model, layout, runs) {
    [this.#model, this.#layout, this.#runs] = [model, layout, runs];
    const held = this.#world.contains(document.activeElement) ? document.activeElement.dataset : null;
    this.#cables.clear();
    this.#nodes.clear();
    const cables = [];
    for (const cable of model.cables.values()) {
      const run = runs.get(cable.id);
      if (!run) continue;
      const element = s('path', { class: 'cable', d: path(run), 'data-cable': cable.id, tabindex: -1, role: 'button' });
      this.#cables.set(cable.id, element);
      cables.push(element);
      this.#paintCable(cable);
    }
    // What fails lies on top: on a large map it could not be seen under the rest.
    this.#levels = Object.fromEntries(['pass', 'no-info', 'fail'].map((status) => [status, s('g')]));
    this.#layers.cables.replaceChildren(...Object.values(this.#levels));
    for (const element of cables) this.#levels[element.dataset.status].append(element);
    const nodes = [];
    for (const node of model.nodes.values()) {
      const box = layout.boxes.get(node.name);
      if (!box) continue;
      const element = s('g', {
        class: 'node',
        'data-node': node.name,
        'data-shape': box.shape,
        transform: `translate(${box.x.toFixed(1)} ${box.y.toFixed(1)})`,
        tabindex: -1,
        role: 'button',
      });
      element.append(
        s('rect', { x: -box.w / 2, y: -box.h / 2, width: box.w, height: box.h, rx: 5 }),
        s('text', { class: 'title' }, fitting(node.name, box.w)),
        // Two words, not one, for who has the text alone.
        ' ',
        s('text', { class: 'sub', y: 14 }),
      );
      if (node.stranger) element.setAttribute('data-stranger', '');
      this.#nodes.set(node.name, element);
      nodes.push(element);
      this.#paintNode(node);
    }
    this.#layers.nodes.replaceChildren(...nodes);
    this.#svg.toggleAttribute('data-many', cables.length > FEW_CABLES);
    this.#svg.toggleAttribute('data-crowd', cables.length > CROWD);
    this.#marks();
    this.highlight(this.#hot);
    const again = held && (this.#cables.get(held.cable) ?? this.#nodes.get(held.node));
    this.rove(again ?? this.sequence()[0]);
    if (held) (again ?? this.#svg).focus();
  }

  /**
   * The same drawing with newer verdicts; {@link highlight} has to follow, here and after {@link update}.
   * @param {import('./model.js').Model} model
   */
  adopt(model) {
    this.#model = model;
    for (const cable of model.cables.values()) this.#paintCable(cable);
    for (const node of model.nodes.values()) this.#paintNode(node);
    this.#marks();
  }

  /**
   * @param {Iterable<import('./model.js').Cable>} cables what changed
   * @param {Iterable<import('./model.js').Node>} nodes
   */
  update(cables, nodes) {
    const touched = new Set(nodes);
    for (const cable of cables) {
      this.#paintCable(cable);
      for (const { node } of [cable.a, cable.b]) touched.add(this.#model.nodes.get(node));
    }
    for (const node of touched) if (node) this.#paintNode(node);
    this.#marks();
  }

  #paintCable(cable) {
    const element = this.#cables.get(cable.id);
    if (!element) return;
    if (element.dataset.status !== cable.status) {
      element.dataset.status = cable.status;
      const focused = document.activeElement === element;
      if (element.parentNode) this.#levels[cable.status].append(element);
      if (focused) element.focus();
    }
    element.toggleAttribute('data-unplanned', !cable.planned);
    element.toggleAttribute('data-stray', straying(this.#model, cable) !== null);
    element.toggleAttribute('data-cached', Boolean(cable.a.verdict?.cached || cable.b.verdict?.cached));
    set(element, 'aria-label', describeCable(this.#model, cable));
  }

  #paintNode(node) {
    const element = this.#nodes.get(node.name);
    if (!element) return;
    element.toggleAttribute('data-failing', node.cables.some((cable) => cable.planned && cable.status === 'fail'));
    const state = node.agent?.state;
    set(element, 'data-agent', state ?? '');
    const bad = state && state !== 'up' ? REACHES[state] : null;
    element.toggleAttribute('data-bad', bad !== null && state !== 'connecting');
    const sub = element.lastChild;
    const text = bad ? `${bad.symbol} ${state}` : (node.function ?? (node.stranger ? 'not in the plan' : ''));
    const { w: width, h: height } = this.#layout.boxes.get(node.name);
    const low = height < 30 && !bad;
    const shownText = low ? '' : clipped(shown(text), Math.floor((width - 8) / 5.6));
    if (sub.textContent !== shownText) sub.textContent = shownText;
    element.classList.toggle('two', shownText !== '');
    set(element, 'aria-label', describeNode(node));
  }

  #marks() {
    const marks = [];
    for (const cable of this.#model.cables.values()) {
      const run = this.#runs.get(cable.id);
      if (!run) continue;
      const cached = Boolean(cable.a.verdict?.cached || cable.b.verdict?.cached);
      if (cable.status !== 'fail' && !cached) continue;
      const [x, y] = point(run, 0.5);
      marks.push(mark(cable.status === 'fail' ? 'fail' : 'cached', { 'data-x': x, 'data-y': y }));
      if (marks.length >= MOST_MARKS) break;
    }
    this.#layers.marks.replaceChildren(...marks);
    this.#scaleMarks();
  }

  #scaleMarks() {
    // However far off, a cross stays a cross.
    const scale = Math.max(1, 0.8 / this.#scale).toFixed(2);
    for (const mark of this.#layers.marks.children)
      mark.setAttribute('transform', `translate(${mark.dataset.x} ${mark.dataset.y}) scale(${scale})`);
  }

  #strays() {
    const found = strays(this.#model, this.#layout, this.#runs);
    this.#layers.strays.replaceChildren(
      ...found.flatMap((stray) => {
        const hot = stray.cables.some((id) => this.#hot.cables.has(id)) ? ' hot' : '';
        const { d, ends = [], text, x, y } = stray;
        return [
          d ? s('path', { class: `stray${hot}`, d }) : '',
          ...ends.map(([cx, cy]) => s('circle', { class: `stray-end${hot}`, cx, cy, r: 4 })),
          text ? s('text', { class: `stray-text${hot}`, x, y }, clipped(shown(text), 34)) : '',
        ];
      }),
    );
  }

  /** Writes the names of ports where they can be read. */
  labels() {
    if (!this.#model) return;
    const all = this.#cables.size <= FEW_CABLES;
    const near = this.#scale >= READABLE;
    const { x, y, k } = this.#transform;
    const [left, top] = [-x / k, -y / k];
    const [right, bottom] = [left + this.#svg.clientWidth / k, top + this.#svg.clientHeight / k];
    const inside = (px, py) => px > left && px < right && py > top && py < bottom;
    const chosen = new Set();
    for (const id of this.#hot.cables) if (this.#runs.has(id) && chosen.size < MOST_LABELS) chosen.add(id);
    if (all || near) {
      for (const [id, run] of this.#runs) {
        if (chosen.size >= MOST_LABELS) break;
        if (all || inside(run.x1, run.y1) || inside(run.x2, run.y2)) chosen.add(id);
      }
    }
    const labels = [];
    for (const id of chosen) {
      const cable = this.#model.cables.get(id);
      const run = this.#runs.get(id);
      if (!cable) continue;
      for (const [end, first] of [
        [cable.a, true],
        [cable.b, false],
      ]) {
        if (end.port === null) continue;
        // A port of two cables, one of them not in the plan, is written once.
        const owner = this.#model.ends.get(end.key)?.cable;
        if (owner !== cable && chosen.has(owner?.id)) continue;
        const hot = this.#hot.cables.has(id);
        const place = labelPlace(run, first);
        // Where ports stand closer than their names are high, these come with zooming in.
        const size = hot || place.size === null ? 11.5 : place.size;
        if (!all && !hot && size * k < 6) continue;
        const turn = place.angle ? ` rotate(${place.angle})` : '';
        const attributes = {
          class: `port${hot ? ' hot' : ''}`,
          'data-status': end.verdict?.status ?? 'no-info',
          'text-anchor': place.anchor,
          transform: `translate(${place.x.toFixed(1)} ${place.y.toFixed(1)})${turn}`,
          'font-size': size.toFixed(1),
        };
        labels.push(s('text', attributes, clipped(shown(end.port), 14)));
      }
    }
    this.#layers.labels.replaceChildren(...labels);
  }

  /** @param {{x: number, y: number, k: number}} transform */
  move(transform) {
    this.#transform = transform;
    this.#world.setAttribute(
      'transform',
      `translate(${transform.x.toFixed(2)} ${transform.y.toFixed(2)}) scale(${transform.k.toFixed(4)})`,
    );
    if (transform.k === this.#scale) return;
    this.#scale = transform.k;
    this.#svg.toggleAttribute('data-far', transform.k < 0.4);
    this.#scaleMarks();
  }

  /** Lets some cables and machines stand out. @param {{cables: Set<string>, nodes: Set<string>}} hot */
  highlight(hot) {
    for (const id of this.#hot.cables) this.#cables.get(id)?.classList.remove('hot');
    for (const name of this.#hot.nodes) this.#nodes.get(name)?.classList.remove('hot');
    this.#hot = hot;
    for (const id of hot.cables) this.#cables.get(id)?.classList.add('hot');
    for (const name of hot.nodes) this.#nodes.get(name)?.classList.add('hot');
    const halos = [...hot.cables]
      .filter((id) => this.#runs.has(id))
      .map((id) => s('path', { d: path(this.#runs.get(id)) }));
    this.#layers.halo.replaceChildren(...halos.slice(0, 200));
    this.#svg.toggleAttribute('data-hot', hot.cables.size + hot.nodes.size > 0);
    if (!this.#model) return;
    this.#strays();
    this.labels();
  }

  /**
   * The cable or machine at a place on the screen.
   * @param {MouseEvent} event
   * @returns {{cable?: string, node?: string} | null}
   */
  at(event) {
    const node = event.target.closest?.('[data-node]');
    if (node) return { node: node.dataset.node };
    const direct = event.target.closest?.('[data-cable]');
    if (direct) return { cable: direct.dataset.cable };
    const frame = this.#svg.getBoundingClientRect();
    const { x, y, k } = this.#transform;
    const [px, py] = [(event.clientX - frame.left - x) / k, (event.clientY - frame.top - y) / k];
    let [nearest, least] = [null, (event.pointerType === 'touch' ? 18 : 8) / k];
    for (const [id, run] of this.#runs) {
      const d = distance(run, px, py);
      if (d < least) [nearest, least] = [id, d];
    }
    return nearest === null ? null : { cable: nearest };
  }

  /** What holds these cables and this machine. @param {string[]} cables @param {string | null} node */
  frame(cables, node) {
    const boxes = new Map();
    for (const id of cables) {
      const run = this.#runs.get(id);
      if (run)
        boxes.set(id, {
          x: (run.x1 + run.x2) / 2,
          y: (run.y1 + run.y2) / 2,
          w: Math.abs(run.x2 - run.x1) + 60,
          h: Math.abs(run.y2 - run.y1) + 80,
        });
    }
    const box = this.#layout?.boxes.get(node);
    if (box) boxes.set('', { ...box, w: box.w + 200, h: box.h + 200 });
    return boxes.size > 0 ? frame(boxes) : null;
  }

  /** Cables, worst first, then machines: the order of the arrow keys. */
  sequence() {
    const cables = [...this.#model.cables.values()].filter((cable) => this.#cables.has(cable.id));
    cables.sort((a, b) => worstFirst(a.status, b.status));
    return [...cables.map((cable) => this.#cables.get(cable.id)), ...this.#nodes.values()];
  }

  /** One element of the drawing is in the order of Tab. @param {Element | undefined} element */
  rove(element) {
    this.#world.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    element?.setAttribute('tabindex', '0');
  }
}

function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}

/** As much of a name as fits into a box; wide characters count twice. */
function fitting(name, width) {
  const text = shown(name);
  const characters = Array.from(text);
  let room = (width - 14) / 8;
  for (let i = 0; i < characters.length; i++) {
    room -= characters[i] >= '\u1100' ? 1.8 : 1;
    if (room < 0) return `${characters.slice(0, Math.max(1, i - 1)).join('')}…`;
  }
  return text;
}
