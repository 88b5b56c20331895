import '../style/schemas.css';
import { useState } from 'preact/hooks';
import type { Schema } from '../data/answer.js';
import type { Context } from '../data/context.js';
import { formatMoment } from '../data/format.js';
import { formatRoute, type Route } from '../data/route.js';
import { SchemaBook } from '../data/schemas.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { SchemaAdd } from '../parts/schema-add.js';
import { SchemaVersionsView } from '../parts/schema-versions.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

type SchemasRoute = Extract<Route, { page: 'schemas' }>;

/** Payload schemas of a tenant, or one of them with its versions. */
export function SchemasPage({ context, route }: { context: Context; route: SchemasRoute }) {
  const model = useModel(() => new SchemaBook(context, route.tenant, route.schema));
  const [adding, setAdding] = useState(false);
  const schemas = model.schemas.value;
  const opened = model.opened.value;
  return (
    <main id="content">
      <div class="page-head">
        {route.schema !== undefined && (
          <nav aria-label="Path">
            <a class="back" href={formatRoute({ page: 'schemas', tenant: route.tenant })}>
              All schemas
            </a>
          </nav>
        )}
        <h1 tabIndex={-1}>{opened ? `${opened.device_class}, firmware ${opened.firmware_version}` : 'Schemas'}</h1>
        <span class="position" role="status">
          {schemas || model.refusal.value ? '' : 'Loading schemas …'}
        </span>
        {route.schema === undefined && (
          <button type="button" class="primary" onClick={() => setAdding(true)}>
            Add schema
          </button>
        )}
      </div>
      <Notice refusal={model.refusal.value} live={context.live} />
      {route.schema === undefined ? (
        <List schemas={schemas} tenant={route.tenant} />
      ) : (
        opened && <SchemaVersionsView model={model} schema={opened} />
      )}
      {adding && <SchemaAdd model={model} onClose={() => setAdding(false)} />}
    </main>
  );
}

function List({ schemas, tenant }: { schemas: readonly Schema[] | undefined; tenant: string }) {
  return (
    <>
      <p class="lead">
        A schema says what messages of a device class hold: fields, types, units and ranges. Devices without one are read by the shape of
        their messages.
      </p>
      {schemas && schemas.length > 0 && <SchemaTable schemas={schemas} tenant={tenant} />}
      {schemas?.length === 0 && (
        <EmptyState title="No schemas">
          <p>
            Tenant {tenant} has none, and needs none for JSON that names its readings. Add one to check, convert or rename fields, or for
            Protobuf.
          </p>
        </EmptyState>
      )}
    </>
  );
}

function SchemaTable({ schemas, tenant }: { schemas: readonly Schema[]; tenant: string }) {
  return (
    <Table head={['Device class', 'Firmware', 'Format', 'Version', 'Faults', 'Made']}>
      {schemas.map((schema) => (
        <tr key={schema.schema_id}>
          <td class="id">
            <a href={formatRoute({ page: 'schemas', tenant, schema: schema.schema_id })}>{schema.device_class}</a>
          </td>
          <td>{schema.firmware_version}</td>
          <td>{schema.format}</td>
          <td>{schema.pinned_version === null ? `${schema.version}` : `${schema.used_version} pinned, ${schema.version} is the latest`}</td>
          <td>{schema.mode === 'strict' ? 'refuse the message' : 'cost their field'}</td>
          <td>
            {formatMoment(Date.parse(schema.created_at))}
            {schema.problem && <p class="refusal">Not used: {schema.problem}</p>}
          </td>
        </tr>
      ))}
    </Table>
  );
}
