//! Ways between screens: wherever one has gone, going up ends at the fleet.

use proptest::prelude::*;

use super::script::Console;

#[test]
fn what_was_opened_from_triage_leads_back_there_and_then_up_to_the_fleet() {
    let mut console = Console::open();
    console.press("t T");
    assert_eq!(console.place(), "production/timeline");
    let mut seen = Vec::new();
    while console.place() != "fleet" && seen.len() < 5 {
        console.press("esc");
        seen.push(console.place());
    }
    assert_eq!(seen, ["production/triage", "production/servers", "fleet"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn going_up_again_and_again_ends_at_the_fleet(
        ways in proptest::collection::vec(
            prop::sample::select(vec!["enter", "t", "T", "esc", "[", "]", "down", "2", "5", "7", "F", "i", "R"]),
            0..24,
        ),
    ) {
        let mut console = Console::open();
        console.runs().planned();
        for keys in &ways {
            console.press(keys);
        }
        // Each way has at most as many screens as keys, and something may be open over the last one.
        let mut ups = 0;
        while console.place() != "fleet" && ups < 40 {
            console.press("esc");
            ups += 1;
        }
        prop_assert!(ups <= ways.len() + 4, "{ups} times esc after {ways:?}: {}", console.place());
    }
}
