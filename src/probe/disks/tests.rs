use super::*;
use crate::fleet::FailureKind;
use crate::probe::testing::{body, failure, layout};

fn disks(lines: &str, code: u8) -> Vec<Mount> {
    match read(&body(lines, "", code), &layout()) {
        Ok(Fact::Disks(disks)) => disks.mounts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn memory_images_and_containers_are_no_disks() {
    let mounts = disks(include_str!("fixtures/ubuntu.txt"), 0);
    let paths: Vec<_> = mounts.iter().map(|mount| mount.path.as_str()).collect();
    assert_eq!(paths, ["/", "/boot/efi", "/srv/app", "/mnt/my data"]);
    let root = &mounts[0];
    assert_eq!((root.device.as_str(), root.size, root.used), ("/dev/root", 8_065_444_864, 5_123_399_680));
    assert_eq!((root.available, root.inodes_percent, root.read_only), (2_925_268_992, Some(12), false));
    assert_eq!(mounts[1].inodes_percent, None, "vfat counts no inodes");
    assert_eq!(mounts.iter().map(|mount| mount.read_only).collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn the_root_counts_whatever_it_is() {
    let mounts = disks(include_str!("fixtures/lab.txt"), 0);
    assert_eq!(mounts.len(), 1);
    assert_eq!((mounts[0].path.as_str(), mounts[0].device.as_str()), ("/", "lab"));
    assert_eq!(mounts[0].percent(), 61);
}

#[test]
fn one_mount_that_may_not_be_looked_at_hides_no_other() {
    assert_eq!(disks("ext4 100 50 50 1% /dev/sda1 /\n", 1).len(), 1);
    let lines = "ext4 100 50 50 1% /dev/sda1 /\n";
    for errors in [
        "df: /run/user/1000/doc: Operation not permitted",
        "df: /root/mnt: Permission denied",
        "setlocale: no",
    ] {
        assert!(read(&body(lines, errors, 1), &layout()).is_ok(), "{errors}");
    }
}

#[test]
fn a_list_that_is_not_whole_is_no_reading() {
    let lines = "ext4 100 50 50 1% /dev/sda1 /\n";
    let (_, message) = failure(read(&body(lines, "df: /srv: Input/output error", 1), &layout()));
    assert_eq!(message, "df failed with code 1: df: /srv: Input/output error");
    for code in [2, 3, 127, 143] {
        assert!(read(&body(lines, "", code), &layout()).is_err(), "{code}");
    }
}

#[test]
fn a_df_that_cannot_do_it_is_a_failure() {
    let read = read(&body("", "df: unrecognized option: output", 1), &layout());
    let (kind, message) = failure(read);
    assert_eq!(kind, FailureKind::Other);
    assert_eq!(message, "df failed with code 1: df: unrecognized option: output");
}
