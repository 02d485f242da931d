// Finds machines, ports and whoever is heard there. Pure.

/**
 * @param {import('./model.js').Model} model @param {string} query
 * @returns {Array<{node?: string, cable?: string}>} machines first; a query with a colon means ports
 */
export function find(model, query) {
  const words = query.trim().toLowerCase();
  if (words === '') return [];
  const holds = (text) => Boolean(text) && text.toLowerCase().includes(words);
  const nodes = [...model.nodes.values()]
    .filter((node) => holds(node.name) || holds(node.function))
    .map((node) => ({ node: node.name }));
  const cables = [...model.cables.values()]
    .filter(({ a, b }) =>
      [a, b].some(
        (end) =>
          (end.port !== null && (holds(end.port) || (words.includes(':') && holds(end.key)))) ||
          (end.verdict && end.verdict.status !== 'pass' && holds(end.verdict.observed)),
      ),
    )
    .map((cable) => ({ cable: cable.id }));
  // Who types a machine's whole name means that one.
  nodes.sort((x, y) => Number(y.node.toLowerCase() === words) - Number(x.node.toLowerCase() === words));
  return [...nodes, ...cables];
}
