import '../style/rules.css';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface TableProps {
  readonly head: readonly string[];
  /** `rules`: a line each, and a block each where the screen is narrow; nothing: a plain table in something that scrolls. */
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A table with a row of headings. */
export function Table({ head, class: name = 'rules', children }: TableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  // Where the screen is narrow, the headings are out of sight, and each cell is shown with its own.
  useLayoutEffect(() => {
    for (const row of body.current!.rows) {
      [...row.cells].forEach((cell, at) => {
        cell.dataset.label = head[at] ?? '';
      });
    }
  });
  return (
    <table class={name}>
      <thead>
        <tr>
          {head.map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>{children}</tbody>
    </table>
  );
}
