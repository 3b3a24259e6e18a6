//! Volumes that are locked with a passphrase: made, opened after a boot, and never formatted twice. The tools pretend: a disk
//! is a file that says what it is, and what was locked opens with the passphrase that locked it.

use std::fs;

use super::{Server, building, text};
use crate::fleet::Role;
use crate::recipe::build;

/// A disk of 100 GB, a mapping once it is open, and a list of what is mounted.
const TOOLS: [(&str, &str); 12] = [
    (
        "lsblk",
        r#"case "$*" in
'-dnbro SIZE -- '*) echo 107374182400 ;;
'-nro NAME -- '*) echo one ;;
'-dnro MOUNTPOINT -- '*) echo ;;
'-nrpo NAME,FSTYPE') if [ -e "$HERE/luks" ]; then echo "$HERE/dev/disk crypto_LUKS"; else echo "$HERE/dev/disk "; fi ;;
*) echo "lsblk $*" >>"$HERE/surprises"; exit 9 ;;
esac"#,
    ),
    ("wipefs", ":"),
    (
        "blkid",
        r#"case "$1" in
-c) if [ "$(cat "$HERE/luks" 2>/dev/null)" = "$4" ]; then echo "$HERE/dev/disk"; else exit 2; fi ;;
-p) case "$*" in *mapper*) if [ -e "$HERE/fs" ]; then echo ext4; else exit 2; fi ;; *) if [ -e "$HERE/luks" ]; then echo crypto_LUKS; else exit 2; fi ;; esac ;;
esac"#,
    ),
    (
        "cryptsetup",
        r#"echo "cryptsetup $*" >>"$HERE/log"
case "$*" in
*luksFormat*) [ ! -e "$HERE/breaks" ] || { rm "$HERE/breaks"; echo half >"$HERE/luks"; exit 1; }
cat >"$HERE/key"; while [ "$1" != --uuid ]; do shift; done; echo "$2" >"$HERE/luks"; rm -f "$HERE/fs" ;;
*--test-passphrase*) [ "$(cat)" = "$(cat "$HERE/key")" ] ;;
open*) [ "$(cat)" = "$(cat "$HERE/key")" ] || { echo 'No key available with this passphrase.' >&2; exit 2; }
for mapper in "$@"; do :; done; : >"$HERE/mapper/$mapper" ;;
close*) rm -f "$HERE/mapper/$2" ;;
esac"#,
    ),
    ("mkfs.ext4", r#"echo "mkfs.ext4 $*" >>"$HERE/log"; [ ! -e "$HERE/fs" ]; : >"$HERE/fs""#),
    ("udevadm", ":"),
    (
        "findmnt",
        r#"case "$*" in *-S*) grep -q mapper "$HERE/mounted" 2>/dev/null && echo there; exit 0 ;; esac
for place in "$@"; do :; done
case "$*" in *SOURCE*) echo "$HERE/mapper/quarterdeck-data" ;; esac
grep -qxF "$place" "$HERE/mounted" 2>/dev/null"#,
    ),
    (
        "mount",
        r#"echo "mount $*" >>"$HERE/log"; for place in "$@"; do :; done; echo "$place" >>"$HERE/mounted""#,
    ),
    (
        "systemctl",
        r#"case "$1" in
is-active) [ -e "$HERE/active/$3" ] ;;
is-enabled) if [ -e "$HERE/masked/$2" ]; then echo masked; else echo enabled; fi ;;
start) echo "start $2" >>"$HERE/log"; mkdir -p "$HERE/active"; : >"$HERE/active/$2" ;;
stop) echo "stop $2" >>"$HERE/log"; rm -f "$HERE/active/$2" ;;
esac"#,
    ),
    ("pg_lsclusters", "echo '16 main 5432 online postgres /var/lib/postgresql/16/main -'"),
    ("head", r#"case $1 in -c) ;; *) exec /usr/bin/head "$@" ;; esac"#),
    ("swapon", ":"),
];

struct Locked(Server);

impl Locked {
    fn new() -> Self {
        let server = Server::new();
        for (tool, body) in TOOLS {
            server.tool(&format!("bin/{tool}"), body);
        }
        for place in ["dev", "mapper", "etc", "state"] {
            fs::create_dir_all(server.at(place)).unwrap();
        }
        fs::write(server.at("dev/disk"), "").unwrap();
        fs::write(server.at("etc/fstab"), "").unwrap();
        Self(server)
    }

    /// Runs a script as it is after the guard, below the directory; what it said, and whether it ended well.
    fn run(&self, script: &str, passphrase: &str) -> (String, bool) {
        let here = self.0.directory.path().display().to_string();
        let body = building::unguarded(script, &here)
            .replace("/dev/mapper/", &format!("{here}/mapper/"))
            .replace("/etc/fstab", &format!("{here}/etc/fstab"))
            .replace("/mount-deferred.sh", &format!("{here}/mount-deferred.sh"))
            .replace("[ -b ", "[ -e ")
            .replace("[ ! -b ", "[ ! -e ")
            // Packages are another part's business.
            .replace("need cryptsetup-bin\n", "");
        let output = self.0.run(&format!("luks_passphrase='{passphrase}'\n{body}"));
        (text(&output.stdout) + &text(&output.stderr), output.status.success())
    }

    fn made(&self, passphrase: &str) -> (String, bool) {
        let script = building::locked_volume(&self.0.layout)
            .replace("device='/dev/sdf'", &format!("device='{}'", self.0.at("dev/disk").display()))
            .replace("directories='", "directories=''; ignored='")
            .replace("mount_at='/srv/app'", &format!("mount_at='{}'", self.0.at("app").display()));
        self.run(&script, passphrase)
    }

    fn opened(&self, role: &Role, passphrase: &str) -> (String, bool) {
        self.run(&build::unlock(role).script, passphrase)
    }

    /// The server boots: nothing is open, mounted or runs.
    fn boots(&self) {
        for place in ["mounted", "active", "log"] {
            let path = self.0.at(place);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
        for open in fs::read_dir(self.0.at("mapper")).unwrap() {
            fs::remove_file(open.unwrap().path()).unwrap();
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.0.at("log")).unwrap_or_default()
    }

    fn locked_times(&self) -> usize {
        self.log().matches("luksFormat").count()
    }
}

#[test]
fn a_blank_disk_is_locked_once_and_the_passphrase_is_in_no_argument_file_or_line() {
    let disk = Locked::new();
    let (said, well) = disk.made("correct horse");
    assert!(well && said.contains("locking ") && said.contains("done: "), "{said}");
    assert_eq!(
        fs::read_to_string(disk.0.at("key")).unwrap(),
        "correct horse",
        "as one that is typed: no line's end"
    );
    assert!(!disk.log().contains("correct") && !said.contains("correct"), "{}", disk.log());
    let fstab = fs::read_to_string(disk.0.at("etc/fstab")).unwrap();
    assert!(
        fstab.contains("/mapper/quarterdeck-data ") && fstab.contains("noauto,nofail"),
        "no boot waits for it: {fstab}"
    );
    let (said, well) = disk.made("correct horse");
    assert!(well && said.contains("already so: "), "{said}");
    let (said, well) = disk.made("another one");
    assert!(!well && said.contains("is not its passphrase"), "{said}");
    disk.boots();
    let (said, well) = disk.made("correct horse");
    assert!(well && said.contains("opened ") && disk.locked_times() == 0, "{said}");
}

#[test]
fn one_that_was_cut_off_before_it_was_whole_is_locked_anew_and_a_whole_one_never() {
    let disk = Locked::new();
    fs::write(disk.0.at("breaks"), "").unwrap();
    let (said, well) = disk.made("first try");
    assert!(!well && said.contains("cryptsetup did not lock"), "{said}");
    // Half of a header has no name yet; nothing is behind it.
    fs::remove_file(disk.0.at("luks")).unwrap();
    let (said, well) = disk.made("second try");
    assert!(well && disk.locked_times() == 2, "{said}");
    disk.boots();
    let (said, well) = disk.made("first try");
    assert!(!well && said.contains("the passphrase does not open") && disk.locked_times() == 0, "{said}");
}

#[test]
fn without_a_passphrase_nothing_is_formatted() {
    let disk = Locked::new();
    let (said, well) = disk.made("");
    assert!(
        !well && said.contains("it is asked for. Nothing was formatted") && disk.log().is_empty(),
        "{said}"
    );
}

#[test]
fn r10_after_a_boot_the_volume_is_opened_and_mounted_before_what_needs_it_starts() {
    let disk = Locked::new();
    assert!(disk.made("correct horse").1);
    disk.boots();
    let (said, well) = disk.opened(&Role::DbPrimary, "wrong");
    assert!(!well && said.contains("the passphrase does not open"), "{said}");
    let (said, well) = disk.opened(&Role::DbPrimary, "correct horse");
    assert!(well && said.contains("done: "), "{said}");
    let log = disk.log();
    let at = |word: &str| log.find(word).unwrap_or_else(|| panic!("{word}: {log}"));
    assert!(at("cryptsetup open") < at("mount ") && at("mount ") < at("start postgresql@16-main"), "{log}");
    assert!(!log.contains("correct"), "{log}");
    let (said, well) = disk.opened(&Role::DbPrimary, "");
    assert!(well && said.contains("already so: "), "what is open asks for nothing: {said}");
}

#[test]
fn r11_a_database_that_was_fenced_stays_so_and_what_started_without_its_data_starts_anew() {
    let disk = Locked::new();
    assert!(disk.made("correct horse").1);
    disk.boots();
    for place in ["masked/postgresql", "masked/postgresql@16-main"] {
        fs::create_dir_all(disk.0.at("masked")).unwrap();
        fs::write(disk.0.at(place), "").unwrap();
    }
    let (said, well) = disk.opened(&Role::DbPrimary, "correct horse");
    assert!(
        well && said.contains("masked, and left alone") && !disk.log().contains("start postgresql"),
        "{said}"
    );
    disk.boots();
    fs::create_dir_all(disk.0.at("active")).unwrap();
    fs::write(disk.0.at("active/redis-server"), "").unwrap();
    let (said, well) = disk.opened(&Role::Cache, "correct horse");
    let log = disk.log();
    assert!(
        well && log.find("stop redis-server").unwrap() < log.find("cryptsetup open").unwrap(),
        "{said}{log}"
    );
    assert!(log.contains("start redis-server") && log.contains("start rabbitmq-server"), "{log}");
}

#[test]
fn a_volume_that_fabulaws_has_locked_is_opened_by_its_name_and_mounted_by_its_list() {
    let disk = Locked::new();
    fs::write(disk.0.at("luks"), "theirs").unwrap();
    fs::write(disk.0.at("key"), "old").unwrap();
    let (said, well) = disk.opened(&Role::Worker, "old");
    assert!(!well && said.contains("open and mount it by hand"), "{said}");
    let mapper = disk.0.at("mapper/crypt-sdf").display().to_string();
    fs::write(disk.0.at("mount-deferred.sh"), format!("#!/bin/sh\nmount {mapper} /secure\n")).unwrap();
    let script = build::unlock(&Role::Worker).script.replace("#^[^\\#]*/dev/mapper/", "#^[^\\#]*/mapper/");
    let (said, well) = disk.run(&script, "old");
    let log = disk.log();
    assert!(
        well && log.contains("open --type luks --key-file - ") && log.contains("crypt-sdf"),
        "{said}{log}"
    );
    assert!(log.contains("mount ") && log.contains("start supervisor"), "{log}");
    let server = Locked::new();
    let (said, well) = server.opened(&Role::Worker, "");
    assert!(well && said.contains("no disk of this server is locked"), "{said}");
}
