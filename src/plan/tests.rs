use super::*;
use crate::fleet::Process;

fn step(id: u16, after: &[u16], action: Action) -> Step {
    Step {
        id: StepId(id),
        after: after.iter().copied().map(StepId).collect(),
        lane: "group".into(),
        title: "suspend AZRebalance".into(),
        target: "ag".into(),
        action,
        before: Some("active".into()),
        becomes: Some("suspended".into()),
        lasts: Lasts::UntilTheEnd,
        undo: Undo::Restore,
        repeat: Repeat::Repeatable,
        deadline_s: 60,
        noticed: None,
        destructive: false,
        soft: false,
        settles: Vec::new(),
        seals: false,
    }
}

fn suspend() -> Action {
    let setting = Setting::Process { group: "ag".into(), process: Process::AzRebalance };
    Action::Set { settings: vec![Assignment { setting, to: Value::Suspended }] }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        version: VERSION,
        operation: "test".into(),
        deployment: "myproject".into(),
        environment: "staging".into(),
        production: false,
        title: "test".into(),
        command: "quarterdeck apply test staging".into(),
        made_at: jiff::Timestamp::UNIX_EPOCH,
        lock: LockKind::Environment,
        noticed: None,
        cannot_undo: Vec::new(),
        notes: Vec::new(),
        overrides: Vec::new(),
        goes_on: false,
        redoes: false,
        by_name: false,
        assumes: vec![Assumption {
            fact: Fact::Setting(Setting::Sizes { group: "ag".into() }),
            value: Value::Sizes(crate::fleet::Sizes { min: 1, desired: 2, max: 4 }),
            read_at: jiff::Timestamp::UNIX_EPOCH,
        }],
        steps,
    }
}

fn restore(id: u16, steps: &[u16]) -> Step {
    let steps = steps.iter().copied().map(StepId).collect::<Vec<_>>();
    let after: Vec<u16> = steps.iter().map(|step| step.0).collect();
    Step { lasts: Lasts::Stays, undo: Undo::Nothing, ..step(id, &after, Action::Restore { steps }) }
}

#[test]
fn a_plan_is_data_and_comes_back_from_json_as_it_was() {
    let job = HostJob {
        server: InstanceRef::Later(Slot("builder".into())),
        name: "migrate".into(),
        script: "true".into(),
        user: None,
        back: None,
        files: Vec::new(),
        names_server: false,
    };
    let plan =
        plan(vec![step(1, &[], suspend()), step(2, &[1], Action::Job(Box::new(job))), restore(3, &[1])]);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan, "{text}");
}

#[test]
fn a_plan_that_leaves_a_temporary_change_behind_is_refused() {
    assert_eq!(plan(vec![step(1, &[], suspend())]).check(), Err(PlanError::NotRestored(StepId(1))));
    assert_eq!(plan(vec![step(1, &[], suspend()), restore(2, &[1])]).check(), Ok(()));
}

#[test]
fn steps_wait_only_for_earlier_ones_and_stand_in_their_places() {
    let order = |steps| plan(steps).check().unwrap_err();
    assert_eq!(order(vec![step(2, &[], suspend())]), PlanError::Misplaced(StepId(2)));
    assert_eq!(order(vec![step(1, &[1], suspend())]), PlanError::Order(StepId(1), StepId(1)));
    assert_eq!(order(vec![step(1, &[0], suspend())]), PlanError::Order(StepId(1), StepId(0)));
    assert_eq!(order(Vec::new()), PlanError::Empty);
    let newer = Plan { version: VERSION + 1, ..plan(vec![step(1, &[], suspend())]) };
    assert_eq!(newer.check(), Err(PlanError::Version(VERSION + 1)));
}

#[test]
fn what_a_step_needs_is_made_before_it() {
    let slot = Slot("image".into());
    let set = Action::Set {
        settings: vec![Assignment {
            setting: Setting::Launch { group: "ag".into() },
            to: Value::Later(slot.clone()),
        }],
    };
    assert_eq!(
        plan(vec![step(1, &[], set.clone()), restore(2, &[1])]).check(),
        Err(PlanError::Unmade(StepId(1), slot.clone()))
    );
    let image = Action::Image { slot, of: InstanceRef::Known("i-1".into()), name: "n".into() };
    let made = Step { lasts: Lasts::Stays, ..step(1, &[], image) };
    assert_eq!(plan(vec![made, step(2, &[1], set), restore(3, &[2])]).check(), Ok(()));
}

#[test]
fn the_longest_a_plan_may_take_is_its_longest_way_not_the_sum() {
    let steps =
        vec![step(1, &[], suspend()), step(2, &[], suspend()), step(3, &[1, 2], suspend()), restore(4, &[3])];
    assert_eq!(plan(steps).deadline_s(), 180);
}

#[test]
fn only_what_would_be_put_back_can_be_settled_and_only_by_itself_or_a_later_step() {
    let point = |settles: &[u16]| Step {
        lasts: Lasts::UnlessStopped,
        settles: settles.iter().copied().map(StepId).collect(),
        ..step(1, &[], suspend())
    };
    assert_eq!(plan(vec![point(&[1])]).check(), Ok(()));
    assert_eq!(plan(vec![point(&[2])]).check(), Err(PlanError::Settles(StepId(1), StepId(2))));
    let stays = Step { lasts: Lasts::Stays, settles: vec![StepId(1)], ..step(1, &[], suspend()) };
    assert_eq!(plan(vec![stays]).check(), Err(PlanError::Settles(StepId(1), StepId(1))));
}
