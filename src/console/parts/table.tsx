import '../style/rules.css';
import type { ComponentChildren } from 'preact';

interface TableProps {
  readonly head: readonly string[];
  /** `rules`: a line each, and a block each where the screen is narrow; nothing: a plain table in something that scrolls. */
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A table with a row of headings. */
export function Table({ head, class: name = 'rules', children }: TableProps) {
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
      <tbody>{children}</tbody>
    </table>
  );
}
