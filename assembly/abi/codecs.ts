// Messages that a codec of a tenant decodes. The kernel lists those of a block and stops; the host runs their codecs, lays what these say and
// calls it again. Codecs run outside the kernel: nothing of theirs reaches its memory but these answers.

/** A list holds no more; the next one begins after its last message. */
export const CODEC_MESSAGES_MAX: u32 = 256;

// Wanted: u32 how many, then from WANTED_CODECS_AT on
export const WANTED_CODECS_AT: u32 = 64;
export const WANTED_CODEC_BYTES: u32 = 24;
export const WANTED_CODEC_AT_PAYLOAD: u32 = 0; // u32, address
export const WANTED_CODEC_AT_PAYLOAD_BYTES: u32 = 4; // u32
export const WANTED_CODEC_AT_NUMBER: u32 = 8; // u32, of the codec
export const WANTED_CODEC_AT_RECEIVE_US: u32 = 16; // u64

// Answers: u32 how many, then from CODEC_ANSWERS_AT on, in the order of the list and not more than it has
export const CODEC_ANSWERS_AT: u32 = 64;
export const CODEC_ANSWER_BYTES: u32 = 16;
export const CODEC_ANSWER_AT_PAYLOAD: u32 = 0; // u32, address
export const CODEC_ANSWER_AT_CODE: u32 = 4; // u32: CODE_NONE, or why there are no readings
export const CODEC_ANSWER_AT_ITEMS: u32 = 8; // u32, address
export const CODEC_ANSWER_AT_ITEMS_BYTES: u32 = 12; // u32
export const CODEC_ITEMS_AT: u32 = CODEC_ANSWERS_AT + CODEC_MESSAGES_MAX * CODEC_ANSWER_BYTES;
/** Of one message. */
export const CODEC_ITEMS_BYTES_MAX: u32 = 131072;

// Item: this header, then the bytes of its name and of its text
export const CODEC_ITEM_BYTES: u32 = 16;
export const CODEC_ITEM_AT_KIND: u32 = 0; // u32
export const CODEC_ITEM_AT_NAME_BYTES: u32 = 4; // u16
export const CODEC_ITEM_AT_TEXT_BYTES: u32 = 6; // u16
export const CODEC_ITEM_AT_VALUE: u32 = 8; // f64
export const CODEC_NUMBER: u32 = 0;
export const CODEC_TEXT: u32 = 1;
/** Microseconds of the Unix epoch. */
export const CODEC_TIME: u32 = 2;
export const CODEC_SEQUENCE: u32 = 3;
/** What comes after it is of another moment. */
export const CODEC_NEXT_SAMPLE: u32 = 4;
