//! set-sizes: how many servers a group may have and wants.

use super::draft::{Draft, step};
use super::facts::stays;
use super::{Facts, Options, Refused, room};
use crate::fleet::{Group, Process, Sizes, words};
use crate::plan::{Action, Assignment, Condition, Setting, Step, Undo, Value};

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let group = facts.group()?;
    let before = group.sizes();
    if (options.min, options.desired, options.max) == (None, None, None) {
        return Err(Refused::Usage(format!(
            "set-sizes wants --min, --desired or --max; {} has {before} now",
            group.name
        )));
    }
    let to = Sizes {
        min: options.min.unwrap_or(before.min),
        desired: options.desired.unwrap_or(before.desired),
        max: options.max.unwrap_or(before.max),
    };
    check(group, before, to, options)?;
    if to.desired > before.desired {
        room::check(draft, facts, room::missing(group, to.desired), &format!("{} launches", group.name))?;
    }
    let fewer = to.desired < before.desired;
    if fewer {
        facts.all_current()?;
        shrinks(draft, facts, group, to)?;
    }
    draft.title(format!("set the sizes of {} to {to}", group.name));
    draft.assume_group(group);
    let setting = Setting::Sizes { group: group.name.clone() };
    let set = draft.add(Step {
        before: Some(before.to_string()),
        becomes: Some(to.to_string()),
        undo: Undo::Restore,
        destructive: fewer,
        ..step(
            "group",
            "set sizes",
            group.name.as_str(),
            Action::Set { settings: vec![Assignment { setting, to: Value::Sizes(to) }] },
        )
    });
    let needed = if fewer { Process::Terminate } else { Process::Launch };
    if to.desired == before.desired {
        return Ok(());
    }
    if group.is_suspended(needed.word()) {
        draft.note(format!(
            "{needed} is suspended: the group changes its wish, and no server comes or goes until {needed} is resumed."
        ));
        return Ok(());
    }
    draft.add(Step {
        after: vec![set],
        becomes: Some(words::count(to.desired.into(), "server")),
        deadline_s: 1_800,
        ..step(
            "group",
            "wait until the group has what it wants",
            group.name.as_str(),
            Action::Await { condition: Condition::Settled { group: group.name.clone() } },
        )
    });
    Ok(())
}

fn check(group: &Group, before: Sizes, to: Sizes, options: &Options) -> Result<(), Refused> {
    if to == before {
        return Err(Refused::Nothing(format!("{} has {before} already: nothing to do", group.name)));
    }
    let wrong = |what: String| Err(Refused::Usage(what));
    if to.min > to.max {
        return wrong(format!("the fewest ({}) would be more than the most ({}): give both", to.min, to.max));
    }
    if !(to.min..=to.max).contains(&to.desired) {
        let Sizes { min, desired, max } = to;
        let advice =
            if options.desired.is_none() { "give --desired as well" } else { "give --min or --max as well" };
        return wrong(format!("{desired} wanted is outside {min}–{max}: {advice}"));
    }
    Ok(())
}

/// What it means that there will be fewer.
fn shrinks(draft: &mut Draft<'_>, facts: &Facts<'_>, group: &Group, to: Sizes) -> Result<(), Refused> {
    let members = group.members.iter().filter(|member| stays(member)).count();
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    if to.desired == 0 {
        draft.refuse_unless(
            "no-servers",
            format!("{} would have no server left, and users no site", facts.place.name),
        )?;
        draft.noticed("the site is gone once the last server has left");
    }
    let leave = words::count(members.saturating_sub(to.desired).into(), "server");
    let policies = if group.termination_policies.is_empty() {
        "Default".to_owned()
    } else {
        group.termination_policies.join(", ")
    };
    draft.cannot_undo(format!(
        "{leave} of {} terminated; which, its policies decide ({policies})",
        group.name
    ));
    Ok(())
}
