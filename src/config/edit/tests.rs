//! What changing a config in its text promises.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn fixture() -> String {
    std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project/fabulaws-config.yml"),
    )
    .unwrap()
}

fn text(value: &str) -> Wanted {
    Wanted::Text(value.to_owned())
}

fn list(items: &[&str]) -> Wanted {
    Wanted::List(items.iter().map(|item| (*item).to_owned()).collect())
}

/// Lines that differ, old and new.
fn differing<'t>(old: &'t str, new: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    let only = |one: &'t str, other: &'t str| {
        let mut others: Vec<&str> = other.lines().collect();
        let mut lines = Vec::new();
        for line in one.lines() {
            match others.iter().position(|found| *found == line) {
                Some(at) => drop(others.remove(at)),
                None => lines.push(line),
            }
        }
        lines
    };
    (only(old, new), only(new, old))
}

#[test]
fn one_value_changes_at_its_place_and_every_other_line_stays() {
    let old = fixture();
    for (path, wanted, from, to) in [
        (&["project"][..], text("shop"), "    project: myproject", "    project: shop"),
        (
            &["instance_settings", "app_root"],
            text("/srv/x"),
            "          app_root: /srv/app   # no slash at its end",
            "          app_root: /srv/x   # no slash at its end",
        ),
        (
            &["instance_settings", "key_prefix"],
            text("a-"),
            "          key_prefix: 'myproject-'",
            "          key_prefix: 'a-'",
        ),
        (
            &["backup_key_fingerprint"],
            text("ab cd"),
            "    backup_key_fingerprint:",
            "    backup_key_fingerprint: ab cd",
        ),
        (&["vcs_cmd"], text("hg"), "    vcs_cmd: git          # or hg", "    vcs_cmd: hg          # or hg"),
        (
            &["db_settings", "postgresql_settings", "max_connections"],
            text("200"),
            "            max_connections: '80'   # of the server; PgBouncer shares them out",
            "            max_connections: '200'   # of the server; PgBouncer shares them out",
        ),
        (
            &["volume_sizes", "production", "db-primary"],
            Wanted::Plain("500".into()),
            "            db-primary: 100",
            "            db-primary: 500",
        ),
        (
            &["instance_settings", "admin_groups"],
            list(&["ops"]),
            "          admin_groups: [admin, sudo]",
            "          admin_groups: [ops]",
        ),
    ] {
        let new = set(&old, path, &wanted).unwrap();
        assert_eq!(differing(&old, &new), (vec![from], vec![to]), "{path:?}");
        assert_eq!(set(&new, path, &wanted).unwrap(), new, "a second time changes nothing");
    }
}

#[test]
fn a_missing_key_is_added_where_it_belongs() {
    let old = fixture();
    for (path, wanted, line) in [
        (&["site_domains_map", "demo"][..], list(&["demo.example.com"]), "        demo: [demo.example.com]"),
        (&["instance_types", "testing", "web"], text("t3.micro"), "            web: t3.micro"),
        (&["camera"], Wanted::Plain("true".into()), "    camera: true"),
        (&["a", "b"], text("no"), "        b: 'no'"),
    ] {
        let new = set(&old, path, &wanted).unwrap();
        let (gone, added) = differing(&old, &new);
        assert_eq!((gone, added.last().copied()), (vec![], Some(line)), "{path:?}");
    }
    assert_eq!(set("", &["a", "b"], &text("c")).unwrap(), "a:\n    b: c\n");
    assert_eq!(set("a: {b: c}\n", &["a", "d"], &text("e")).unwrap(), "a: {b: c, d: e}\n");
    assert_eq!(set("a: {}\n", &["a", "d"], &text("e")).unwrap(), "a: {d: e}\n");
    assert_eq!(set("a: # c\nb: 1\n", &["a", "d"], &text("e")).unwrap(), "a: # c\n    d: e\nb: 1\n");
    assert_eq!(set("a: 1\r\nb: 2", &["c"], &text("d")).unwrap(), "a: 1\r\nb: 2\r\nc: d");
}

#[test]
fn items_of_a_list_come_and_go_by_lines_and_their_comments_stay() {
    let old = "zones:   # where\n  - a  # old\n  # between\n  - b\n  - c\nend: 1\n";
    let set = |items: &[&str]| set(old, &["zones"], &list(items)).unwrap();
    assert_eq!(set(&["a", "c"]), "zones:   # where\n  - a  # old\n  # between\n  - c\nend: 1\n");
    assert_eq!(set(&["a", "b", "c", "d"]), old.replace("  - c\n", "  - c\n  - d\n"));
    assert_eq!(set(&["b", "c"]), "zones:   # where\n  # old\n  # between\n  - b\n  - c\nend: 1\n");
    assert_eq!(set(&["c", "b", "a"]), old.replace("- a", "- x").replace("- c", "- a").replace("- x", "- c"));
}

#[test]
fn what_others_refer_to_and_what_cannot_be_cut_is_refused() {
    let old = fixture();
    let refused = |path: &[&str], wanted: &Wanted| set(&old, path, wanted).unwrap_err().to_string();
    let shared = refused(&["instance_types", "staging", "web"], &text("t3.micro"));
    assert_eq!(
        shared,
        "`instance_types.staging.web` is shared with another place by an anchor: change it by hand"
    );
    assert!(refused(&["project", "a"], &text("b")).contains("no mapping"));
    assert!(refused(&["volume_types"], &text("gp3")).contains("is a mapping"));
    assert_eq!(set("a: [b\n", &["a"], &text("c")), Err(EditError::NoYaml));
    assert!(set("a: |\n  b\n", &["a"], &text("c")).is_err());
    assert!(set("x: &y 1\na: *y\n", &["a"], &text("c")).is_err());
}

#[test]
fn keys_that_only_another_text_has_are_added_with_their_comments_and_the_own_indentation() {
    let own = "---\n  a: 1\n  b: 2";
    let other = "# about a\na: 9\n\n# about c\nc:\n  d: 3  # three\n\n# about e\ne: 4\n";
    assert_eq!(
        add_missing(own, other, &["a", "c", "e", "f"]),
        "---\n  a: 1\n  b: 2\n  # about c\n  c:\n    d: 3  # three\n  # about e\n  e: 4\n"
    );
    assert_eq!(add_missing(other, other, &["a", "c"]), other);
    assert_eq!(add_missing(own, other, &["a"]), own);
}

/// Every path to a scalar that no anchor shares.
fn leaves(node: &Node, path: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                path.push(entry.key.clone());
                leaves(&entry.value, path, out);
                path.pop();
            }
        }
        Value::Scalar(_) => out.push(path.clone()),
        Value::List(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_value_changes_comments_and_all_other_lines_stay_byte_for_byte(
        which in any::<proptest::sample::Index>(),
        value in "[ -~äß漢]{0,20}",
        comments in proptest::collection::vec((any::<proptest::sample::Index>(), "#? ?[a-z:'\"\\[{&*-]{0,12}"), 0..6),
        crlf in any::<bool>(),
    ) {
        // Comments in any place where a line ends.
        let mut lines: Vec<String> = fixture().lines().map(str::to_owned).collect();
        for (place, comment) in &comments {
            let at = place.index(lines.len());
            lines.insert(at, format!("  # {comment}"));
        }
        let old = lines.join(if crlf { "\r\n" } else { "\n" });
        let before = tree(&old);
        prop_assume!(before.is_some());
        let before = before.unwrap();
        let mut paths = Vec::new();
        leaves(&before, &mut Vec::new(), &mut paths);
        let path = &paths[which.index(paths.len())];
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let wanted = Wanted::Text(value.clone());
        match set(&old, &path, &wanted) {
            Ok(new) => {
                let after = tree(&new).unwrap();
                prop_assert_eq!(at(&after, &path).unwrap().scalar().unwrap().text.as_str(), value.as_str());
                prop_assert!(same_but(&before, &after, &path));
                let (gone, added) = differing(&old, &new);
                prop_assert!(gone.len() <= 1 && added.len() <= 1, "{:?} {:?}", gone, added);
                let comment = |line: Option<&&str>| line.and_then(|l| l.split_once(" #")).map(|(_, c)| c.to_owned());
                if !value.contains('#') && gone.len() == 1 {
                    prop_assert_eq!(comment(gone.first()), comment(added.first()));
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("anchor") || path.contains(&"testing"), "{}", error),
        }
    }
}
