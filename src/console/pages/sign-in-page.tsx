import { useEffect, useRef, useState } from 'preact/hooks';
import { Api } from '../data/api.js';

interface SignInFailure {
  readonly text: string;
  /** The key itself is wrong. */
  readonly key: boolean;
}

/** Asks for the admin key; `onKey` gets it once the appliance has accepted it. */
export function SignInPage({ reason, onKey }: { reason: string; onKey: (key: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<SignInFailure>({ text: reason, key: false });
  useEffect(() => input.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const key = input.current!.value.trim();
    setBusy(true);
    const answer = await new Api(key).stats();
    setBusy(false);
    if (answer.ok) return onKey(key);
    const { code, message } = answer.refusal;
    const wrong = code === 'admin_key_invalid';
    setRefused({ text: wrong ? 'This key is not the admin key of this Spillway.' : `${message} (${code})`, key: wrong });
    if (wrong) input.current!.select();
  };
  return (
    <main id="content" class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1 tabIndex={-1}>
          <img src="/favicon.svg" alt="" width={28} height={28} />
          Spillway
        </h1>
        <label for="admin-key">Admin key</label>
        <input
          id="admin-key"
          ref={input}
          type="password"
          autocomplete="current-password"
          required
          aria-describedby="sign-in-refusal"
          aria-invalid={refused.key}
        />
        <p id="sign-in-refusal" class="refusal" role="alert">
          {refused.text}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          Sign in
        </button>
        <p class="hint">
          The key is the one in SPILLWAY_ADMIN_KEY. Where none was set, Spillway made one at its first start: it printed it then and keeps
          it in its state folder.
        </p>
      </form>
    </main>
  );
}
