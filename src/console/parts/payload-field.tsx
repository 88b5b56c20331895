import '../style/fields.css';
import { payloadBytes } from '../data/payload.js';
import { AreaField, ChoiceField } from './fields.js';

/** A payload as a person writes it. */
export interface WrittenPayload {
  readonly text: string;
  readonly form: 'text' | 'hex' | 'base64';
}

export const noPayload: WrittenPayload = { text: '', form: 'text' };

const placeholders: Readonly<Record<WrittenPayload['form'], string>> = {
  text: '{"temperature": 21.5}',
  hex: '01 9a 00 c8',
  base64: 'eyJ0ZW1wZXJhdHVyZSI6IDIxLjV9',
};

interface PayloadFieldProps {
  /** What the ids of the two fields begin with. */
  readonly id: string;
  readonly value: WrittenPayload;
  readonly onChange: (value: WrittenPayload) => void;
}

/** A payload, and whether it is written as text or as bytes. */
export function PayloadField({ id, value, onChange }: PayloadFieldProps) {
  return (
    <>
      <AreaField
        id={`${id}-payload`}
        label="Payload"
        rows={4}
        placeholder={placeholders[value.form]}
        value={value.text}
        onChange={(text) => onChange({ ...value, text })}
      />
      <ChoiceField
        id={`${id}-form`}
        label="Payload is"
        options={[
          ['text', 'text'],
          ['hex', 'bytes in hexadecimal digits'],
          ['base64', 'bytes in base64'],
        ]}
        value={value.form}
        onChange={(form) => onChange({ ...value, form: form as WrittenPayload['form'] })}
      />
    </>
  );
}

/** Its bytes, or what is wrong with it. */
export function bytesOf({ text, form }: WrittenPayload): Uint8Array | string {
  if (form === 'text') return new TextEncoder().encode(text);
  if (form === 'hex') {
    const digits = text.replace(/[\s:]/g, '');
    if (!/^([0-9a-f]{2})*$/i.test(digits)) return 'The payload is not in hexadecimal digits, two a byte.';
    return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  }
  try {
    return payloadBytes(text.trim());
  } catch {
    return 'The payload is not base64.';
  }
}
