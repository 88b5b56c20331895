import { useEffect, useState } from 'preact/hooks';
import type { Codec } from '../data/answer.js';
import type { CodecList } from '../data/codecs.js';
import { formatRoute } from '../data/route.js';
import { Dialog } from './dialog.js';
import { Facts } from './facts.js';
import { PayloadTrial } from './payload-trial.js';

interface CodecViewProps {
  readonly model: CodecList;
  readonly codec: Codec;
  readonly tenant: string;
  readonly onClose: () => void;
}

/** One version of a codec: which schemas name it, and a payload to try it on. */
export function CodecView({ model, codec, tenant, onClose }: CodecViewProps) {
  const [schemas, setSchemas] = useState<readonly string[]>();
  useEffect(() => {
    void model.read(codec.codec_id).then((answer) => answer.ok && setSchemas(answer.value.schemas));
  }, []);
  return (
    <Dialog label={`Try ${codec.format}`} onClose={onClose}>
      {(close) => (
        <section>
          <h2>Try {codec.format}</h2>
          <Facts
            facts={[
              ['Used by', schemas && <Users schemas={schemas} tenant={tenant} onFollow={close} />],
              ['SHA-256', codec.sha256],
            ]}
          />
          <PayloadTrial id="codec" tryPayload={(payload) => model.try(codec.codec_id, payload)} />
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              Close
            </button>
          </div>
        </section>
      )}
    </Dialog>
  );
}

function Users({ schemas, tenant, onFollow }: { schemas: readonly string[]; tenant: string; onFollow: () => void }) {
  if (schemas.length === 0) return 'no schema';
  return schemas.map((schema) => (
    <>
      <a key={schema} href={formatRoute({ page: 'schemas', tenant, schema })} onClick={onFollow}>
        schema {schema}
      </a>{' '}
    </>
  ));
}
