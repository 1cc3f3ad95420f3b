//! See `coroner_fuzz::timestamp`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coroner_fuzz::timestamp(bytes));
