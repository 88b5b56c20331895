//! The layouts of `assembly/abi/` become Rust constants: their subset of TypeScript differs in one word.

use std::path::Path;
use std::{env, fs, io};

const ABI: &str = "../../assembly/abi";

fn main() {
    println!("cargo::rerun-if-changed={ABI}");
    println!("cargo::rerun-if-changed=build.rs");
    let source: String = read_files(Path::new(ABI)).unwrap_or_else(|error| panic!("cannot read {ABI}: {error}"));
    // Text between declarations is dropped: a comment that belongs to none would be an error in Rust.
    let constants: String = source
        .lines()
        .filter(|line| line.starts_with("export const "))
        .map(|line| line.replacen("export const", "pub const", 1) + "\n")
        .collect();
    let folder = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&folder).join("abi.rs"), constants).unwrap_or_else(|error| panic!("cannot write abi.rs: {error}"));
}

/// The text of all files of the folder; Rust constants may stand in any order.
fn read_files(folder: &Path) -> io::Result<String> {
    fs::read_dir(folder)?.map(|entry| fs::read_to_string(entry?.path())).collect()
}
