//! The head of a branch in place of a release.

use super::*;
use crate::repo::Question;

const HEAD: &str = "5e6f7081928374655647382910fedcba01234567";
const MAIN: (Opt, &str) = (Opt::Branch, "main");

#[test]
fn workers_and_web_servers_in_place_get_the_head_of_a_branch_without_a_release() {
    let mut world = World::with_releases(2);
    world.head("main", Ok(HEAD));
    for operation in ["deploy-worker", "deploy-web"] {
        let plan = world.plan(operation, &[MAIN]).unwrap();
        assert!(plan.title.starts_with("deploy 5e6f708 “Faster import”"), "{}", plan.title);
        assert_eq!(plan.command, format!("quarterdeck apply {operation} staging --branch main"));
        let code = steps(&plan, "check out the code");
        let crate::plan::Action::Job(job) = &code[0].action else { panic!("{code:?}") };
        assert!(job.script.starts_with(&format!("# sandbox: code checkout {HEAD} note ")), "{}", job.script);
    }
    let web = world.plan("deploy-web", &[MAIN]).unwrap();
    assert!(
        web.notes.iter().any(|note| note.starts_with("staging-ag still launches")),
        "a new server comes with other code: {:?}",
        web.notes
    );
}

#[test]
fn serial_and_full_take_the_release_of_the_branchs_head_and_name_create_release_where_there_is_none() {
    let mut world = World::with_releases(2);
    world.head("main", Ok("77aa01cdffffffffffffffffffffffffffffffff"));
    world.head("next", Ok(HEAD));
    for operation in ["deploy-serial", "deploy-full"] {
        let plan = world.plan(operation, &[MAIN]).unwrap();
        assert!(plan.title.contains("77aa01c “Faster import”"), "{}", plan.title);
        let refused = world.refused(operation, &[(Opt::Branch, "next")]);
        assert!(
            refused.starts_with(
                "branch `next` is at 5e6f708 “Faster import”, of which staging has no release: make one"
            ) && refused.contains("create-release staging --branch next")
                && refused.contains("latest is 77aa01c"),
            "{refused}"
        );
    }
}

#[test]
fn a_branch_that_is_not_known_is_refused_with_the_reason_and_what_else_can_be_said() {
    let mut world = World::with_releases(2);
    for operation in ["deploy-serial", "deploy-full", "deploy-worker", "deploy-web"] {
        let none = world.refused(operation, &[MAIN]);
        assert!(
            none.starts_with("there is no clone of the project to ask for the head of branch `main`"),
            "{none}"
        );
        assert!(none.ends_with("or name a release with --release"), "{none}");
        let both = world.refused(operation, &[MAIN, (Opt::Release, "latest")]);
        assert!(both.contains("leave one of them out"), "{both}");
    }
    world.head("main", Err("there is no branch `main` at origin: push it, or mend `branches`"));
    let absent = world.plan("deploy-worker", &[MAIN]).unwrap_err();
    assert!(matches!(absent, Refused::State(_)) && absent.to_string().contains("push it"), "{absent}");
    assert!(world.refused("rollback", &[MAIN]).contains("there is no option of rollback `branch`"));
}

#[test]
fn the_repository_is_asked_for_the_head_first_and_for_the_way_to_it_then() {
    let mut world = World::with_releases(2);
    assert_eq!(world.asks("deploy-worker", &[MAIN]), [Question::Head("main".into())]);
    world.head("main", Ok(HEAD));
    let way = Question::Between("a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".into(), HEAD.into());
    assert_eq!(world.asks("deploy-worker", &[MAIN]), [Question::Commit(HEAD.into()), way]);
    assert_eq!(world.asks("create-release", &[MAIN]), [Question::Commit(HEAD.into())], "nothing is migrated");
    world.head("gone", Err("there is no branch `gone` at origin"));
    assert_eq!(world.asks("deploy-worker", &[(Opt::Branch, "gone")]), []);
    assert_eq!(world.asks("create-release", &[]), [], "the config names no branch");
    world.place.branch = Some("develop".into());
    assert_eq!(world.asks("create-release", &[]), [Question::Head("develop".into())]);
    let named = world.asks("create-release", &[(Opt::Changeset, "0123abc")]);
    assert_eq!(named, [Question::Commit("0123abc".into())], "no branch is asked for");
}
