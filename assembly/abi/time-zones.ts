// Image of a time zone, as the host lays it among the schemas: u32 count of spans, 0; then the spans in the order of time. A span begins with a
// time of the zone's own clocks, in seconds since 1970 as if they showed UTC, and has the seconds by which they are ahead of UTC from then on.
// The first span has no beginning. Where clocks are set forward, the hour that they leave out counts as of before; where they are set
// back, the hour that they show twice is the first one of the two.

export const TIME_ZONE_HEAD_BYTES: u32 = 8;
export const TIME_ZONE_SPAN_BYTES: u32 = 16;
export const SPAN_AT_FROM: u32 = 0; // i64
export const SPAN_AT_OFFSET: u32 = 8; // i64
