// The matrix: a cell for each pair of machines that have cables, for plans too large to be drawn as lines.

import { byId } from './dom.js';
import { grid, judge, step } from './grid.js';
import { STATUSES, count, plain, say, shown } from './words.js';
import { Viewport } from './viewport.js';

/** A cell in the matrix' own measure; zoom does the rest. */
const CELL = 20;
/** Room for the names of rows and columns, in pixels, once there is room to read them. */
const MARGIN = 110;
/** From this size on screen a cell has room for a name beside it, and for a symbol in it. */
const LEGIBLE = 11;

export class Matrix {
  #canvas;
  #viewport;
  #grid = null;
  #model = null;
  #transform = { x: 0, y: 0, k: 1 };
  #cell = null;
  #hot = new Set();
  #filter = null;
  #asked = false;
  /** A row's height: a few spines over many leaves make a band, not a line. */
  #tall = CELL;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{hover: (pair: [string, string] | null) => void, choose: (pair: [string, string]) => void, room: () =>
   *   [number, number, number]}} handlers
   */
  constructor(canvas, { hover, choose, room }) {
    this.#canvas = canvas;
    this.#viewport = new Viewport(
      canvas,
      (transform) => ((this.#transform = transform), this.#draw()),
      () => {},
      () => [MARGIN, room()[1], MARGIN],
    );
    canvas.addEventListener('pointermove', (event) => event.buttons === 0 && hover(this.#at(event)?.names ?? null));
    canvas.addEventListener('pointerleave', () => hover(null));
    canvas.addEventListener('click', (event) => {
      const cell = this.#at(event);
      if (cell) this.#go(cell, choose);
    });
    canvas.addEventListener('keydown', (event) => {
      if (this.#viewport.key(event, false) || !this.#grid) return;
      if (event.key === 'Enter' || event.key === ' ') this.#cell && choose(this.#cell.names);
      else if (/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) {
        this.#go(step(this.#grid, this.#cell, event.key), () => {});
        this.#reveal();
      } else return;
      event.preventDefault();
    });
  }

  get viewport() {
    return this.#viewport;
  }

  /** @param {import('./model.js').Model} model @param {boolean} anew whether there are other cables than before */
  show(model, anew) {
    this.#model = model;
    if (anew || !this.#grid) {
      this.#grid = grid(model);
      this.#cell = null;
      const { rows, columns } = this.#grid;
      this.#tall = Math.min(CELL * 6, Math.max(CELL, (columns.length * CELL * 0.5) / Math.max(1, rows.length)));
      this.resize();
      this.#viewport.setFrame({ x: 0, y: 0, width: columns.length * CELL, height: rows.length * this.#tall }, 1.6);
      if (!this.#viewport.touched) this.#viewport.fit(false);
    } else {
      judge(this.#grid, model);
    }
    this.#tell();
    this.#draw();
  }

  /** @param {Set<string>} cables that stand out */
  highlight(cables) {
    this.#hot = new Set([...cables].map((id) => this.#grid?.byCable.get(id)).filter(Boolean));
    this.#draw();
  }

  /** @param {string | null} status only cells of this one */
  filter(status) {
    this.#filter = status;
    this.#draw();
  }

  /** Brings a cable's cell into the middle. @param {string} cable */
  centre(cable) {
    const cell = this.#grid?.byCable.get(cable);
    if (!cell) return;
    this.#cell = cell;
    this.#tell();
    this.#viewport.centre((cell.column + 0.5) * CELL, (cell.row + 0.5) * this.#tall, 1.2);
  }

  /** Takes the canvas' size on screen. */
  resize() {
    const scale = globalThis.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.#canvas;
    if (clientWidth === 0) return;
    [this.#canvas.width, this.#canvas.height] = [clientWidth * scale, clientHeight * scale];
    this.#draw();
  }

  #go(cell, then) {
    this.#cell = cell;
    this.#tell();
    this.#draw();
    then(cell.names);
  }

  #reveal() {
    const { x, y, k } = this.#transform;
    const [px, py] = [(this.#cell.column + 0.5) * CELL * k + x, (this.#cell.row + 0.5) * this.#tall * k + y];
    const { clientWidth, clientHeight } = this.#canvas;
    if (px < 30 || py < 30 || px > clientWidth - 30 || py > clientHeight - 30 || CELL * k < 6) {
      this.#viewport.centre((this.#cell.column + 0.5) * CELL, (this.#cell.row + 0.5) * this.#tall, 0.6);
    }
  }

  #tell() {
    const cell = this.#cell;
    let words = `${count(this.#grid?.cells.length ?? 0, 'pair')} of machines with cables; arrow keys go to each`;
    if (cell) {
      const state = cell.failing > 0 ? `${cell.failing} failing` : STATUSES[cell.status].word;
      words = `${plain(say`${cell.names[0]} — ${cell.names[1]}: `)}${count(cell.cables, 'cable')}, ${state}`;
    }
    if (byId('matrix-cell').textContent !== words) byId('matrix-cell').textContent = words;
  }

  #at(event) {
    if (!this.#grid) return null;
    const frame = this.#canvas.getBoundingClientRect();
    const { x, y, k } = this.#transform;
    const [column, row] = [
      (event.clientX - frame.left - x) / k / CELL,
      (event.clientY - frame.top - y) / k / this.#tall,
    ];
    // A cell of a pixel can't be hit: the nearest within a few pixels is meant.
    const reach = [Math.max(0.5, 5 / (CELL * k)), Math.max(0.5, 5 / (this.#tall * k))];
    let [best, least] = [null, 1];
    for (const cell of this.#grid.cells) {
      const d = Math.max(Math.abs(cell.column + 0.5 - column) / reach[0], Math.abs(cell.row + 0.5 - row) / reach[1]);
      if (d <= least) [best, least] = [cell, d];
    }
    return best;
  }

  #draw() {
    if (this.#asked || this.#canvas.hidden) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      if (this.#grid) this.#paint();
    });
  }

  #paint() {
    const context = this.#canvas.getContext('2d');
    const scale = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const colours = { pass: colour('--pass'), fail: colour('--fail'), 'no-info': colour('--no-info') };
    const [text, focus, line, back] = [colour('--text'), colour('--focus'), colour('--line'), colour('--back')];
    const { x, y, k } = this.#transform;
    const [size, tall] = [CELL * k, this.#tall * k];
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.strokeStyle = line;
    context.strokeRect(x, y, this.#grid.columns.length * size, this.#grid.rows.length * tall);
    // What fails is painted last and never smaller than can be seen.
    for (const status of ['pass', 'no-info', 'fail']) {
      const least = status === 'fail' ? 5 : 1.2;
      const gap = size > 6 ? 2 : 0;
      const [side, rise] = [Math.max(size - gap, least), Math.max(tall - gap, least)];
      context.fillStyle = context.strokeStyle = colours[status];
      for (const cell of this.#grid.cells) {
        if (cell.status !== status || (this.#filter && this.#filter !== status)) continue;
        const [cx, cy] = [(cell.column + 0.5) * size + x, (cell.row + 0.5) * tall + y];
        if (cx < -side || cy < -rise || cx > width + side || cy > height + rise) continue;
        if (status === 'no-info' && side > 5)
          context.strokeRect(cx - side / 2 + 1, cy - rise / 2 + 1, side - 2, rise - 2);
        else context.fillRect(cx - side / 2, cy - rise / 2, side, rise);
        if (status === 'fail' && side >= LEGIBLE) cross(context, cx, cy, side / 4, back);
      }
    }
    for (const cell of this.#cell ? [...this.#hot, this.#cell] : this.#hot) {
      context.strokeStyle = focus;
      context.lineWidth = 3;
      const [side, rise] = [Math.max(size, 12), Math.max(tall, 12)];
      context.strokeRect((cell.column + 0.5) * size + x - side / 2, (cell.row + 0.5) * tall + y - rise / 2, side, rise);
      context.lineWidth = 1;
    }
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    const frame = (x0, y0, w, h) => {
      [context.fillStyle, context.globalAlpha] = [back, 0.9];
      context.fillRect(x0, y0, w, h);
      [context.fillStyle, context.globalAlpha] = [text, 1];
    };
    const names = (all, from, step, until, margin, write) => {
      for (let i = Math.max(0, Math.floor((margin - from) / step)); i < all.length; i++) {
        const at = (i + 0.5) * step + from;
        if (at >= until) break;
        if (at > margin) write(shown(all[i]).slice(0, 40), at);
      }
    };
    if (tall >= LEGIBLE) {
      frame(0, 0, MARGIN, height);
      names(this.#grid.rows, y, tall, height, MARGIN - 20, (name, at) => context.fillText(name, 8, at, MARGIN - 12));
    }
    if (size < LEGIBLE) return;
    frame(0, 0, width, MARGIN - 20);
    names(this.#grid.columns, x, size, width, MARGIN, (name, at) => {
      context.save();
      context.translate(at, MARGIN - 26);
      context.rotate(-Math.PI / 3.2);
      context.fillText(name, 0, 0, MARGIN - 20);
      context.restore();
    });
  }
}

function cross(context, x, y, r, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - r, y - r);
  context.lineTo(x + r, y + r);
  context.moveTo(x - r, y + r);
  context.lineTo(x + r, y - r);
  context.stroke();
  context.lineWidth = 1;
}
