// Keeps up with the server: the topology, then its events from there on; and all anew whenever that thread is lost.
//
// What happened before is asked for too: at first all that the server still has, later what was missed.

import { reaches } from './place.js';

/** The server says something every 5 s. Who hears nothing for so long takes the connection for dead. */
const SILENCE = 15_000;
/** A topology of 20,000 cables over a slow line takes its time; one that takes longer never comes. */
const PATIENCE = 30_000;
const FIRST_RETRY = 500;
const LAST_RETRY = 8_000;
/** A server that ends every stream at once is not asked more often for that. */
const STEADY = 5_000;

/**
 * @typedef {object} Listener
 * @property {(topology: object, gap: boolean) => void} topology everything anew; after a gap the events that led to it
 *   can't be had
 * @property {(events: Array<['port' | 'agent', object]>) => void} past those events, in order: once a connection
 * @property {(event: object, again: boolean) => void} port
 * @property {(event: object, again: boolean) => void} agent
 * @property {(state: 'connecting' | 'live' | 'lost', why: string) => void} state
 */

export class Stream {
  #listener;
  #source = null;
  #watchdog = 0;
  #retry = 0;
  #delay = FIRST_RETRY;
  #liveSince = 0;
  #heard = false;
  #fetching = null;
  #again = false;
  /** Events that came while a topology was on its way, which may be older than they are. */
  #meanwhile = [];
  /** Up to where events are told; before any: undefined. The server may have forgotten it by now: null. */
  #place;
  /** Events that led to the topology, until all of them are there. */
  #past = null;
  #refetched = -Infinity;
  /** Counts beginnings: what an earlier one still waits for is not wanted any more. */
  #turn = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    // A machine that wakes from sleep, or a network that is back, need not wait for the next try.
    globalThis.addEventListener?.('online', () => this.#source ?? this.#startSoon());
  }

  /** Begins, and begins anew. */
  async start() {
    this.#stop();
    const turn = ++this.#turn;
    try {
      const topology = await this.#fetch();
      if (turn !== this.#turn) return;
      const { oldest, cursor } = topology;
      const told = Boolean(this.#place) && reaches(oldest, this.#place) && reaches(this.#place, cursor);
      const gap = this.#place !== undefined && !told;
      this.#listener.topology(topology, gap);
      this.#open(told ? this.#place : gap ? cursor : oldest, cursor);
    } catch (error) {
      if (turn === this.#turn) this.#fail(error.message);
    }
  }

  /** Asks for the topology while the stream goes on: something besides verdicts changed. */
  async refresh() {
    if (this.#fetching) {
      this.#again = true;
      return;
    }
    // Also where the clock was set back meanwhile.
    const wait = Math.min(1_000, this.#refetched + 1_000 - Date.now());
    if (wait > 0) {
      if (!this.#again) setTimeout(() => this.#again && ((this.#again = false), this.refresh()), wait);
      this.#again = true;
      return;
    }
    const source = this.#source;
    this.#meanwhile = [];
    try {
      const topology = await this.#fetch();
      if (source !== this.#source) return;
      this.#listener.topology(topology, false);
      // Applied once more in order they end where the server is: the last one of a port counts.
      for (const [kind, event] of this.#meanwhile) this.#listener[kind](event, true);
    } catch (error) {
      if (source === this.#source) this.#fail(error.message);
      return;
    }
    this.#refetched = Date.now();
    if (this.#again) {
      this.#again = false;
      this.refresh();
    }
  }

  async #fetch() {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), PATIENCE);
    this.#fetching = abort;
    try {
      const answer = await fetch('api/v1/topology', { signal: abort.signal, cache: 'no-store' });
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      return await answer.json();
    } catch (error) {
      throw new Error(
        error.name === 'AbortError'
          ? 'the server does not answer'
          : error instanceof TypeError
            ? 'the server can’t be reached'
            : error.message,
      );
    } finally {
      clearTimeout(timer);
      if (this.#fetching === abort) this.#fetching = null;
    }
  }

  /** Asks for what is behind the place `from`; up to the place `cursor` it is past. */
  #open(from, cursor) {
    const source = new EventSource(`api/v1/events?after=${encodeURIComponent(from)}`);
    this.#source = source;
    this.#past = [];
    const tellPast = (upTo) => {
      if (!this.#past || !reaches(cursor, upTo)) return;
      const past = this.#past;
      [this.#past, this.#place] = [null, cursor];
      this.#listener.past(past);
    };
    tellPast(from);
    const live = () => {
      this.#heard = true;
      this.#liveSince ||= Date.now();
      this.#listener.state('live', '');
      this.#watch();
    };
    const take = (kind) => (message) => {
      this.#watch();
      const event = parsed(message.data);
      if (event === null) return this.#fail('the server sends what can’t be read');
      if (this.#past) {
        this.#past.push([kind, event]);
        return tellPast(message.lastEventId);
      }
      this.#place = message.lastEventId;
      if (this.#fetching) this.#meanwhile.push([kind, event]);
      return this.#listener[kind](event, false);
    };
    source.addEventListener('open', live);
    source.addEventListener('port', take('port'));
    source.addEventListener('agent', take('agent'));
    source.addEventListener('alive', () => this.#watch());
    source.addEventListener('changed', () => {
      this.#watch();
      this.refresh();
    });
    source.addEventListener('reset', () => {
      const steady = Date.now() - this.#liveSince > STEADY;
      this.#stop();
      this.#place = null;
      this.#retryIn(steady ? 0 : this.#grow());
    });
    // The browser's own retry knows nothing of what changed besides verdicts meanwhile.
    source.addEventListener('error', () => source === this.#source && this.#fail('the server closed the connection'));
    this.#watch();
  }

  #watch() {
    clearTimeout(this.#watchdog);
    if (this.#heard && Date.now() - this.#liveSince > STEADY) this.#delay = FIRST_RETRY;
    this.#watchdog = setTimeout(() => this.#fail('the server has been silent for 15 s'), SILENCE);
  }

  #fail(why) {
    this.#stop();
    this.#listener.state('lost', why);
    this.#retryIn(this.#grow());
  }

  #grow() {
    const delay = this.#delay * (0.75 + Math.random() / 2);
    this.#delay = Math.min(LAST_RETRY, this.#delay * 2);
    return delay;
  }

  #retryIn(delay) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.start(), delay);
  }

  #startSoon() {
    this.#delay = FIRST_RETRY;
    this.start();
  }

  #stop() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#fetching?.abort();
    [this.#source, this.#fetching, this.#again, this.#liveSince, this.#heard] = [null, null, false, 0, false];
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
