use super::*;
use crate::probe::testing::{body, failure, layout};

fn upkeep(lines: &str) -> Upkeep {
    match read(&body(lines, "", 0), &layout()) {
        Ok(Fact::Upkeep(upkeep)) => upkeep,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pending_upgrades_are_counted_where_somebody_says() {
    let debian = upkeep(include_str!("fixtures/debian12.txt"));
    assert_eq!((debian.reboot_required, debian.upgrades, debian.security), (false, Some(0), Some(0)));
    assert_eq!(debian.system.as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
    let ubuntu = upkeep("reboot=yes\nsystem=Ubuntu 22.04.5 LTS\nupgrades=12\nsecurity=5\n");
    assert_eq!((ubuntu.reboot_required, ubuntu.upgrades, ubuntu.security), (true, Some(12), Some(5)));
    assert_eq!(upkeep("reboot=no\n").upgrades, None);
}

#[test]
fn nothing_is_not_no() {
    failure(read(&body("", "", 0), &layout()));
}
