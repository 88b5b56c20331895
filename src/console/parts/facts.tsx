import type { ComponentChildren } from 'preact';

/** A list of names and what belongs to them. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, text: ComponentChildren])[] }) {
  return (
    <dl>
      {facts.map(([name, text]) => (
        <>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </>
      ))}
    </dl>
  );
}
