import { codecFormat } from '../../contract/codecs/codec-name.js';
import { isoTime } from '../../contract/iso-time.js';
import type { BuiltInPack, Pack } from '../../contract/packs/pack.js';
import type { InstalledPack } from './pack-rows.js';
import type { LoadedPack, Prospect } from './packs.js';

export function viewOf(pack: InstalledPack) {
  return {
    ...describedOf(pack),
    device_class: pack.deviceClass,
    built_in: false,
    enabled: true,
    signed_by: pack.keyId,
    installed_at: isoTime(pack.installedAtMs),
    can_roll_back: pack.previousFile !== null,
  };
}

export function builtInViewOf(pack: BuiltInPack, enabled: boolean) {
  const never = { signed_by: null, installed_at: null, can_roll_back: false };
  return { ...describedOf(pack), device_class: null, built_in: true, enabled, ...never };
}

/** With what it holds; what it made is of an installed pack. */
export function shownOf(pack: Pack, made?: InstalledPack['made']) {
  return {
    topic_rules: pack.topicRules.map(({ name, pattern, device, decoder }) => ({ name, pattern, device, decoder })),
    schemas: (made?.schemas ?? []).map(({ id, firmwareVersion, version }) => ({
      schema_id: id,
      firmware_version: firmwareVersion,
      version,
    })),
    codec: made?.codec ? codecFormat(made.codec) : null,
    vectors: pack.vectors.map(({ name, topic }) => ({ name, topic })),
  };
}

export function reportOf({ content, signer, vectors }: LoadedPack, { installed, conflicts, shared }: Prospect) {
  return {
    ...describedOf(content),
    device_class: content.deviceClass ?? null,
    signature: {
      state: signer.kind,
      key_ids: signer.kind === 'trusted' ? [signer.key.keyId] : signer.kind === 'unknown' ? signer.keyIds : [],
      key_name: signer.kind === 'trusted' ? signer.key.name : null,
    },
    vectors: vectors.map(({ vector, problem }) => ({ name: vector, problem: problem ?? null })),
    installed_version: installed ?? null,
    conflicts,
    shared_topics: shared.map(({ first, firstPattern, later, laterPattern, kind }) => {
      return { first, first_pattern: firstPattern, later, later_pattern: laterPattern, kind };
    }),
  };
}

function describedOf({ name, version, vendor, description }: Pick<Pack, 'name' | 'version' | 'vendor' | 'description'>) {
  return { name, version, vendor, description };
}
