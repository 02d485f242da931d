// A server with the page and an API that is made up, for working on the page and for looking at it:
//
//     node ptm-agent/tests/page/fake.mjs 8080 miswired
//
// serves a shape of shapes.mjs at http://127.0.0.1:8080/. Asking for /fake/shape/NAME changes to another shape,
// /fake/move and /fake/mend exchange two cables of the ring and put them back, /fake/flap changes verdicts again and
// again, /fake/restart forgets every cursor, /fake/hang says nothing any more.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { SHAPES, miswired, portDetail, portEvent, ring, stamp } from './shapes.mjs';

const PAGE = fileURLToPath(new URL('../../src/web/page/', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export class Fake {
  constructor(topology) {
    this.topology = topology;
    this.instance = 1;
    this.number = 0;
    this.events = [];
    this.readers = new Set();
    this.hanging = false;
    this.server = createServer((request, response) =>
      this.#answer(request, response).catch((error) => response.writeHead(500).end(String(error))),
    );
    this.alive = setInterval(() => this.#tell('event: alive\ndata: {}\n\n'), 5_000);
  }

  listen(port = 0) {
    return new Promise((resolve) =>
      this.server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${this.server.address().port}`)),
    );
  }

  close() {
    clearInterval(this.alive);
    clearInterval(this.flapping);
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  get cursor() {
    return this.#place(this.number);
  }

  #place(number) {
    return `${this.instance.toString(16)}-${number.toString(16)}`;
  }

  /** Sets the verdict of an end and tells. */
  set(key, verdict) {
    const end = this.topology.links.flatMap(({ ends }) => ends).find((end) => `${end.node}:${end.port}` === key);
    const before = end.verdict?.reason ?? null;
    end.verdict = verdict && { ...verdict, since: stamp() };
    this.event('port', portEvent(end, before));
  }

  event(kind, data) {
    this.number++;
    const message = `id: ${this.cursor}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
    this.events.push(message);
    this.#tell(message);
  }

  replace(topology) {
    this.topology = topology;
    this.#tell('event: changed\ndata: {}\n\n');
  }

  restart() {
    this.instance++;
    this.number = 0;
    this.events = [];
    for (const reader of this.readers) reader.destroy();
    this.readers.clear();
  }

  #tell(message) {
    if (!this.hanging) for (const reader of this.readers) reader.write(message);
  }

  async #answer(request, response) {
    const url = new URL(request.url, 'http://localhost');
    const json = (value, code = 200) =>
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (url.pathname.startsWith('/fake/')) return json(this.#command(...url.pathname.split('/').slice(2)));
    if (this.hanging && url.pathname.startsWith('/api/')) return undefined;
    if (url.pathname === '/api/v1/topology')
      return json({
        ...this.topology,
        server: { ...this.topology.server, time: stamp() },
        cursor: this.cursor,
        oldest: this.#place(0),
      });
    if (url.pathname === '/api/v1/events') return this.#stream(url.searchParams.get('after') ?? '', response);
    if (url.pathname.startsWith('/api/v1/ports/')) {
      const detail = portDetail(this.topology, decodeURIComponent(url.pathname.slice(14)));
      return detail ? json(detail) : json({ error: 'no such port: /api/v1/topology lists them' }, 404);
    }
    return this.#file(url.pathname === '/' ? 'index.html' : url.pathname.replace(/^\/assets\//, ''), response);
  }

  #stream(after, response) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const [instance, number] = after.split('-').map((digits) => Number.parseInt(digits, 16));
    if (instance !== this.instance) return response.end('event: reset\ndata: {}\n\n');
    response.write(`: hello\n\n${this.events.slice(number).join('')}`);
    this.readers.add(response);
    response.on('close', () => this.readers.delete(response));
    return undefined;
  }

  async #file(path, response) {
    const file = join(PAGE, normalize(path));
    if (!file.startsWith(PAGE)) return response.writeHead(404).end();
    try {
      const body = await readFile(file);
      return response
        .writeHead(200, {
          'content-type': TYPES[extname(file)] ?? 'text/plain; charset=utf-8',
          'content-security-policy': CSP,
          'x-content-type-options': 'nosniff',
        })
        .end(body);
    } catch {
      return response.writeHead(404).end();
    }
  }

  #command(what, value) {
    const put = (from) =>
      from.links.forEach(({ ends }) => ends.forEach((end) => this.set(`${end.node}:${end.port}`, end.verdict)));
    if (what === 'shape' && SHAPES[value]) this.replace(SHAPES[value]());
    else if (what === 'move') put(miswired());
    else if (what === 'mend') put(ring());
    else if (what === 'restart') this.restart();
    else if (what === 'hang') this.hanging = !this.hanging;
    else if (what === 'flap') this.#flap();
    else return { error: 'no such command' };
    return {};
  }

  #flap() {
    clearInterval(this.flapping);
    let i = 0;
    this.flapping = setInterval(() => {
      const { ends } = this.topology.links[i++ % this.topology.links.length];
      const [end, far] = ends;
      const passes = end.verdict?.status === 'pass';
      this.set(`${end.node}:${end.port}`, {
        status: passes ? 'fail' : 'pass',
        reason: passes ? 'link-down' : 'match',
        cached: false,
        carrier: !passes,
        expected: `${far.node}:${far.port}`,
        explanation: 'made up',
      });
    }, 20);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const fake = new Fake(SHAPES[process.argv[3] ?? 'miswired']());
  console.log(await fake.listen(Number(process.argv[2] ?? 8080)));
}
