//! Which releases there are, going back to one, and forgetting them.

use insta::assert_snapshot;

use super::*;
use crate::fleet::LaunchSource;
use crate::repo::Question;

fn told(world: &World) -> Vec<String> {
    let snapshot = world.snapshot();
    let topology = world.topology();
    let facts = world.facts(&snapshot, &topology);
    releases(&facts)
        .iter()
        .map(|one| format!("{}{}", one.named(), if one.is_current { " *" } else { "" }))
        .collect()
}

#[test]
fn releases_are_listed_newest_first_with_subject_and_which_is_current() {
    let mut world = World::with_releases(1);
    world.releases.reverse();
    assert_eq!(told(&world), ["77aa01c", "a1b2c3d *", "9f8e7d6"]);
    world.between("77aa01cd", vec![], vec![]);
    assert_eq!(told(&world)[0], "77aa01c “Faster export”");
}

#[test]
fn a_release_to_choose_is_told_with_subject_author_and_the_migrations_up_to_what_is_in_use() {
    let mut world = World::with_releases(1);
    let migration =
        |name: &str| crate::repo::Migration { name: name.into(), dangers: vec![], unclear: false };
    world.between("77aa01cd", vec![migration("billing.0042_note")], vec![]);
    let (snapshot, topology) = (world.snapshot(), world.topology());
    let facts = world.facts(&snapshot, &topology);
    let asked = crate::operation::questions(&facts);
    let between = |from: &str, to: &str| Question::Between(from.into(), to.into());
    assert_eq!(asked.len(), 5, "{asked:?}");
    // From the older to the newer, whichever is in use.
    assert!(
        asked.contains(&between("a1b2c3d4", "77aa01cd")) && asked.contains(&between("9f8e7d6c", "a1b2c3d4"))
    );
    let all = crate::operation::offers(&facts);
    let told: Vec<_> =
        all.iter().map(|one| (one.changeset.short(), one.is_current, one.migrations.clone())).collect();
    let names = Some(vec!["billing.0042_note".to_owned()]);
    assert_eq!(told, [("77aa01c", false, names), ("a1b2c3d", true, None), ("9f8e7d6", false, None)]);
    assert_eq!(all[0].commit, Some(("Faster export".into(), "ana".into())));
}

#[test]
fn going_back_means_an_earlier_release() {
    let world = World::with_releases(2);
    let refused = |word| world.refused("rollback", &[(Opt::Release, word)]);
    assert!(refused("latest").contains("deploy-serial brings that"));
    assert!(refused("a1b2c3d4").contains("is what the group launches now"));
    assert!(refused("77aa01cd").contains("is no earlier release than a1b2c3d"));
    assert!(world.refused("rollback", &[]).starts_with("say which release"));
}

#[test]
fn the_repository_is_asked_for_the_way_from_the_schema_to_the_release() {
    let world = World::with_releases(2);
    let schema = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
    let way = |to: &str| [Question::Commit(to.into()), Question::Between(schema.into(), to.into())];
    for operation in ["deploy-serial", "deploy-full", "deploy-worker", "deploy-web", "rollback"] {
        assert_eq!(world.asks(operation, &[(Opt::Release, "77aa")]), way("77aa01cd"), "{operation}");
        assert_eq!(world.asks(operation, &[]), [], "no release is named");
    }
    let same = world.asks("deploy-worker", &[(Opt::Release, "a1b2c3d4")]);
    assert_eq!(same, [Question::Commit("a1b2c3d4".into())], "no way at all");
    assert_eq!(world.asks("set-sizes", &[(Opt::Min, "1")]), []);
}

#[test]
fn old_releases_are_forgotten_oldest_first_and_never_one_in_use() {
    let mut world = World::with_releases(2);
    for (n, changeset) in ["11111111", "22222222", "33333333", "44444444"].iter().enumerate() {
        world.release(changeset, &format!("2026.11.0{}-10.00.00", 9 - n), &format!("ami-1{n}"));
    }
    // Made from the same image as what runs, and one that a member still runs.
    world.release("55555555", "2026.11.03-10.00.00", "ami-1");
    let member =
        LaunchSource::Configuration { name: "myproject_staging_lc_2026.11.06-10.00.00_44444444".into() };
    world.group().members[0].launch = Some(member);
    // Not of this environment, or not a release.
    let mut foreign = world.releases[0].clone();
    foreign.resolved =
        LaunchSource::Configuration { name: "myproject_production_lc_2026.11.01-10.00.00_aaaaaaaa".into() };
    world.releases.push(foreign);
    assert_snapshot!(show(&world.plan("forget-releases", &[(Opt::Keep, "2")]).unwrap()));
    let none = world.refused("forget-releases", &[(Opt::Keep, "9")]);
    assert_eq!(none, "staging has 5 releases beside those in use, and 9 are kept: nothing to do");
}

#[test]
fn an_image_that_two_old_releases_share_goes_with_the_last_of_them_only() {
    let mut world = World::with_releases(1);
    for (n, changeset) in ["11111111", "22222222"].iter().enumerate() {
        world.release(changeset, &format!("2026.11.0{}-10.00.00", 9 - n), "ami-7");
    }
    let plan = world.plan("forget-releases", &[(Opt::Keep, "2")]).unwrap();
    assert_eq!(steps(&plan, "forget").len(), 2);
    assert!(steps(&plan, "forget 2222222, its image stays").len() == 1, "{}", show(&plan));
    assert!(steps(&plan, "forget 1111111, with its image").len() == 1, "{}", show(&plan));
}
