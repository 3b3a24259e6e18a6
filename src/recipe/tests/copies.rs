//! Scripts that copy databases are read here, and run as far as they do nothing on a machine that is not meant. What they do
//! is shown on hosts of the lab.

use super::*;
use crate::recipe::database::{self, Dump, Load};

const FILE: &str = "/srv/it's/a.dump";

/// Every one of them.
pub(super) fn every(layout: &Layout) -> Vec<String> {
    let dump = Dump {
        to: "/srv/it's",
        name: "a.dump.gpg",
        key: "AB CD",
        most_behind: Some(300),
        tight: false,
        keep: Some(7),
    };
    let load = |disown| Load { file: FILE, incoming: "shop_from_1", disown, tight: false };
    let known = |id: &str| crate::plan::InstanceRef::Known(id.into());
    let relay = database::relay(layout, known("i-1"), known("i-2"), FILE);
    vec![
        relay.told,
        relay.read,
        relay.have,
        relay.write,
        relay.whole,
        database::dump(layout, &dump),
        database::dump(layout, &Dump { key: "", most_behind: None, keep: None, ..dump }),
        database::forget(layout, FILE),
        database::room(layout, "/srv/it's", 12_000, false),
        database::load(layout, &load(false)),
        database::load(layout, &load(true)),
        database::drop(layout, "shop_from_1"),
        database::swap(layout, "shop_before_1", "shop_from_1", false),
        database::swap(layout, "shop_from_1", "shop_before_1", true),
        database::follows(layout),
        database::cut(layout, "shop_before_1", "shop_from_1", false),
        database::site(layout, "shop_from_1"),
        database::purge(layout),
        database::migrate(layout, "10.0.1.5", "shop_from_1"),
        database::hook(layout, "post_reload_production_db", "deployment/hooks/x", "10.0.1.5", "shop_from_1"),
    ]
}

#[test]
fn nothing_is_copied_on_a_machine_that_is_not_the_server_that_is_meant() {
    let server = Server::new();
    for script in every(&server.layout) {
        let guard = script.find("nothing was changed").unwrap();
        for word in ["psql", "pg_dump", "rm -f", "redis-cli", "manage.py"] {
            assert!(script.find(word).is_none_or(|at| at > guard), "the guard comes before {word}: {script}");
        }
        let (head, _) = script.split_once("state=/var/lib/quarterdeck/build").unwrap();
        assert!(server.bad(&format!("{head}echo went on")).contains("nothing was changed"));
    }
}

#[test]
fn a_backup_counts_only_once_it_was_read_to_its_end_and_is_on_the_disk() {
    let server = Server::new();
    let script = every(&server.layout).into_iter().find(|script| script.contains("pg_dump -w")).unwrap();
    let at = |word: &str| script.find(word).unwrap_or_else(|| panic!("{word}: {script}"));
    let order = [
        "pg_dump -w -Fc",
        "sync -- \"$file.part\"",
        "pg_restore -f /dev/null",
        "--encrypt",
        "sha256sum -- \"$whole\"",
        "mv -f -- \"$whole\" \"$file\"",
    ];
    assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{script}");
}

#[test]
fn names_change_in_one_transaction_and_connections_are_let_in_again_whatever_happens() {
    let server = Server::new();
    let script = database::swap(&server.layout, "before", "from", false);
    let (begin, commit) = (script.find("\nbegin;").unwrap(), script.find("\ncommit;").unwrap());
    assert_eq!(script[begin..commit].matches("rename to").count(), 2, "{script}");
    assert!(script.contains("trap allow EXIT"), "{script}");
}

#[test]
fn passwords_of_databases_are_in_no_argument_and_no_mail_goes_out_from_what_is_loaded() {
    let server = Server::new();
    let script = database::migrate(&server.layout, "10.0.1.5", "shop_from_1");
    let uses: Vec<&str> = script.lines().filter(|line| line.contains("database_password")).collect();
    assert!(uses.iter().all(|line| line.contains("printf") || *line == "database_password="), "{uses:?}");
    assert!(script.contains("EMAIL_BACKEND = \"django.core.mail.backends.dummy.EmailBackend\""));
    let at = |word: &str| script.find(word).unwrap();
    assert!(at("EMAIL_BACKEND") < at("manage.py migrate"));
}

/// A script of the relay, where nobody is root and everything lies below the test's directory.
fn below(server: &Server, script: &str, told: &str) -> String {
    let (_, rest) = script.split_once("state=/var/lib/quarterdeck/build\n").unwrap();
    let here = server.directory.path().display();
    format!(
        "set -eu\nfail() {{ echo \"$1\" >&2; exit 1; }}\nchown() {{ :; }}\nstate='{here}/state'\n{told}\n{rest}"
    )
}

#[test]
fn a_file_comes_over_in_pieces_goes_on_where_it_was_left_and_is_compared_in_the_end() {
    let server = Server::new();
    let (here, there) = (server.at("here's.dump"), server.at("there's.dump"));
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&here, &bytes).unwrap();
    server.good("cd \"$HERE\"; sha256sum \"here's.dump\" >\"here's.dump.sha256\"");
    let known = |id: &str| crate::plan::InstanceRef::Known(id.into());
    let of =
        |path: &Path| database::relay(&server.layout, known("i-1"), known("i-2"), path.to_str().unwrap());
    let (from, to) = (of(&here), of(&there));
    let told = server.good(&below(&server, &from.told, ""));
    assert!(told.contains("bytes=400000\n"), "{told}");
    let sha256 = told.lines().find_map(|line| line.strip_prefix("sha256=")).unwrap();
    let piece = |offset: usize, length: usize, apart: &str| {
        let told =
            format!("QUARTERDECK_OFFSET={offset}\nQUARTERDECK_LENGTH={length}\nQUARTERDECK_APART={apart}");
        let text: String = server.good(&below(&server, &from.read, &told)).split_whitespace().collect();
        let piece = crate::remote::host_keys::decode_base64(&text).unwrap();
        assert_eq!(piece, bytes[offset..offset + length]);
        fs::write(server.at("piece"), piece).unwrap();
        let take = below(&server, &to.write, &told);
        server.good(&format!("exec <\"$HERE/piece\"\n{take}"))
    };
    let have = || server.good(&below(&server, &to.have, ""));
    assert_eq!(have(), "bytes=0\n");
    assert_eq!(piece(0, 150_000, "no"), "bytes=150000\n");
    // Twice is once, and with blanks in between it is the same.
    assert_eq!(piece(150_000, 100_000, "no"), "bytes=250000\n");
    assert_eq!(piece(150_000, 100_000, "yes"), "bytes=250000\n");
    assert_eq!(have(), "bytes=250000\n");
    assert_eq!(piece(250_000, 150_000, "no"), "bytes=400000\n");
    let whole = |sha256: &str| {
        below(&server, &to.whole, &format!("QUARTERDECK_SHA256={sha256}\nQUARTERDECK_ABOUT=7"))
    };
    assert!(server.good(&whole(sha256)).contains(sha256));
    assert_eq!(fs::read(&there).unwrap(), bytes);
    assert_eq!(have(), "bytes=400000\n");
    server.good(&below(&server, &to.back, "what=x"));
    assert!(!there.exists() && here.exists());
    // What came is something else: it goes, and says so.
    piece(0, 10, "no");
    assert!(server.bad(&whole(sha256)).contains("another sha256"));
    assert_eq!(have(), "bytes=0\n");
}
