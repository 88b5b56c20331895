//! The frame of a water meter, decoded as by `water-meter.ts`: see there for its layout, and deploy/CODECS.md for what Spillway offers.
#![no_std]

use core::slice;

#[link(wasm_import_module = "spillway")]
extern "C" {
    fn emit_number(name: *const u8, name_bytes: usize, value: f64);
    fn emit_text(name: *const u8, name_bytes: usize, text: *const u8, text_bytes: usize);
    fn emit_time(us: f64);
    fn emit_sequence(number: f64);
    fn next_sample();
    fn received_at() -> f64;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

const FRAME: u8 = 0x57;
const HEAD_BYTES: usize = 13;
const HOUR_US: f64 = 3_600_000_000.0;
const NOT_A_FRAME: i32 = 1;
const CUT_OFF: i32 = 2;

/// One payload at a time: Spillway sets the memory back after each.
static mut PAYLOAD: [u8; 1024] = [0; 1024];

/// Room for the payload. One that is longer than every frame ends the run.
#[no_mangle]
pub extern "C" fn alloc(bytes: usize) -> *mut u8 {
    if bytes > 1024 {
        core::arch::wasm32::unreachable()
    }
    &raw mut PAYLOAD as *mut u8
}

fn number(name: &str, value: f64) {
    unsafe { emit_number(name.as_ptr(), name.len(), value) }
}

fn text(name: &str, value: &str) {
    unsafe { emit_text(name.as_ptr(), name.len(), value.as_ptr(), value.len()) }
}

/// 0, or why the frame cannot be read.
#[no_mangle]
pub unsafe extern "C" fn decode(at: *const u8, bytes: usize) -> i32 {
    let frame = slice::from_raw_parts(at, bytes);
    if bytes < HEAD_BYTES {
        return CUT_OFF;
    }
    if frame[0] != FRAME {
        return NOT_A_FRAME;
    }
    let steps = &frame[HEAD_BYTES..];
    if steps.len() != frame[12] as usize {
        return CUT_OFF;
    }
    let word = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    let mut us = received_at() - f64::from(word(10)) * 1e6;
    let mut litres = i64::from(u32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]));
    emit_time(us);
    emit_sequence(f64::from(word(2)));
    number("litres", litres as f64);
    number("temperature", f64::from(word(8) as i16) / 100.0);
    text("state", if frame[1] & 1 != 0 { "leak" } else if frame[1] & 2 != 0 { "frozen" } else { "ok" });
    for step in steps {
        litres -= i64::from(*step);
        us -= HOUR_US;
        next_sample();
        emit_time(us);
        number("litres", litres as f64);
    }
    0
}
