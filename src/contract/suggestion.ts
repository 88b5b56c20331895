const nearestMax = 3;

/**
 * `; did you mean …?` when a known name is near: at most a third of it, less a common `prefix`, may differ. Otherwise the nearest of the
 * known names, and `all`: where the rest stand.
 */
export function suggestion(name: string, known: readonly string[], all: string, prefix = 0): string {
  const bare = (text: string) => text.slice(prefix).toLowerCase();
  const words = new Set(bare(name).split('_'));
  const ranked = known
    .map((candidate) => ({
      candidate,
      distance: editDistance(bare(name), bare(candidate)),
      shared: bare(candidate)
        .split('_')
        .filter((word) => words.has(word)).length,
    }))
    .sort((a, b) => b.shared - a.shared || a.distance - b.distance);
  const closest = ranked.reduce((best, one) => (one.distance < best.distance ? one : best), ranked[0]!);
  if (closest.distance <= Math.ceil((name.length - prefix) / 3)) return `; did you mean ${closest.candidate}?`;
  const nearest = ranked.slice(0, nearestMax).map(({ candidate }) => candidate);
  return `; the nearest are ${nearest.join(', ')}; ${all}`;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
