//! The load generator of the benches, and the bare sink that is its yardstick.
//!
//! `spillway-load generate` reads a plan (one line of JSON) from stdin, opens its connections, prints
//! `{"event":"ready",…}`, sends after the line `go`, prints `{"event":"done",…}`, and holds its connections
//! until stdin ends. `spillway-load sink [ms]` listens until stdin ends
//! and answers so many milliseconds later. Whatever goes wrong ends either with
//! exit code 1 and a sentence on stderr.

#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod control;
#[cfg(target_os = "linux")]
mod generator;
mod histogram;
#[cfg(target_os = "linux")]
mod opening;
mod packets;
mod plan;
#[cfg(target_os = "linux")]
mod poll;
#[cfg(target_os = "linux")]
mod sink;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
mod usage;

#[cfg(target_os = "linux")]
fn run(command: &str) -> Result<(), String> {
    usage::raise_open_files();
    match command {
        "generate" => generator::run(),
        "sink" => sink::run(delay()?),
        _ => Err("cannot run: say generate or sink".to_string()),
    }
}

#[cfg(target_os = "linux")]
fn delay() -> Result<std::time::Duration, String> {
    let ms = match std::env::args().nth(2) {
        Some(text) => text
            .parse()
            .map_err(|_| format!("cannot answer {text} ms later: that is no whole number"))?,
        None => 0,
    };
    Ok(std::time::Duration::from_millis(ms))
}

#[cfg(not(target_os = "linux"))]
fn run(_command: &str) -> Result<(), String> {
    Err("cannot run: the load generator needs Linux, for epoll".to_string())
}

fn main() {
    let command = std::env::args().nth(1).unwrap_or_default();
    if let Err(cause) = run(&command) {
        eprintln!("spillway-load: {cause}");
        std::process::exit(1);
    }
}
