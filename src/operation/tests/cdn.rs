//! What CloudFront has kept of old static files.

use super::*;
use crate::plan::{Action, Undo};

const LATEST: (Opt, &str) = (Opt::Release, "latest");
const ASK: &str = "ask CloudFront to forget old static files";

#[test]
fn old_static_files_are_forgotten_once_the_new_ones_are_there_and_nothing_waits_for_that() {
    let mut world = World::with_releases(2);
    world.place.distributions = vec!["E1".into(), "E2".into()];
    for operation in ["deploy-serial", "deploy-full", "deploy-worker"] {
        let plan = world.plan(operation, &[LATEST]).unwrap();
        let asked = steps(&plan, ASK);
        let targets: Vec<&str> = asked.iter().map(|step| step.target.as_str()).collect();
        assert_eq!(targets, ["E1", "E2"], "{operation}");
        let compressed = the(&plan, "compress static files");
        for step in asked {
            assert_eq!((step.lane.as_str(), step.soft, &step.undo), ("worker", true, &Undo::Nothing));
            assert_eq!(step.after, [compressed.id], "{operation}");
            assert!(plan.steps.iter().all(|other| !other.after.contains(&step.id)), "{operation}");
            let Action::Invalidate { paths, .. } = &step.action else { panic!("{step:?}") };
            assert_eq!(paths, &["/*"]);
        }
    }
    let plan = world.plan("rollback", &[(Opt::Release, "9f8e7d6c")]).unwrap();
    assert_eq!(steps(&plan, ASK).len(), 2, "the old code's files come back");
    for (operation, options) in
        [("deploy-web", &[LATEST][..]), ("create-release", &[(Opt::Changeset, "5e6f708")])]
    {
        let plan = world.plan(operation, options).unwrap();
        assert_eq!(steps(&plan, ASK).len(), 0, "{operation} makes no files for users");
    }
}

#[test]
fn without_a_distribution_in_the_config_nobody_is_asked() {
    let plan = World::with_releases(2).plan("deploy-serial", &[LATEST]).unwrap();
    assert_eq!(steps(&plan, ASK).len(), 0);
}
