use super::*;
use crate::probe::testing::{at, body, failure, layout};

const PRINTED: &str = "milliseconds=1795384800250\nload=0.42 0.36 0.30\ncores=2\nMemTotal=2000\nMemAvailable=500\n\
                       SwapTotal=100\nSwapFree=40\nup=12885\nsynchronised=yes\n";

#[test]
fn a_machine_is_read_and_its_clock_is_compared_with_ours() {
    let Ok(Fact::Machine(machine)) = read(&body(PRINTED, "", 0), &layout()) else { panic!() };
    assert_eq!((machine.cores, machine.load, machine.up_seconds), (2, [0.42, 0.36, 0.30], 12_885));
    assert_eq!((machine.memory_total, machine.swap_used), (2_000 * 1_024, 60 * 1_024));
    assert_eq!(machine.clock_ahead_ms, Some(1_795_384_800_250 - at().as_millisecond()));
    assert_eq!(machine.clock_synchronised, Some(true));
}

#[test]
fn what_nobody_says_is_unknown() {
    let printed = PRINTED
        .replace("synchronised=yes", "synchronised=")
        .replace("milliseconds=1795384800250", "milliseconds=%3N");
    let Ok(Fact::Machine(machine)) = read(&body(&printed, "", 0), &layout()) else { panic!() };
    assert_eq!((machine.clock_ahead_ms, machine.clock_synchronised), (None, None));
    assert!(failure(read(&body("cores=2", "", 0), &layout())).1.contains("could not be read"));
}
