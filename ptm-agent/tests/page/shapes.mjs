// Topologies as the API answers them, for tests of the page and for its fake server.

const T0 = Date.parse('2026-11-21T14:00:00Z');

/** @param {number} [ago] milliseconds before now */
export const stamp = (ago = 0, now = Date.now()) => new Date(now - ago).toISOString();

const STATUS = {
  match: 'pass',
  'wrong-node': 'fail',
  'wrong-port': 'fail',
  'aged-out': 'fail',
  left: 'fail',
  'link-down': 'fail',
};

/** A verdict; what is not given follows from the reason. */
export function verdict(reason, expected, more = {}) {
  const observed = reason === 'match' ? expected : more.observed;
  const explanation =
    reason === 'match'
      ? `${observed} is there, as planned`
      : observed
        ? `expected ${expected}, found ${observed}`
        : `expected ${expected}; ${reason}`;
  return {
    status: STATUS[reason] ?? 'no-info',
    reason,
    cached: false,
    carrier: reason !== 'absent' ? !['link-down', 'down'].includes(reason) : undefined,
    since: stamp(0, T0),
    expected,
    observed,
    explanation,
    ...more,
  };
}

/** A cable of the plan with verdicts at both ends, `match` unless said otherwise. */
export function link(a, b, one = 'match', other = 'match') {
  const end = (text, far, said) => {
    const at = text.lastIndexOf(':');
    const [node, port] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
    return {
      node,
      port,
      verdict: said === null ? undefined : typeof said === 'string' ? verdict(said, far) : { ...said, expected: far },
    };
  };
  return { ends: [end(a, b, one), end(b, a, other)] };
}

/** A topology around links. */
export function topology(kind, links, more = {}) {
  const names = [...new Set(links.flatMap(({ ends }) => ends.map((end) => end.node)))];
  const { functions = {}, agents = {}, node, ...rest } = more;
  return {
    server: { kind, node: kind === 'agent' ? (node ?? names[0]) : undefined, version: '0.4.0', time: stamp() },
    cursor: '1-0',
    oldest: '1-0',
    plan: {
      file: '/etc/ptm.d/topology.dot',
      sha256: 'ab'.repeat(32),
      since: stamp(3_600_000),
      load_seconds: 0.002,
      nodes: names.length,
      links: links.length,
    },
    nodes: names.map((name) => ({
      name,
      function: functions[name],
      agent:
        kind === 'map' && !(name in agents)
          ? { state: 'up', address: `http://${name}:10786`, detail: '' }
          : agents[name],
    })),
    links,
    unplanned: [],
    ...rest,
  };
}

const wrong = (reason, observed, advice, expected) =>
  verdict(reason, expected ?? '', {
    observed,
    advice,
    difference: { field: 'system name', expected: (expected ?? '').split(':')[0], observed: observed.split(':')[0] },
  });

/** The ring of four, all well. */
export const ring = () =>
  topology('map', [
    link('vm1:eth1', 'vm2:eth1'),
    link('vm1:eth2', 'vm4:eth2'),
    link('vm2:eth2', 'vm3:eth2'),
    link('vm3:eth1', 'vm4:eth1'),
  ]);

/** The same with the two cables of vm1 exchanged there. */
export function miswired() {
  const all = ring();
  const said = [
    wrong(
      'wrong-node',
      'vm4:eth2',
      'vm4:eth2 belongs on eth2; move the cable from eth1 to eth2 (eth1 and eth2 are exchanged)',
      'vm2:eth1',
    ),
    wrong('wrong-port', 'vm1:eth2', 'at vm1, move the cable from eth2 to eth1', 'vm1:eth1'),
    wrong(
      'wrong-node',
      'vm2:eth1',
      'vm2:eth1 belongs on eth1; move the cable from eth2 to eth1 (eth1 and eth2 are exchanged)',
      'vm4:eth2',
    ),
    wrong('wrong-port', 'vm1:eth1', 'at vm1, move the cable from eth1 to eth2', 'vm1:eth2'),
  ];
  all.links[0].ends.forEach((end, i) => (end.verdict = said[i]));
  all.links[1].ends.forEach((end, i) => (end.verdict = said[2 + i]));
  return all;
}

/** The ring with a plug in a port of vm2 that the plan does not name. */
export function strayed() {
  const all = ring();
  all.links[0].ends[0].verdict = wrong('wrong-port', 'vm2:eth3', 'at vm2, move the cable from eth3 to eth1', 'vm2:eth1');
  all.links[0].ends[1].verdict = verdict('link-down', 'vm1:eth1');
  const advice = 'vm1:eth1 belongs on eth1; move the cable from eth3 to eth1';
  all.unplanned = [
    { node: 'vm2', port: 'eth3', verdict: verdict('unplanned', undefined, { observed: 'vm1:eth1', advice }) },
  ];
  return all;
}

/** What an agent answers of a map's topology: its own cables, its own end first, nothing of the far ends. */
export function asAgent(map, node) {
  const links = map.links.flatMap(({ ends }) => {
    const own = ends.findIndex((end) => end.node === node);
    return own < 0 ? [] : [{ ends: [ends[own], { ...ends[1 - own], verdict: undefined }] }];
  });
  return {
    ...map,
    server: { ...map.server, kind: 'agent', node },
    links,
    nodes: map.nodes
      .filter(({ name }) => links.some(({ ends }) => ends.some((end) => end.node === name)))
      .map(({ agent, ...rest }) => rest),
    unplanned: map.unplanned.filter((end) => end.node === node),
  };
}

/** An agent with six ports, of which four are in trouble, each in its own. */
export function leaf() {
  const links = [
    link('leaf1:swp1', 'host1:eth0', 'silent', null),
    link(
      'leaf1:swp2',
      'host2:eth0',
      wrong(
        'wrong-node',
        'host9:eth0',
        'the plan does not know this neighbor; connect swp2 to host2:eth0',
        'host2:eth0',
      ),
      null,
    ),
    link('leaf1:swp3', 'host3:eth0', 'absent', null),
    link('leaf1:swp49', 'leaf2:swp49', 'match', null),
    link(
      'leaf1:swp51',
      'spine1:swp1',
      {
        ...verdict('link-down', 'spine1:swp1'),
        advice: 'see that the cable is plugged in at both ends, and that spine1:swp1 is up',
      },
      null,
    ),
    link('leaf1:swp52', 'spine2:swp1', { ...verdict('match', 'spine2:swp1'), cached: true }, null),
  ];
  const unplanned = [
    { node: 'leaf1', port: 'swp7', verdict: verdict('unplanned', undefined, { observed: 'printer:port1' }) },
  ];
  return topology('agent', links, {
    functions: {
      leaf1: 'leaf',
      leaf2: 'leaf',
      spine1: 'spine',
      spine2: 'spine',
      host1: 'host',
      host2: 'host',
      host3: 'host',
    },
    unplanned,
  });
}

/** Spines over leaves over hosts. */
export function clos(spines, leaves, hosts, functions = true) {
  const links = [];
  const called = {};
  for (let l = 1; l <= leaves; l++) {
    called[`leaf${l}`] = 'leaf';
    for (let s = 1; s <= spines; s++) {
      called[`spine${s}`] = 'spine';
      links.push(link(`leaf${l}:swp${100 + s}`, `spine${s}:swp${l}`));
    }
    for (let h = 1; h <= hosts; h++) {
      called[`host${l}-${h}`] = 'host';
      links.push(link(`host${l}-${h}:eth0`, `leaf${l}:swp${h}`));
    }
  }
  return topology('map', links, { functions: functions ? called : {} });
}

const AGENTS = {
  up: { state: 'up', address: 'http://10.0.0.1:10786', detail: '' },
  unreachable: { state: 'unreachable', address: 'http://10.0.0.2:10786', detail: 'connection refused' },
  hanging: { state: 'hanging', address: 'http://10.0.0.3:10786', detail: 'connected, and silent for 15 s' },
  invalid: { state: 'invalid', address: 'http://10.0.0.4:10786', detail: 'it calls itself vm9' },
  'other-plan': {
    state: 'other-plan',
    address: 'http://10.0.0.5:10786',
    detail: 'its plan has SHA-256 cd…, the map’s ab…',
  },
};

/** Leaves and spines with agents that are dead, hang, lie and differ. */
export function dead() {
  const all = clos(2, 4, 2);
  const states = { leaf1: 'unreachable', leaf2: 'hanging', leaf3: 'invalid', spine1: 'other-plan' };
  for (const node of all.nodes) if (node.function !== 'host') node.agent = AGENTS[states[node.name] ?? 'up'];
  for (const { ends } of all.links)
    for (const end of ends) if (states[end.node] || end.node.startsWith('host')) delete end.verdict;
  return all;
}

/** Names that want to be markup, reorder the line, hide or fill the page. */
export function hostile() {
  const names = [
    '<script>alert(1)</script>',
    'x'.repeat(255),
    'שלום-עולם',
    '"><img src=x onerror=alert(1)>',
    'a\u202egnp.exe',
    '日本語のスイッチの名前がとても長い場合',
    'tab\there',
  ];
  const links = names.map((name, i) =>
    link(
      `leaf1:swp${i}`,
      `${name}:<b>${'p'.repeat(i * 6)}`,
      i % 2
        ? 'match'
        : wrong(
            'wrong-node',
            `${names[(i + 2) % names.length]}:e0`,
            `the plan does not know this neighbor; connect swp${i} to ${name}`,
            name,
          ),
    ),
  );
  return topology('map', links, { agents: { leaf1: { ...AGENTS.up } } });
}

/** The ring with a file that can't be used. */
export function broken() {
  const all = ring();
  all.plan.failure = {
    since: stamp(120_000),
    error: 'the topology file has 2 errors',
    problems: ['ptm.dot:41:3: port leaf1:swp3 is cabled twice', 'ptm.dot:58:1: expected `--`, found `}`'],
  };
  return all;
}

/** Several things wrong in a fabric of some size. */
export function fabric() {
  const all = clos(4, 16, 2);
  const at = (a, b) => all.links.find(({ ends }) => ends[0].node === a && ends[1].node === b).ends;
  const [a, b] = at('leaf3', 'spine2');
  const [c, d] = at('leaf3', 'spine3');
  a.verdict = wrong(
    'wrong-node',
    'spine3:swp3',
    'spine3:swp3 belongs on swp103; move the cable from swp102 to swp103 (swp102 and swp103 are exchanged)',
    'spine2:swp3',
  );
  c.verdict = wrong(
    'wrong-node',
    'spine2:swp3',
    'spine2:swp3 belongs on swp102; move the cable from swp103 to swp102 (swp102 and swp103 are exchanged)',
    'spine3:swp3',
  );
  b.verdict = wrong('wrong-port', 'leaf3:swp103', 'at leaf3, move the cable from swp103 to swp102', 'leaf3:swp102');
  d.verdict = wrong('wrong-port', 'leaf3:swp102', 'at leaf3, move the cable from swp102 to swp103', 'leaf3:swp103');
  for (const end of at('host9-1', 'leaf9'))
    end.verdict = {
      ...verdict('link-down', end.verdict.expected),
      advice: `see that the cable is plugged in at both ends, and that ${end.verdict.expected} is up`,
    };
  for (const end of at('host12-2', 'leaf12')) end.verdict = { ...verdict('aged-out', end.verdict.expected) };
  for (const end of at('leaf5', 'spine4')) end.verdict.cached = true;
  return all;
}

/** A large fabric: `cables` of them, a few failing. */
export function large(cables) {
  const spines = cables > 5_000 ? 40 : 20;
  const all = clos(spines, Math.round(cables / spines), 0);
  all.links.forEach(({ ends }, i) => {
    if (i % 397 === 5)
      ends[0].verdict = {
        ...verdict('link-down', ends[0].verdict.expected),
        advice: `see that the cable is plugged in at both ends, and that ${ends[0].verdict.expected} is up`,
      };
    else if (i % 131 === 7) delete ends[1].verdict;
  });
  return all;
}

/** The event of an end's new verdict. */
export const portEvent = (end, before) => ({
  time: stamp(),
  node: end.node,
  port: end.port,
  planned: true,
  before,
  after: end.verdict?.reason ?? null,
  verdict: end.verdict,
});

/** What `/api/v1/ports/NAME` says of a port of a topology; null: it has none. */
export function portDetail({ links, unplanned, server }, name) {
  const pairs = [
    ...links.flatMap(({ ends: [a, b] }) => [
      [a, b],
      [b, a],
    ]),
    ...unplanned.map((end) => [end, undefined]),
  ];
  const pair = pairs.find(([end]) =>
    server.kind === 'agent' ? end.node === server.node && end.port === name : `${end.node}:${end.port}` === name,
  );
  if (!pair?.[0].verdict) return null;
  const [end, far] = pair;
  const { observed } = end.verdict;
  const counters = {
    lldp_frames_in: 1204,
    lldp_frames_discarded: 0,
    lldp_frames_in_error: 0,
    lldp_tlvs_discarded: 0,
    lldp_tlvs_unrecognized: 3,
    lldp_ageouts: 1,
    lldp_too_many_neighbors: 0,
  };
  const neighbor = observed && {
    chassis_id: '00:1b:21:0a:0b:0c',
    port_id: observed.split(':').pop(),
    port_description: 'uplink',
    system_name: observed.split(':')[0],
    system_description: 'Debian GNU/Linux 13',
    management_addresses: ['10.0.0.7', 'fe80::21b:21ff:fe0a:b0c'],
    ttl_seconds: 120,
    heard: stamp(12_000),
    since: stamp(90_000),
    decides: true,
  };
  return {
    server,
    ...end,
    far,
    match_on: 'IfName',
    interface: { ifindex: 7, capture: 'tc (tcx)', counters },
    neighbors: neighbor ? [neighbor] : [],
  };
}

/** One of everything, for who checks that it is what the API says. */
export function samples() {
  const end = miswired().links[0].ends[0];
  return {
    topologies: Object.values(SHAPES).map((shape) => shape()),
    ports: [portEvent(end, 'match'), portEvent({ ...end, verdict: undefined }, null)],
    agents: Object.values(AGENTS).map((agent) => ({ time: stamp(), node: 'vm1', agent })),
    details: [portDetail(miswired(), 'vm1:eth1'), portDetail(leaf(), 'swp7')],
  };
}

export const SHAPES = {
  ring,
  miswired,
  strayed,
  leaf,
  vm1: () => asAgent(miswired(), 'vm1'),
  vm2: () => asAgent(miswired(), 'vm2'),
  well: () => asAgent(ring(), 'vm1'),
  switch: () => asAgent(clos(16, 1, 48), 'leaf1'),
  fabric,
  clos: () => clos(4, 16, 3, false),
  dead,
  hostile,
  broken,
  2000: () => large(2_000),
  20000: () => large(20_000),
};
