// The two lists below the drawing, one at a time: what changed, and all cables.

import { byId } from './dom.js';

export class Dock {
  #tabs = [byId('tab-history'), byId('tab-table')];
  #opened;

  /** @param {() => void} opened the table of cables is to be filled */
  constructor(opened) {
    this.#opened = opened;
    for (const tab of this.#tabs) {
      tab.addEventListener('click', () => this.#open(tab));
      tab.addEventListener('keydown', (event) => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
        const other = this.#tabs[1 - this.#tabs.indexOf(tab)];
        this.#open(other);
        other.focus();
      });
    }
  }

  /** Whether the table of cables is open. */
  get showsTable() {
    return !byId('table').hidden;
  }

  #open(tab) {
    for (const one of this.#tabs) {
      one.setAttribute('aria-selected', String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
      byId(one.getAttribute('aria-controls')).hidden = one !== tab;
    }
    byId('only-failing').hidden = this.showsTable;
    if (this.showsTable) this.#opened();
  }
}
