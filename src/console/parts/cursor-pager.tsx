import type { CursorPages } from '../data/cursor-pages.js';

/** Buttons to the pages before and after; nothing where there is only one. */
export function CursorPager({ pages, onTurn }: { pages: CursorPages; onTurn: () => void }) {
  const number = pages.number.value;
  const hasNext = pages.next.value !== null;
  if (number === 1 && !hasNext) return null;
  const turn = (go: () => void) => {
    go();
    onTurn();
    document.getElementById('content')?.scrollIntoView();
  };
  return (
    <div class="pager">
      <span class="position" role="status">
        Page {number}
      </span>
      <button type="button" disabled={number === 1} onClick={() => turn(() => pages.goBack())}>
        Previous
      </button>
      <button type="button" disabled={!hasNext} onClick={() => turn(() => pages.goOn())}>
        Next
      </button>
    </div>
  );
}
