// What a cable or a machine of the drawing is called for who listens. Pure.

import { STATUSES, count, plain, reasonWord, say } from './words.js';

/** @param {import('./model.js').Model} model @param {import('./model.js').Cable} cable @returns {string} */
export function describeCable(model, cable) {
  const status = cable.planned ? STATUSES[cable.status].word : 'not in the plan';
  const parts = [plain(say`${cable.a.key} to ${cable.b.key}: `) + status];
  for (const end of [cable.a, cable.b]) {
    if (!end.verdict || end.verdict.status === 'pass') continue;
    parts.push(
      plain(say`${end.key}: `) +
        reasonWord(end.verdict.reason) +
        (end.verdict.observed ? plain(say`, found ${end.verdict.observed}`) : ''),
    );
  }
  if (halfKnown(model, cable)) parts.push('one end passes, of the other nothing is known');
  if (cable.a.verdict?.cached || cable.b.verdict?.cached) parts.push('from before the agent’s restart');
  return parts.join('; ');
}

/** Whether one end passes and of the other nobody tells: on the map that is no pass. */
export function halfKnown(model, cable) {
  const verdicts = [cable.a.verdict, cable.b.verdict];
  return !model.isAgent && cable.planned && verdicts.some((it) => it?.status === 'pass') && verdicts.some((it) => !it);
}

/**
 * What is written on a machine comes first, and in the same words: who speaks to the page names it by these.
 * @param {import('./model.js').Node} node @returns {string}
 */
export function describeNode(node) {
  const failing = node.cables.filter((cable) => cable.status === 'fail').length;
  const state = node.agent?.state ?? 'up';
  const parts = [
    plain(say`${node.name}`),
    state === 'up' ? '' : `${state} agent`,
    node.stranger ? 'not in the plan' : (node.function ?? ''),
    count(node.cables.length, 'cable'),
    failing > 0 ? `${failing} failing` : '',
  ];
  return parts.filter(Boolean).join(', ');
}
