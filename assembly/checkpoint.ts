import { SHAPES_MAX, SHAPES_OFFSET, SHAPE_BYTES } from './abi/pipeline';
import {
  ACCOUNTS_OFFSET,
  BIRTHS_OFFSET,
  DEAD_PAGES_OFFSET,
  DEFINITIONS_OFFSET,
  FINGERPRINTS_OFFSET,
  FINGERPRINT_SLOTS,
  HEAD_AT_DEVICES,
  HEAD_AT_NEWER_GENERATION,
  HEAD_AT_NEWER_USED,
  HEAD_AT_OLDER_USED,
  HEAD_AT_RUN_PAGES,
  HEAD_AT_SERIES,
  HEAD_AT_SHAPES,
  HEAD_AT_TEXT_PAGES,
  REPLAYS_OFFSET,
  RUN_PAGES_OFFSET,
  RUN_PAGE_BYTES,
  SERIES_ENTRY_BYTES,
  SERIES_OFFSET,
  SOURCES_OFFSET,
  STATE_DEVICES_OFFSET,
  STATE_DEVICE_BYTES,
  STATE_HEAD_BYTES,
  STATE_HEAD_OFFSET,
  STATE_SECTIONS_MAX,
  STATE_SECTIONS_OFFSET,
  STATE_SECTION_BYTES,
  TEXT_PAGES_OFFSET,
  TEXT_PAGE_BYTES,
} from './abi/state';
import { adoptShapes, describeShapes } from './decode/json/shape';
import { adoptBirths, birthsBytes, definitionsBytes } from './decode/sparkplug/births';
import { adoptFingerprints, describeFingerprints } from './dedup/fingerprints';
import { adoptReplays, replaysBytes } from './dedup/replays';
import { adoptRunPages, describeRunPages } from './dedup/sequence-runs';
import { adoptSources, describeSources, sourcesBytes } from './dedup/sources';
import { isBetweenBlocks } from './records';
import { accountsBytes, adoptAccounts } from './series/accounts';
import { adoptDeadPages, deadPagesBytes } from './series/dead-pages';
import { adoptDevices, describeDevices } from './series/devices';
import { adoptSeries, describeSeries } from './series/latest';
import { adoptTextPages, describeTextPages } from './series/text-pages';

// State is a function of the blocks that were run, so it can be saved between two blocks and loaded by another
// instance. While blocks run, counts that belong to no table are in globals, where they cost nothing; they are written
// into the head only when the state is described.

/**
 * Lists at STATE_SECTIONS_OFFSET the used parts of the state, which stay as they are until the next block is run.
 * False inside a block that waits for metric names: the state is then that of no offset.
 */
export function describeState(): bool {
  if (!isBetweenBlocks()) return false;
  describeDevices();
  describeSeries();
  describeRunPages();
  describeFingerprints();
  describeShapes();
  describeSources();
  describeTextPages();
  store<u32>(STATE_SECTIONS_OFFSET, 0);
  section(STATE_HEAD_OFFSET, STATE_HEAD_BYTES);
  section(STATE_DEVICES_OFFSET, head(HEAD_AT_DEVICES) * STATE_DEVICE_BYTES);
  section(SERIES_OFFSET, head(HEAD_AT_SERIES) * SERIES_ENTRY_BYTES);
  section(RUN_PAGES_OFFSET, head(HEAD_AT_RUN_PAGES) * RUN_PAGE_BYTES);
  const newer = head(HEAD_AT_NEWER_GENERATION);
  generation(newer, head(HEAD_AT_NEWER_USED));
  generation(1 - newer, head(HEAD_AT_OLDER_USED));
  // One more than are known: a new shape is written there before it is looked up.
  const shapes = head(HEAD_AT_SHAPES);
  section(SHAPES_OFFSET, (shapes < SHAPES_MAX ? shapes + 1 : shapes) * SHAPE_BYTES);
  section(ACCOUNTS_OFFSET, accountsBytes());
  section(SOURCES_OFFSET, sourcesBytes());
  section(DEAD_PAGES_OFFSET, deadPagesBytes());
  section(TEXT_PAGES_OFFSET, head(HEAD_AT_TEXT_PAGES) * TEXT_PAGE_BYTES);
  section(REPLAYS_OFFSET, replaysBytes());
  section(BIRTHS_OFFSET, birthsBytes());
  section(DEFINITIONS_OFFSET, definitionsBytes());
  return true;
}

/** Loads the state whose sections were copied to their places in a memory without state; false: they are no state; the memory is spoilt. */
export function adoptState(): bool {
  return (
    adoptDevices() &&
    adoptSeries() &&
    adoptTextPages() &&
    adoptRunPages() &&
    adoptFingerprints() &&
    adoptShapes() &&
    adoptAccounts() &&
    adoptDeadPages() &&
    adoptSources() &&
    adoptReplays() &&
    adoptBirths()
  );
}

@inline
function head(at: u32): u32 {
  return load<u32>(STATE_HEAD_OFFSET + at);
}

/** Lists a generation of fingerprints; without fingerprints it is empty memory, and not listed. */
function generation(index: u32, used: u32): void {
  const bytes = FINGERPRINT_SLOTS * 8;
  section(FINGERPRINTS_OFFSET + index * bytes, used == 0 ? 0 : bytes);
}

function section(offset: u32, bytes: u32): void {
  if (bytes == 0) return;
  const count = load<u32>(STATE_SECTIONS_OFFSET);
  assert(count < STATE_SECTIONS_MAX, 'too many sections');
  const at = STATE_SECTIONS_OFFSET + 8 + count * STATE_SECTION_BYTES;
  store<u32>(at, offset);
  store<u32>(at, bytes, 4);
  store<u32>(STATE_SECTIONS_OFFSET, count + 1);
}
