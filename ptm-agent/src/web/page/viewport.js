// Pan and zoom of the drawing and of the matrix: d3-zoom for mouse, wheel and touch, and keys and buttons on top.

const { select, zoom, zoomIdentity } = globalThis.d3;

const calm = globalThis.matchMedia('(prefers-reduced-motion: reduce)');

/** So long after the last of many moves the drawing is at rest. */
const REST = 150;

export class Viewport {
  #element;
  #selection;
  #zoom;
  #frame = { x: 0, y: 0, width: 1, height: 1 };
  #touched = false;
  #room;
  #scale = 1;
  #resting = 0;

  /**
   * @param {Element} element what is dragged
   * @param {(transform: {x: number, y: number, k: number}) => void} move
   * @param {() => void} rest after the last of many moves
   * @param {() => [number, number, number]} room what stands over it, in pixels from above, from below and from the
   *   left
   */
  constructor(element, move, rest, room) {
    [this.#element, this.#room] = [element, room];
    this.#zoom = zoom()
      .scaleExtent([0.02, 8])
      .extent(() => [
        [0, 0],
        [element.clientWidth, element.clientHeight],
      ])
      .filter((event) => (!event.ctrlKey || event.type === 'wheel') && !event.button && !this.#scrolls(event))
      .on('zoom', (event) => {
        if (event.sourceEvent) this.#touched = true;
        clearTimeout(this.#resting);
        element.toggleAttribute('data-panned', event.transform.k === this.#scale);
        this.#scale = event.transform.k;
        element.toggleAttribute('data-zoomed', event.transform.k > this.#fitScale() * 1.05);
        move(event.transform);
      })
      .on('end', () => {
        clearTimeout(this.#resting);
        this.#resting = setTimeout(() => element.toggleAttribute('data-panned', false), REST);
        rest();
      });
    this.#selection = select(element).call(this.#zoom).on('dblclick.zoom', null);
  }

  /**
   * Where all is seen on a touch screen, one finger scrolls the page past the drawing, if the page is one to scroll.
   */
  #scrolls(event) {
    return (
      event.type === 'touchstart' && event.touches.length < 2 && getComputedStyle(this.#element).touchAction === 'pan-y'
    );
  }

  /** The transform now. */
  get transform() {
    return this.#element.__zoom ?? zoomIdentity;
  }

  /** Whether somebody chose what to see: then a new size or topology does not choose for him. */
  get touched() {
    return this.#touched;
  }

  /** @param {{x: number, y: number, width: number, height: number}} frame what there is to see */
  setFrame(frame, limit = 1.4) {
    this.#frame = { ...frame, limit };
    const edge = Math.max(frame.width, frame.height, 400);
    const least = this.#fitScale();
    this.#zoom.scaleExtent([Math.min(0.5, least * 0.8), Math.max(5, limit * 3)]).translateExtent([
      [frame.x - edge, frame.y - edge],
      [frame.x + frame.width + edge, frame.y + frame.height + edge],
    ]);
  }

  #fitScale() {
    const { width, height, limit } = this.#frame;
    return this.#scaleFor(width + 50, height + 10, limit ?? 1.4);
  }

  /** The scale at which so much is seen between what stands over it. */
  #scaleFor(width, height, most) {
    const { clientWidth, clientHeight } = this.#element;
    const [above, below, left] = this.#room();
    return Math.max(0.01, Math.min((clientWidth - left) / width, (clientHeight - above - below) / height, most));
  }

  /** Brings a part into the middle of the room that is left for it. */
  #centre({ x, y, width, height }, k, smooth) {
    const [above, below, left] = this.#room();
    this.#go(k, x + width / 2 - left / 2 / k, y + height / 2 + (below - above) / 2 / k, smooth);
  }

  /** Shows all. */
  fit(smooth = true) {
    this.#touched = false;
    this.#centre(this.#frame, this.#fitScale(), smooth);
  }

  /** Brings a part into sight, no closer than it needs to be read. */
  show(frame) {
    this.#touched = true;
    const scale = this.#scaleFor(frame.width + 60, frame.height, 1.2);
    this.#centre(frame, Math.max(scale, this.#fitScale()), true);
  }

  /** Brings a place into the middle, near enough to read. */
  centre(x, y, least = 0.9) {
    this.#touched = true;
    this.#go(Math.max(this.transform.k, least), x, y, true);
  }

  #go(k, x, y, smooth) {
    const { clientWidth, clientHeight } = this.#element;
    const to = zoomIdentity
      .translate(clientWidth / 2, clientHeight / 2)
      .scale(k)
      .translate(-x, -y);
    this.#call(smooth, this.#zoom.transform, to);
  }

  #call(smooth, what, ...values) {
    const still = !smooth || calm.matches || document.hidden;
    (still ? this.#selection : this.#selection.transition().duration(250)).call(what, ...values);
  }

  /** @param {number} factor */
  zoomBy(factor) {
    this.#touched = true;
    this.#call(true, this.#zoom.scaleBy, factor);
  }

  /** Moves by so many pixels of the screen. */
  panBy(dx, dy) {
    this.#touched = true;
    const { k } = this.transform;
    this.#call(false, this.#zoom.translateBy, dx / k, dy / k);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {boolean} arrows whether arrow keys move the drawing
   * @returns {boolean} whether it was one of ours
   */
  key(event, arrows) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const step = 80;
    const pans = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key === '+' || event.key === '=') this.zoomBy(1.4);
    else if (event.key === '-' || event.key === '_') this.zoomBy(1 / 1.4);
    else if (event.key === '0') this.fit();
    else if (arrows && pans[event.key]) this.panBy(...pans[event.key]);
    else return false;
    event.preventDefault();
    return true;
  }
}
