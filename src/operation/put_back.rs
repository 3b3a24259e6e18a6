//! What a run that is gone has left: the values that lie beside its lock, put back by whoever takes the lock over.

use jiff::Timestamp;

use super::Refused;
use super::draft::step;
use crate::fleet::{DeploymentName, EnvironmentName, EnvironmentPlace};
use crate::plan::lock::PUT_BACK;
use crate::plan::{Action, Assignment, LockKind, Plan, Setting, Step, StepId, Undo, VERSION, Value};

/// The command that does it.
#[must_use]
pub fn command(environment: &EnvironmentName, number: u64) -> String {
    format!("quarterdeck lock put-back {environment} --take-over {number}")
}

/// Puts these values back, latest change first, each a step of its own. The run that changed them holds the lock of this
/// number; it is taken from it, so that it changes nothing more.
///
/// # Errors
/// When nothing lies beside the lock.
pub fn plan(
    deployment: &DeploymentName,
    place: &EnvironmentPlace,
    number: u64,
    values: &[(Setting, Value)],
    now: Timestamp,
) -> Result<Plan, Refused> {
    if values.is_empty() {
        return Err(Refused::Nothing(format!(
            "nothing lies beside lock {number} of {}: its run had put everything back, or had changed nothing for the \
             time being. To go on with something else, give that --take-over {number}",
            place.name
        )));
    }
    let mut steps = Vec::new();
    for (setting, value) in values.iter().rev() {
        let id = u16::try_from(steps.len() + 1).unwrap_or(u16::MAX);
        let after = steps.last().map(|last: &Step| last.id).into_iter().collect();
        let assignment = Assignment { setting: setting.clone(), to: value.clone() };
        steps.push(Step {
            id: StepId(id),
            after,
            becomes: Some(value.to_string()),
            undo: Undo::Cannot("it is what was found before a run that is gone".into()),
            // A server that cannot be reached keeps no other value from being put back.
            soft: matches!(setting, Setting::Page { .. }),
            ..step(
                "group",
                format!("put back: {setting}"),
                setting.group().map_or_else(|| place.name.to_string(), ToString::to_string),
                Action::Set { settings: vec![assignment] },
            )
        });
    }
    let environment = &place.name;
    let plan = Plan {
        version: VERSION,
        operation: PUT_BACK.into(),
        deployment: deployment.clone(),
        environment: environment.clone(),
        production: place.production,
        by_name: false,
        title: format!(
            "put back what the holder of lock {number} changed in {environment} for the time being"
        ),
        command: command(environment, number),
        made_at: now,
        lock: LockKind::Environment,
        noticed: None,
        cannot_undo: Vec::new(),
        notes: vec![
            "Whoever holds the lock now changes nothing more; what their run has done for good stays.".into(),
        ],
        overrides: Vec::new(),
        assumes: Vec::new(),
        steps,
        goes_on: false,
        redoes: false,
    };
    plan.check().map_err(Refused::Broken)?;
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Process, Sizes};
    use crate::sandbox::{SandboxCloud, Scenario};

    #[test]
    fn r24_the_values_beside_a_lock_are_put_back_latest_first_and_an_empty_place_is_told() {
        let cloud = SandboxCloud::in_memory(Scenario::Calm, 1).unwrap();
        let topology = cloud.topology();
        let place = topology.environment(&"staging".into()).unwrap();
        let group = || "ag".into();
        let values = [
            (Setting::Sizes { group: group() }, Value::Sizes(Sizes { min: 1, desired: 2, max: 4 })),
            (Setting::Process { group: group(), process: Process::Launch }, Value::Active),
        ];
        let plan = |values| plan(&topology.deployment, place, 7, values, Timestamp::UNIX_EPOCH);
        let made = plan(&values).unwrap();
        let titles: Vec<&str> = made.steps.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(titles, ["put back: Launch of ag", "put back: sizes of ag"]);
        assert!(made.command.ends_with("--take-over 7"));
        assert!(plan(&[]).unwrap_err().to_string().contains("--take-over 7"));
    }
}
