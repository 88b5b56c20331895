import { EmptyState } from '../parts/empty-state.js';

/** Stands for a page that is still being fetched, or could not be. */
export function MissingPage({ title, isFetching }: { title: string; isFetching: boolean }) {
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>{title}</h1>
        <span class="position" role="status">
          {isFetching ? 'Loading the page …' : ''}
        </span>
      </div>
      {!isFetching && (
        <EmptyState title="This page could not be loaded">
          <p>
            The file of this page did not come from Spillway. It is loaded again by itself when a lost connection is back. If the connection
            is not lost, load the console again; if that does not help, the installation lacks files: install Spillway again.
          </p>
          <p>
            <button type="button" class="primary" onClick={() => location.reload()}>
              Load again
            </button>
          </p>
        </EmptyState>
      )}
    </main>
  );
}
