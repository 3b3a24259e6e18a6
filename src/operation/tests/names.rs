//! Names that are not known, and the table itself.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_does() {
    let names: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), OPERATIONS.len());
    for operation in OPERATIONS {
        assert!(operation.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", operation.name);
        assert!(operation.summary.starts_with(|c: char| c.is_ascii_lowercase()), "{}", operation.name);
        assert_eq!(find(operation.name).unwrap().name, operation.name);
    }
}

#[test]
fn a_server_that_an_operation_may_be_told_is_none_that_it_is_not_for() {
    let world = World::with_releases(2);
    let told_servers = |operation: &&crate::operation::Operation| {
        operation.takes.contains(&Opt::Servers) && !operation.takes.contains(&Opt::From)
    };
    for operation in OPERATIONS.iter().filter(told_servers) {
        let mut told = 0;
        for server in &world.parts.servers {
            let mut options = vec![(Opt::Servers, server.id.as_str())];
            options.extend(operation.takes.contains(&Opt::Release).then_some((Opt::Release, "latest")));
            options.extend(
                operation.takes.contains(&Opt::Backup).then_some((Opt::Backup, "/var/backups/a.dump")),
            );
            let said = match world.plan(operation.name, &options) {
                Ok(_) => String::new(),
                Err(refused) => refused.to_string(),
            };
            let others = ["and this is for servers of", "is a member of", "is no database server of"];
            let is_for = !others.iter().any(|words| said.contains(words));
            if server.environment.as_ref() == Some(&world.place.name) {
                assert_eq!(operation.may_be_told(server), is_for, "{} {}: {said}", operation.name, server.id);
                told += u32::from(is_for);
            }
        }
        assert!(told > 0, "{}", operation.name);
    }
}

#[test]
fn an_unknown_operation_environment_or_option_is_refused_with_the_nearest_right_name() {
    let refused = |name| find(name).unwrap_err();
    assert_eq!(
        refused("set-size").to_string(),
        "there is no operation `set-size`; did you mean `set-sizes`?"
    );
    assert!(refused("fly").to_string().contains("suspend-processes, resume-processes"), "{}", refused("fly"));
    assert!(refused("fly").is_usage());
    let operation = find("set-sizes").unwrap();
    assert_eq!(operation.option("--desired"), Ok(Opt::Desired));
    let wrong = operation.option("desird").unwrap_err().to_string();
    assert_eq!(wrong, "there is no option of set-sizes `desird`; did you mean `desired`?");
    let world = World::new(2);
    let wrong = world.refused("suspend-processes", &[(Opt::Keep, "3")]);
    assert_eq!(wrong, "there is no option of suspend-processes `keep`; there is processes");
    let topology = world.topology();
    assert_eq!(place(&topology, "staging").unwrap().name.as_str(), "staging");
    let wrong = place(&topology, "stagign").unwrap_err().to_string();
    assert_eq!(wrong, "there is no environment `stagign`; did you mean `staging`?");
}
