/** The `limit` items with the smallest keys above `after`, in the order of keys, in one pass over many. */
export function smallest<Item>(items: Iterable<Item>, keyOf: (item: Item) => string, after: string | undefined, limit: number): Item[] {
  const found: { readonly key: string; readonly item: Item }[] = [];
  for (const item of items) {
    const key = keyOf(item);
    if (after !== undefined && key <= after) continue;
    if (found.length === limit && key >= (found.at(-1)?.key ?? '')) continue;
    let [low, high] = [0, found.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((found[middle]?.key ?? '') < key) low = middle + 1;
      else high = middle;
    }
    found.splice(low, 0, { key, item });
    if (found.length > limit) found.pop();
  }
  return found.map(({ item }) => item);
}
