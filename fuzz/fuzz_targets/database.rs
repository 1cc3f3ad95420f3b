//! See `coroner_fuzz::database`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coroner_fuzz::database(bytes));
