interface Node<Leaf> {
  leaf: Leaf | undefined;
  children: Map<string, Node<Leaf>> | undefined;
}

/** Something for each topic filter, found by the topics that match it. MQTT 5 §4.7 */
export class FilterTree<Leaf> {
  /** Filters without wildcards, as most are: one look finds them. */
  readonly #exact = new Map<string, Leaf>();
  readonly #root: Node<Leaf> = { leaf: undefined, children: undefined };

  get(filter: string): Leaf | undefined {
    if (!isWild(filter)) return this.#exact.get(filter);
    let node: Node<Leaf> | undefined = this.#root;
    for (const level of filter.split('/')) node = node?.children?.get(level);
    return node?.leaf;
  }

  set(filter: string, leaf: Leaf): void {
    if (!isWild(filter)) this.#exact.set(filter, leaf);
    else nodeAt(this.#root, filter).leaf = leaf;
  }

  delete(filter: string): void {
    if (!isWild(filter)) this.#exact.delete(filter);
    else prune(this.#root, filter.split('/'), 0);
  }

  /** Every leaf whose filter matches the topic, in no order. */
  match(topic: string): Leaf[] {
    const found: Leaf[] = [];
    const exact = this.#exact.get(topic);
    if (exact !== undefined) found.push(exact);
    if (this.#root.children) visit(this.#root, topic.split('/'), 0, found);
    return found;
  }
}

export function isWild(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

function nodeAt<Leaf>(root: Node<Leaf>, name: string): Node<Leaf> {
  let node = root;
  for (const level of name.split('/')) {
    node.children ??= new Map();
    let child = node.children.get(level);
    if (!child) {
      child = { leaf: undefined, children: undefined };
      node.children.set(level, child);
    }
    node = child;
  }
  return node;
}

/** Takes the leaf away, and the nodes on the way to it that have nothing else. */
function prune<Leaf>(node: Node<Leaf>, levels: readonly string[], at: number): void {
  if (at === levels.length) {
    node.leaf = undefined;
    return;
  }
  const level = levels[at] as string;
  const child = node.children?.get(level);
  if (!child) return;
  prune(child, levels, at + 1);
  if (child.leaf === undefined && !child.children) node.children?.delete(level);
  if (node.children?.size === 0) node.children = undefined;
}

function visit<Leaf>(node: Node<Leaf>, levels: readonly string[], at: number, found: Leaf[]): void {
  // Wildcards at the beginning match no topic that starts with $ [MQTT-4.7.2-1].
  const mayBeWild = at > 0 || !levels[0]?.startsWith('$');
  if (mayBeWild) {
    // # matches the level above it, too: a/# matches a.
    const all = node.children?.get('#')?.leaf;
    if (all !== undefined) found.push(all);
  }
  if (at === levels.length) {
    if (node.leaf !== undefined) found.push(node.leaf);
    return;
  }
  const child = node.children?.get(levels[at] as string);
  if (child) visit(child, levels, at + 1, found);
  const any = mayBeWild ? node.children?.get('+') : undefined;
  if (any) visit(any, levels, at + 1, found);
}

/** Something for each topic, found by filters. */
export class TopicTree<Leaf> {
  readonly #exact = new Map<string, Leaf>();
  readonly #root: Node<Leaf> = { leaf: undefined, children: undefined };

  get size(): number {
    return this.#exact.size;
  }

  get(topic: string): Leaf | undefined {
    return this.#exact.get(topic);
  }

  set(topic: string, leaf: Leaf): void {
    this.#exact.set(topic, leaf);
    nodeAt(this.#root, topic).leaf = leaf;
  }

  delete(topic: string): void {
    if (this.#exact.delete(topic)) prune(this.#root, topic.split('/'), 0);
  }

  values(): IterableIterator<Leaf> {
    return this.#exact.values();
  }

  /** Every leaf whose topic the filter matches. */
  find(filter: string): Leaf[] {
    const found: Leaf[] = [];
    if (isWild(filter)) gather(this.#root, filter.split('/'), 0, found);
    else {
      const exact = this.#exact.get(filter);
      if (exact !== undefined) found.push(exact);
    }
    return found;
  }
}

function gather<Leaf>(node: Node<Leaf>, levels: readonly string[], at: number, found: Leaf[]): void {
  const level = levels[at];
  if (level === undefined) {
    if (node.leaf !== undefined) found.push(node.leaf);
  } else if (level !== '#' && level !== '+') {
    const child = node.children?.get(level);
    if (child) gather(child, levels, at + 1, found);
  } else if (level === '#' && at > 0) everythingBelow(node, found);
  else {
    for (const [name, child] of node.children ?? []) {
      // [MQTT-4.7.2-1]
      if (at === 0 && name.startsWith('$')) continue;
      if (level === '#') everythingBelow(child, found);
      else gather(child, levels, at + 1, found);
    }
  }
}

function everythingBelow<Leaf>(node: Node<Leaf>, found: Leaf[]): void {
  if (node.leaf !== undefined) found.push(node.leaf);
  for (const child of node.children?.values() ?? []) everythingBelow(child, found);
}
