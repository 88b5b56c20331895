/** A name that may break into lines after its separators before it breaks anywhere else. */
export function BreakableName({ name }: { name: string }) {
  return (
    <>
      {name.split(/(?<=[_./-])/).map((part, index) => (
        <>
          {index > 0 && <wbr />}
          {part}
        </>
      ))}
    </>
  );
}
