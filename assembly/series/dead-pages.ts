import {
  ACCOUNTS_AT_DEAD_PAGES,
  ACCOUNTS_OFFSET,
  DEAD_COUNT_BITS,
  DEAD_PAGE_AT_COUNTS,
  DEAD_PAGE_AT_NEXT,
  DEAD_PAGE_BYTES,
  DEAD_PAGE_COUNTS,
  DEAD_PAGES_MAX,
  DEAD_PAGES_OFFSET,
} from '../abi/state';

// Dead letters of a device by reason: a list of pages, which begins in the device's account. Most devices send none, and of those
// that do, nearly all have few reasons. Pages are handed out once and never freed.

@inline
function pageAt(page: u32): usize {
  return <usize>(DEAD_PAGES_OFFSET + (page - 1) * DEAD_PAGE_BYTES);
}

/**
 * Counts a dead letter for `code` in the list of pages that begins at `link`. When a page is needed and none is left, the reason is
 * not kept: only the account's sum then counts the dead letter.
 */
export function countReason(link: usize, code: u32): void {
  for (let page = load<u32>(link); page != 0; page = load<u32>(link)) {
    link = pageAt(page) + DEAD_PAGE_AT_NEXT;
    let at = pageAt(page) + DEAD_PAGE_AT_COUNTS;
    const end = at + DEAD_PAGE_COUNTS * 8;
    for (; at < end; at += 8) {
      const held = load<u64>(at);
      if (held == 0 || <u32>(held >> DEAD_COUNT_BITS) == code) return countIn(at, code);
    }
  }
  const used = load<u32>(ACCOUNTS_OFFSET, ACCOUNTS_AT_DEAD_PAGES);
  if (used == DEAD_PAGES_MAX) return;
  store<u32>(ACCOUNTS_OFFSET, used + 1, ACCOUNTS_AT_DEAD_PAGES);
  countIn(pageAt(used + 1) + DEAD_PAGE_AT_COUNTS, code);
  // The link is written last, so that a thread that follows the list meanwhile finds a whole page.
  store<u32>(link, used + 1);
}

function countIn(at: usize, code: u32): void {
  store<u64>(at, (<u64>code << DEAD_COUNT_BITS) | (load<u64>(at) + 1));
}

/** Copies the counts of the list that begins at `link`, back to back, to `bytes` bytes of zeros at `to`. */
export function copyReasons(link: usize, to: usize, bytes: u32): void {
  const end = to + bytes;
  for (let page = load<u32>(link); page != 0; page = load<u32>(link)) {
    link = pageAt(page) + DEAD_PAGE_AT_NEXT;
    let at = pageAt(page) + DEAD_PAGE_AT_COUNTS;
    const pageEnd = at + DEAD_PAGE_COUNTS * 8;
    for (; at < pageEnd && load<u64>(at) != 0; at += 8) {
      assert(to < end, 'an account has more reasons than there are codes');
      store<u64>(to, load<u64>(at));
      to += 8;
    }
  }
}

/** Bytes of the pages in use. */
export function deadPagesBytes(): u32 {
  return load<u32>(ACCOUNTS_OFFSET, ACCOUNTS_AT_DEAD_PAGES) * DEAD_PAGE_BYTES;
}

/** Whether the pages of a checkpoint are no more than there is room for. */
export function adoptDeadPages(): bool {
  return load<u32>(ACCOUNTS_OFFSET, ACCOUNTS_AT_DEAD_PAGES) <= DEAD_PAGES_MAX;
}
