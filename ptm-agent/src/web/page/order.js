// In which order the machines of each tier stand, so that few cables cross. Pure.
//
// The barycenter method (Sugiyama, Tagawa, Toda 1981): each machine goes to the mean place of its neighbors in the tier
// next to it, up and down a few times; the best order that was seen is kept.

/** More sweeps gain little, and 2,000 cables shall be laid out in a blink. */
const SWEEPS = 6;

/**
 * @param {string[][]} tiers from the lowest, each in a first order, which decides where the method does not
 * @param {Map<string, Set<string>>} near
 * @returns {string[][]}
 */
export function order(tiers, near) {
  let best = tiers.map((tier) => [...tier]);
  let fewest = crossings(best, near);
  const now = best.map((tier) => [...tier]);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const up = sweep % 2 === 0;
    for (let i = 1; i < now.length; i++) {
      const here = up ? i : now.length - 1 - i;
      now[here] = sorted(now[here], now[up ? here - 1 : here + 1], near);
    }
    const count = crossings(now, near);
    if (count < fewest) [best, fewest] = [now.map((tier) => [...tier]), count];
  }
  return best;
}

function sorted(tier, fixed, near) {
  const place = new Map(fixed.map((name, i) => [name, (i + 0.5) / fixed.length]));
  const means = new Map();
  tier.forEach((name, i) => {
    const places = [...near.get(name)].filter((it) => place.has(it)).map((it) => place.get(it));
    // Who has no neighbor there stays where he is.
    means.set(name, places.length > 0 ? places.reduce((a, b) => a + b) / places.length : (i + 0.5) / tier.length);
  });
  return [...tier].sort((a, b) => means.get(a) - means.get(b));
}

/**
 * How many pairs of cables between neighboring tiers cross.
 * @param {string[][]} tiers
 * @param {Map<string, Set<string>>} near
 */
export function crossings(tiers, near) {
  let count = 0;
  for (let i = 1; i < tiers.length; i++) {
    const place = new Map(tiers[i].map((name, at) => [name, at]));
    // Cables from left to right at the lower tier; each crosses those before it that end further right (Fenwick tree).
    const tree = new Array(tiers[i].length + 1).fill(0);
    let before = 0;
    for (const name of tiers[i - 1]) {
      const ends = [...near.get(name)].map((it) => place.get(it)).filter((at) => at !== undefined);
      for (const end of ends) {
        let left = 0;
        for (let at = end + 1; at > 0; at -= at & -at) left += tree[at];
        count += before - left;
      }
      for (const end of ends) for (let at = end + 1; at < tree.length; at += at & -at) tree[at]++;
      before += ends.length;
    }
  }
  return count;
}
