//! suspend-processes and resume-processes.

use std::collections::BTreeMap;

use quarterdeck::fleet::Process;
use serde_json::json;

use crate::deploying::{Site, place};

impl Site {
    /// Suspended processes, and since when.
    fn suspended(&self) -> BTreeMap<String, String> {
        let group = self.told_group();
        let all = group["SuspendedProcesses"].as_array().unwrap().iter();
        let word = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
        all.map(|one| (word(one, "ProcessName"), word(one, "SuspensionReason"))).collect()
    }

    /// Somebody else suspends a process.
    fn theirs(&self) -> BTreeMap<String, String> {
        let asked =
            json!({ "AutoScalingGroupName": self.name("group"), "ScalingProcesses": ["AlarmNotification"] });
        self.change("autoscaling", "suspend_processes", &asked);
        self.suspended()
    }
}

#[test]
fn all_or_some_are_suspended_and_undo_leaves_those_of_somebody_else() {
    let name = "operations::processes::all_or_some_are_suspended_and_undo_leaves_those_of_somebody_else";
    place(name, &[], |site| {
        let theirs = site.theirs();
        for (line, count) in [("", Process::ALL.len()), (" --processes Launch,AZRebalance", 3)] {
            let run = site.apply(&format!("suspend-processes{line}"));
            let now = site.suspended();
            assert_eq!(now.len(), count, "{now:?}");
            assert_eq!(now["AlarmNotification"], theirs["AlarmNotification"], "since when, too");
            site.undo(&run);
            assert_eq!(site.suspended(), theirs, "{line}");
        }
        site.apply("suspend-processes --processes Launch");
        site.apply("resume-processes --processes Launch --override old-addresses");
        assert_eq!(site.suspended(), theirs, "the opposite does the same");
    });
}

#[test]
fn all_or_some_are_resumed_and_undo_suspends_them_again() {
    let name = "operations::processes::all_or_some_are_resumed_and_undo_suspends_them_again";
    place(name, &[], |site| {
        site.theirs();
        site.apply("suspend-processes --processes Terminate,Launch");
        let names = || site.suspended().into_keys().collect::<Vec<_>>();
        let before = names();
        let some = site.apply("resume-processes --processes Launch --override old-addresses");
        assert_eq!(names(), ["AlarmNotification", "Terminate"], "what nobody named stays");
        site.undo(&some);
        assert_eq!(names(), before);
        let all = site.apply("resume-processes --override old-addresses");
        assert!(names().is_empty());
        site.undo(&all);
        assert_eq!(names(), before);
    });
}
