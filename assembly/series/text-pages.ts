import {
  HEAD_AT_FREE_TEXT_PAGE,
  HEAD_AT_TEXT_PAGES,
  STATE_HEAD_OFFSET,
  TEXT_PAGE_BYTES,
  TEXT_PAGE_TEXT_BYTES,
  TEXT_PAGES_MAX,
  TEXT_PAGES_OFFSET,
} from '../abi/state';

// Latest values that are texts: each lies in a list of pages of 64 bytes, so that a short one costs one cache line and a long one
// is held whole.
//
//   0  u32 the next page + 1, or 0          4  60 bytes of the text
//
// Pages that are free again are a list, too, and the last one that was freed is taken first.

const PAGE_AT_TEXT: usize = 4;

let pages: u32 = 0;
let freePage: u32 = 0;

@inline
function pageAt(page: u32): usize {
  return <usize>(TEXT_PAGES_OFFSET + (page - 1) * TEXT_PAGE_BYTES);
}

/** A free page + 1; 0: there is none. */
function takePage(): u32 {
  if (freePage != 0) {
    const page = freePage;
    freePage = load<u32>(pageAt(page));
    return page;
  }
  return pages == TEXT_PAGES_MAX ? 0 : ++pages;
}

/** Copies a text that is not empty into pages; answers the first one + 1, or 0 when there is no room for all of it. */
export function keepText(text: usize, bytes: u32): u32 {
  assert(bytes > 0, 'an empty text needs no page');
  const first = takePage();
  let page = first;
  while (page != 0) {
    const at = pageAt(page);
    const part = bytes < TEXT_PAGE_TEXT_BYTES ? bytes : TEXT_PAGE_TEXT_BYTES;
    memory.copy(at + PAGE_AT_TEXT, text, part);
    text += part;
    bytes -= part;
    page = bytes == 0 ? 0 : takePage();
    store<u32>(at, page);
    if (bytes == 0) return first;
  }
  dropText(first);
  return 0;
}

/** Frees the pages of a text; `first` may be 0. */
export function dropText(first: u32): void {
  if (first == 0) return;
  let last = pageAt(first);
  while (load<u32>(last) != 0) last = pageAt(load<u32>(last));
  store<u32>(last, freePage);
  freePage = first;
}

/** Copies the text whose pages begin with `first` to where `bytes` bytes are free for it. */
export function copyText(first: u32, to: usize, bytes: u32): void {
  for (let page = first; bytes > 0; page = load<u32>(pageAt(page))) {
    assert(page != 0 && page <= pages, 'a text has fewer pages than it needs');
    const part = bytes < TEXT_PAGE_TEXT_BYTES ? bytes : TEXT_PAGE_TEXT_BYTES;
    memory.copy(to, pageAt(page) + PAGE_AT_TEXT, part);
    to += part;
    bytes -= part;
  }
}

export function describeTextPages(): void {
  store<u32>(STATE_HEAD_OFFSET, pages, HEAD_AT_TEXT_PAGES);
  store<u32>(STATE_HEAD_OFFSET, freePage, HEAD_AT_FREE_TEXT_PAGE);
}

export function adoptTextPages(): bool {
  pages = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_TEXT_PAGES);
  freePage = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_FREE_TEXT_PAGE);
  return pages <= TEXT_PAGES_MAX && freePage <= pages;
}
