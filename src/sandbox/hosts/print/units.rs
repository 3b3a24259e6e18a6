//! Units, as `systemctl show` tells about them.

use super::Section;
use crate::sandbox::clock::timestamp;
use crate::sandbox::hosts::server::Host;
use crate::sandbox::hosts::truth::services::{self, Unit};
use crate::sandbox::read::View;

/// Running everywhere, and no part of a role.
const EVERYWHERE: [&str; 2] = ["chrony", "ssh"];

pub(super) fn print(view: &View<'_>, host: &Host) -> Section {
    let units = services::units(view, host);
    let wanted: Vec<String> = units
        .iter()
        .filter(|unit| !EVERYWHERE.contains(&unit.name))
        .map(|unit| format!("{}.service", unit.name))
        .collect();
    let blocks: Vec<String> = units.iter().filter(|unit| unit.name != "ssh").map(block).collect();
    Section::of(format!("wanted={}\n{}", wanted.join(" "), blocks.join("\n")))
}

fn block(unit: &Unit) -> String {
    let since = timestamp(unit.since).strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string();
    let (active, sub) = match (unit.up, unit.name) {
        (true, "postgresql") => ("active", "exited"),
        (true, _) => ("active", "running"),
        (false, _) => ("inactive", "dead"),
    };
    let entered = if unit.up { since.as_str() } else { "" };
    format!(
        "Id={name}.service\nNames={name}.service\nLoadState=loaded\nActiveState={active}\nSubState={sub}\nNRestarts=0\n\
         StateChangeTimestamp={since}\nActiveEnterTimestamp={entered}\n",
        name = unit.name
    )
}
