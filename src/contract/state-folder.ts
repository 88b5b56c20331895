/**
 * The lock of a state folder, and what tells one from any other folder. The file is never removed: two processes that had the
 * locks of two files of that name would both take the folder.
 */
export const STATE_LOCK = 'spillway.lock';
