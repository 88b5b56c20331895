/** Why a checkpoint is not used. Each costs a replay from the one before it or from the log's start, and nothing else. */
export const refusals = {
  checkpoint_truncated: 'it ends too early',
  checkpoint_damaged: 'its checksum does not match',
  checkpoint_malformed: 'it is no checkpoint of this format',
  checkpoint_newer: 'a newer version wrote it',
  checkpoint_older: 'an older version wrote it',
  checkpoint_of_other_database: 'it has the numbers of another database',
  checkpoint_of_other_layout: 'another build wrote it, whose state is laid out differently',
  checkpoint_of_other_partitions: 'it belongs to another number of partitions',
  checkpoint_of_other_partition: 'it belongs to another partition',
  checkpoint_not_committed: 'the database has not committed as much as it knows: rows between would be taken for duplicates',
  checkpoint_below_log: 'the log does not reach back to it any more',
  checkpoint_unreadable: 'its file cannot be read',
} as const;

export type RefusalName = keyof typeof refusals;
