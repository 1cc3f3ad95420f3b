//! See `coroner_fuzz::decompressor`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coroner_fuzz::decompressor(bytes));
