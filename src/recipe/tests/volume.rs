//! The data volume: which disk it is. Only what looks at disks is run here, with tools that tell of disks that are not there.

use std::fs;

use super::{Server, building, text};
use crate::recipe::build;

/// Tells of the disks below `$HERE/disks`.
const LSBLK: &str = r#"disks=$HERE/disks; disk=; for word in "$@"; do case $word in /dev/*) disk=$disks/${word#/dev/} ;; esac; done
case "$*" in
'-dnro NAME,TYPE') for one in "$disks"/*; do if [ -e "$one/type" ]; then echo "${one##*/} $(cat "$one/type")"; else echo "${one##*/} disk"; fi; done ;;
'-dnbro SIZE -- '*) cat "$disk/size" ;;
'-dnro MODEL -- '*) cat "$disk/model" ;;
'-nro NAME -- '*) echo "${disk##*/}"; if [ -e "$disk/part" ]; then echo "${disk##*/}p1"; fi ;;
'-dnro MOUNTPOINT -- '*) if [ -e "$disk/mounted" ]; then cat "$disk/mounted"; else echo; fi ;;
*) echo "lsblk $*" >>"$HERE/surprises"; exit 9 ;;
esac"#;

/// Whether a disk has a signature.
const WIPEFS: &str = r#"[ "$1" = -n ] || { echo "wipefs $*" >>"$HERE/surprises"; exit 9; }
if [ -e "$HERE/disks/${3#/dev/}/signature" ]; then echo "0x438 ext4"; fi"#;

/// The same, and which disk has the file system of this UUID.
const BLKID: &str = r#"case "$1" in
-c) for one in "$HERE"/disks/*; do if [ -e "$one/uuid" ] && [ "$(cat "$one/uuid")" = "$4" ]; then echo "/dev/${one##*/}"; exit 0; fi; done; exit 2 ;;
-p) if [ -e "$HERE/disks/${3#/dev/}/signature" ]; then echo TYPE=ext4; exit 0; fi; exit 2 ;;
*) echo "blkid $*" >>"$HERE/surprises"; exit 9 ;;
esac"#;

const GB: u64 = 1 << 30;

struct Disks(Server);

impl Disks {
    fn new() -> Self {
        let server = Server::new();
        server.tool("bin/lsblk", LSBLK);
        server.tool("bin/wipefs", WIPEFS);
        server.tool("bin/blkid", BLKID);
        server.tool("bin/head", ":");
        fs::create_dir_all(server.at("disks")).unwrap();
        let disks = Self(server);
        disks.disk("nvme0n1", 8, &["part"]);
        disks
    }

    /// A disk, and what it has.
    fn disk(&self, name: &str, gb: u64, has: &[&str]) {
        self.told(name, "size", &(gb * GB).to_string());
        self.told(name, "model", "Amazon Elastic Block Store");
        for one in has {
            self.told(name, one, "x");
        }
    }

    fn told(&self, name: &str, what: &str, holds: &str) {
        let disk = self.0.at("disks").join(name);
        fs::create_dir_all(&disk).unwrap();
        fs::write(disk.join(what), format!("{holds}\n")).unwrap();
    }

    /// The disks that are taken for the volume of 100 GB, and whether it is known again.
    fn found(&self) -> (String, bool) {
        let scripts = building::every(&self.0.layout);
        let script = scripts.iter().find(|script| script.contains("# sandbox: build volume")).unwrap();
        let looks = script.find("size() {").unwrap();
        let looked = script.find("wait_for 180 look").unwrap();
        let looking = &script[looks..looked];
        assert!(!looking.contains("mkfs") && !looking.contains("mount --") && !looking.contains("wipefs -a"));
        let told = "set -eu\ngb=100 device=/dev/no-such-disk uuid=1234\n";
        let output = self.0.run(&format!(
            "{told}{looking}\nif look; then echo \"$disk\"; if [ -n \"$is_ours\" ]; then echo ours; fi; else echo none; fi"
        ));
        assert!(output.status.success(), "{}", text(&output.stderr));
        let surprises = fs::read_to_string(self.0.at("surprises")).unwrap_or_default();
        assert_eq!(surprises, "");
        let said = text(&output.stdout);
        (said.lines().filter(|line| *line != "ours").collect::<Vec<_>>().join(" "), said.contains("ours\n"))
    }
}

#[test]
fn the_blank_disk_of_the_size_that_is_wanted_is_the_volume_and_no_other() {
    let disks = Disks::new();
    assert_eq!(disks.found(), ("none".into(), false), "the disk with the system is never taken");
    disks.disk("nvme1n1", 50, &[]);
    assert_eq!(disks.found().0, "none", "one that is too small");
    for (number, has) in ["part", "mounted", "signature"].into_iter().enumerate() {
        disks.disk(&format!("nvme{}n1", number + 2), 100, &[has]);
        assert_eq!(disks.found().0, "none", "one with a {has}");
    }
    disks.disk("nvme5n1", 100, &[]);
    disks.told("nvme5n1", "model", "Amazon EC2 NVMe Instance Storage");
    assert_eq!(disks.found().0, "none", "what is on it would be forgotten when the server stops");
    disks.disk("loop0", 100, &[]);
    disks.told("loop0", "type", "loop");
    disks.disk("zram0", 100, &[]);
    assert_eq!(disks.found().0, "none");
    disks.disk("nvme6n1", 100, &[]);
    assert_eq!(disks.found(), ("/dev/nvme6n1".into(), false));
    disks.disk("nvme7n1", 100, &[]);
    assert_eq!(disks.found().0, "/dev/nvme6n1 /dev/nvme7n1", "both are told, and neither is formatted");
}

#[test]
fn a_disk_that_was_formatted_here_is_known_again_beside_blank_ones() {
    let disks = Disks::new();
    disks.disk("nvme1n1", 100, &[]);
    disks.disk("nvme2n1", 100, &["signature"]);
    disks.told("nvme2n1", "uuid", "1234");
    assert_eq!(disks.found(), ("/dev/nvme2n1".into(), true));
}

#[test]
fn nothing_is_formatted_that_is_not_blank_large_enough_and_the_only_one() {
    let server = Server::new();
    let scripts = building::every(&server.layout);
    let volumes: Vec<_> =
        scripts.iter().filter(|script| script.contains("# sandbox: build volume")).collect();
    assert_eq!(volumes.len(), build::ROLES.len() + 1, "one for each role, and one that is locked");
    for script in volumes {
        let at = |word: &str| script.find(word).unwrap_or_else(|| panic!("{word}: {script}"));
        let formats = at("\"mkfs.$fs_type\"");
        for before in [
            "wait_for 180 look ||",
            "several disks could be",
            "enlarge its volume",
            "if [ -z \"$is_ours\" ]",
            "is_blank \"$disk\" ||",
        ] {
            assert!(at(before) < formats, "{before}");
        }
        assert!(at("must_be_blank; fi") < at("luksFormat"));
        for forced in ["mkfs.xfs -f", "mkfs.btrfs -f", "-q -F", "wipefs -a \"", "wipefs -a --"] {
            assert!(!script.contains(forced), "{forced}");
        }
        assert!(formats < at("UUID=$uuid $mount_at $kind defaults,nofail"));
        assert!(
            !script.contains("sleep") || script.matches("sleep").count() <= 2,
            "waits are those of all parts"
        );
    }
}
