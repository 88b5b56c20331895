import { useState } from 'preact/hooks';

const flashMs = 1500;

/** A command line with a button that copies it; undefined: what belongs into it is being asked for. */
export function CommandLine({ label, command }: { label: string; command: string | undefined }) {
  const [flash, setFlash] = useState('');
  const copy = () => {
    const show = (text: string) => {
      setFlash(text);
      setTimeout(() => setFlash(''), flashMs);
    };
    navigator.clipboard.writeText(command ?? '').then(
      () => show('Copied'),
      () => show('Not allowed'),
    );
  };
  return (
    <div class="command">
      <span class="command-label">{label}</span>
      <code>{command ?? 'Asking Spillway for its port …'}</code>
      {/* The clipboard is there only on https and on this machine itself. */}
      {navigator.clipboard && command !== undefined && (
        <button type="button" class="quiet" aria-label={`Copy the command: ${label}`} onClick={copy}>
          {flash || 'Copy'}
        </button>
      )}
    </div>
  );
}
