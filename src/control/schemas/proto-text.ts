import protobuf from 'protobufjs';

/** Why a .proto text gives no plan. */
export class ProtoRefused extends Error {
  readonly problem: string;

  constructor(problem: string) {
    super(`cannot compile the schema: ${problem}`);
    this.name = 'ProtoRefused';
    this.problem = problem;
  }
}

const TEXT_CHARACTERS_MAX = 262_144;

/** Google's own files are known; nothing else is imported, from no folder and no network. */
const importable: ReadonlySet<string> = new Set(
  ['timestamp', 'duration', 'wrappers', 'empty', 'struct', 'any', 'field_mask'].map((name) => `google/protobuf/${name}.proto`),
);

/** The types of one .proto file. Throws ProtoRefused. */
export function parseProto(text: string): protobuf.Root {
  if (text.length > TEXT_CHARACTERS_MAX) throw new ProtoRefused(`the text has more than ${TEXT_CHARACTERS_MAX} characters`);
  const root = new protobuf.Root();
  try {
    const { imports = [], weakImports = [] } = protobuf.parse(text, root, { keepCase: true });
    for (const path of [...imports, ...weakImports]) {
      const known = importable.has(path) ? protobuf.common.get(path) : null;
      if (!known?.nested) throw new ProtoRefused(`it imports ${path}: only google/protobuf/*.proto can be imported`);
      root.addJSON(known.nested);
    }
    root.resolveAll();
  } catch (error) {
    throw error instanceof ProtoRefused ? error : new ProtoRefused((error as Error).message);
  }
  const grouped = fieldsBelow(root).find(({ delimited }) => delimited);
  if (grouped) throw new ProtoRefused(`field ${grouped.fullName} is encoded as a group`);
  return root;
}

function fieldsBelow(namespace: protobuf.NamespaceBase): protobuf.Field[] {
  return namespace.nestedArray.flatMap((one) => {
    if (!(one instanceof protobuf.Namespace)) return [];
    return [...(one instanceof protobuf.Type ? one.fieldsArray : []), ...fieldsBelow(one)];
  });
}
