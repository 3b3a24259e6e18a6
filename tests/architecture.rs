//! Dependencies point one way: proved from the paths that src/ names, `use` or inline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/scan.rs"]
mod scan;

use std::path::Path;

use rules::{File, LAYERS, LONGEST, check};

fn files_below(directory: &Path, prefix: &str, into: &mut Vec<File>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files_below(&entry.path(), &format!("{path}/"), into);
        } else if Path::new(&path).extension().is_some_and(|ending| ending == "rs") {
            into.push(File { path, text: std::fs::read_to_string(entry.path()).unwrap() });
        }
    }
}

/// What is wrong with one file that begins as it should.
fn complaints(path: &str, code: &str) -> Vec<String> {
    check(&[File { path: path.into(), text: format!("//! For the test.\n{code}\n") }])
}

#[track_caller]
fn caught(path: &str, code: &str, expected: &str) {
    let found = complaints(path, code);
    assert!(found.iter().any(|line| line.contains(expected)), "{code:?} in {path}: {found:?}");
}

#[track_caller]
fn accepted(path: &str, code: &str) {
    assert_eq!(complaints(path, code), Vec::<String>::new(), "{code:?} in {path}");
}

#[test]
fn dependencies_point_one_way() {
    let mut files = Vec::new();
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    assert!(files.len() > 30, "only {} files found", files.len());
    let found = check(&files);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_part_of_the_program_is_in_the_table() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(src).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let part = name.trim_end_matches(".rs");
        assert!(part == "lib" || LAYERS.iter().any(|layer| layer.name == part), "{part} is not in the table");
    }
}

#[test]
fn the_table_has_no_circle() {
    fn reaches(from: &str, to: &str) -> bool {
        let layer = LAYERS.iter().find(|layer| layer.name == from).unwrap();
        layer.may_use.iter().any(|next| *next == to || reaches(next, to))
    }
    for layer in LAYERS {
        assert!(!reaches(layer.name, layer.name), "{} reaches itself", layer.name);
    }
}

#[test]
fn an_import_against_the_direction_is_caught() {
    caught("fleet/group.rs", "use crate::cloud::CloudError;", "fleet may import nothing of ours, not cloud");
    caught("fleet/group.rs", "use crate::{console::State, fleet::Group};", "not console");
    caught("fleet/group.rs", "use super::super::cloud;", "not cloud");
    caught("fleet/group.rs", "use\n    crate\n    ::cloud::{\n        self,\n    };", "not cloud");
    caught("cloud/mod.rs", "use super::sandbox;", "not sandbox");
    caught("config/mod.rs", "use crate::cloud as fleet;", "not cloud");
    caught("main.rs", "use quarterdeck::fleet::Server;", "main may import cli, not fleet");
    caught("novelty/mod.rs", "use crate::fleet::Server;", "novelty is not in the table");
}

#[test]
fn an_inline_path_against_the_direction_is_caught() {
    caught("fleet/group.rs", "fn f() { crate::cloud::f(); }", "not cloud");
    caught("fleet/group.rs", "fn f(x: &crate::cloud::Cloud) {}", "not cloud");
    caught("fleet/group.rs", "fn f() { println!(\"{}\", crate::cli::f()); }", "not cli");
    caught("fleet/group.rs", "fn f() -> <crate::cli::A as Clone>::B { todo() }", "not cli");
    caught("fleet/group.rs", "mod inner { use super::super::super::cli::X; }", "not cli");
    caught("fleet/group.rs", "fn f() { Vec::<crate::cli::A>::new() }", "not cli");
    caught("fleet/group.rs", "macro_rules! m { () => { $crate::cli::f() } }", "not cli");
    caught("fleet/group.rs", "#[serde(with = \"x\")] #[derive(crate::cli::D)] struct S;", "not cli");
}

#[test]
fn the_whole_crate_at_once_is_caught() {
    caught("fleet/group.rs", "use crate::*;", "names the whole crate");
    caught("console/table.rs", "use crate as everything;", "names the whole crate");
}

#[test]
fn the_right_direction_is_accepted() {
    accepted("cloud/mod.rs", "use crate::fleet::{Group, Server};\npub mod aws;");
    accepted("fleet/group.rs", "use super::Server;\npub(crate) fn f() { self::g(); }\nfn g() {}");
    accepted("cli/mod.rs", "use crate::{cloud, config, console, fleet, refresh, sandbox};");
    accepted(
        "fleet/group.rs",
        "/// Like [`crate::cloud::CloudError`].\nfn f() { let s = \"crate::cloud\"; }",
    );
    accepted("lib.rs", "pub mod fleet;\npub mod cloud;");
}

#[test]
fn a_fence_holds_back_everybody_else() {
    caught("console/views/fleet.rs", "use tokio::time::sleep;", "what is pure does not wait");
    caught("console/reduce.rs", "fn f() { ::tokio::spawn(g()); }", "what is pure does not wait");
    caught("console/reduce.rs", "use crate::refresh::Handle;", "only in refresh, cli, console::runtime");
    caught("console/theme.rs", "use std::{collections::BTreeMap, fs};", "what is pure reads no files");
    caught("console/theme.rs", "use std::*;", "what is pure reads no files");
    caught("console/theme.rs", "use std as s;", "what is pure reads no files");
    caught("console/table.rs", "fn f() { std::thread::sleep(d) }", "neither sleeps nor forks");
    caught("console/state.rs", "fn f() { Timestamp::now() }", "clocks come from the port");
    caught("refresh/mod.rs", "use aws_sdk_ec2::Client;", "SDK types never leave the adapter");
    caught("sandbox/mod.rs", "use crate::cloud::aws;", "speaks to the port");
    caught("cloud/mod.rs", "use rusqlite::Connection;", "only in sandbox");
    caught("sandbox/mod.rs", "use openssh::Session;", "openssh types never leave the adapter");
    caught("console/runtime.rs", "use crate::remote::openssh::OpenSsh;", "speaks to the port, not to ssh");
    caught("remote/mod.rs", "use crate::cloud::CloudError;", "remote may import fleet, probe, not cloud");
    caught("remote/clean_text/mod.rs", "use std::fs;", "what is pure reads no files");
    caught("fleet/mod.rs", "#[allow(clippy::unwrap_used)] fn f() {}", "nothing panics");
}

#[test]
fn a_fence_lets_in_whom_it_names() {
    accepted("console/runtime.rs", "use crate::refresh::Handle;\nuse tokio::select;");
    accepted("console/runtime/input.rs", "use std::fs::read;\nuse std::thread;");
    accepted("cloud/aws/ec2.rs", "use aws_sdk_ec2::Client;\nuse tokio::time::timeout;");
    accepted("sandbox/world.rs", "use rusqlite::Connection;");
    accepted("remote/openssh/master.rs", "use openssh::Session;\nuse std::fs;");
    accepted("console/state.rs", "use std::collections::BTreeMap;\nuse std::time::Duration;");
}

#[test]
fn tests_may_use_what_the_program_may_not() {
    accepted(
        "fleet/group.rs",
        "#[cfg(test)]\nmod tests { use crate::sandbox; fn f() { std::fs::read(p); } }",
    );
    accepted("fleet/group.rs", "#[cfg(test)]\nuse crate::{sandbox};\nfn f() {}");
    accepted("fleet/group.rs", "#[cfg(test)]\nconst fn f() { crate::cli::f() }\nfn g() {}");
    caught("fleet/group.rs", "#[cfg(test)]\nmod tests { fn f() {} }\nuse crate::cli;", "not cli");
    caught("fleet/group.rs", "#[cfg(not(test))]\nuse crate::cli;", "not cli");
}

#[test]
fn a_test_module_in_its_own_file_is_a_test() {
    let files = |attribute: &str| {
        [
            File { path: "fleet/mod.rs".into(), text: format!("//! Fleet.\n{attribute}\nmod tests;\n") },
            File { path: "fleet/tests/deep.rs".into(), text: "use crate::sandbox;\n".into() },
        ]
    };
    assert_eq!(check(&files("#[cfg(test)]")), Vec::<String>::new());
    assert!(!check(&files("")).is_empty());
}

#[test]
fn long_files_are_caught_and_their_tests_do_not_count() {
    let long = "fn f() {}\n".repeat(LONGEST);
    caught("fleet/group.rs", &long, "wants to be two files");
    accepted("fleet/group.rs", &format!("#[cfg(test)]\nmod tests {{\n{long}}}"));
}

#[test]
fn promises_for_later_are_caught() {
    let promise = ["TO", "DO"].concat();
    caught("fleet/group.rs", &format!("// {promise}: more"), "promises something for later");
    caught("fleet/group.rs", "fn f() { todo!() }", "todo! has no place");
    caught("fleet/group.rs", "fn f() { std::unimplemented!(\"x\") }", "unimplemented! has no place");
}

#[test]
fn a_module_without_its_first_line_is_caught() {
    let file = File { path: "fleet/group.rs".into(), text: "fn f() {}\n".into() };
    assert!(check(&[file])[0].contains("what the module is for"));
}

#[test]
fn a_file_that_is_not_rust_is_named() {
    caught("fleet/group.rs", "fn f( {", "src/fleet/group.rs: cannot be read as Rust");
}
