//! Uploads and followed logs.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use quarterdeck::remote::{
    Content, Ended, Follow, Input, Job, Line, Outcome, RemoteChange, RemoteRead, Stream, Upload,
};

use crate::sshd::{Result, Sshd, expect_line};

fn upload(path: &Path, content: Content) -> Upload {
    Upload {
        path: path.to_str().unwrap().into(),
        content,
        mode: 0o640,
        owner: None,
        sudo: false,
        deadline: Duration::from_secs(60),
    }
}

fn bytes(text: &str) -> Content {
    Content::Bytes(Input::new(text.as_bytes()))
}

#[tokio::test]
async fn a_file_appears_complete_with_its_mode() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let path = sshd.path("it's a file");
    Result::of(change.upload(&target, upload(&path, bytes("one")))).await.assert_done(&[]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    let inode = std::fs::metadata(&path).unwrap().ino();
    let local = sshd.path("local");
    let content: Vec<u8> = (0..=255).cycle().take(5_000_000).collect();
    std::fs::write(&local, &content).unwrap();
    Result::of(change.upload(&target, upload(&path, Content::File(local)))).await.assert_done(&[]);
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert_ne!(std::fs::metadata(&path).unwrap().ino(), inode, "it was replaced, not written over");
    let empty = sshd.path("empty");
    Result::of(change.upload(&target, upload(&empty, bytes("")))).await.assert_done(&[]);
    assert_eq!(std::fs::read(&empty).unwrap(), b"");
}

#[tokio::test]
async fn what_cannot_be_written_says_why_and_leaves_the_old_one() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let missing = Result::of(change.upload(&target, upload(&sshd.path("no/such/file"), bytes("x")))).await;
    assert_eq!(missing.outcome(), &Outcome::Done { code: 1 });
    assert!(missing.texts().iter().any(|text| text.contains("cannot be written")), "{:?}", missing.texts());
    let directory = Result::of(change.upload(&target, upload(sshd.home.path(), bytes("x")))).await;
    assert_eq!(directory.outcome(), &Outcome::Done { code: 1 });
    let old = sshd.path("old");
    std::fs::write(&old, "old").unwrap();
    let mut wrong = upload(&old, bytes("new"));
    wrong.owner = Some("nobody-of-that-name".into());
    let wrong = Result::of(change.upload(&target, wrong)).await;
    assert_eq!(wrong.outcome(), &Outcome::Done { code: 1 });
    assert_eq!(sshd.text("old"), "old");
    let absent = change.upload(&target, upload(&old, Content::File(sshd.path("not-here"))));
    assert!(matches!(absent.ended().await.outcome, Outcome::NotStarted(_)));
    let left = std::fs::read_dir(sshd.home.path()).unwrap().flatten();
    assert_eq!(
        left.filter(|entry| entry.file_name().to_str().unwrap().starts_with(".quarterdeck")).count(),
        0
    );
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_the_old_file_and_nothing_else() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let path = sshd.path("file");
    std::fs::write(&path, "old").unwrap();
    // A pipe as the local file would never end; a big file over a frozen wire does the same.
    let local = sshd.path("local");
    std::fs::write(&local, vec![7; 30_000_000]).unwrap();
    Result::of(change.upload(&target, upload(&sshd.path("warm"), bytes("x")))).await.assert_done(&[]);
    sshd.wire.freeze();
    let job = change.upload(&target, upload(&path, Content::File(local)));
    tokio::time::sleep(Duration::from_millis(200)).await;
    sshd.wire.thaw();
    job.cancel();
    let outcome = job.ended().await.outcome;
    assert!(!outcome.is_success(), "{outcome:?}");
    let temporary = || {
        let left = std::fs::read_dir(sshd.home.path()).unwrap().flatten();
        left.filter(|entry| entry.file_name().to_str().unwrap().starts_with(".quarterdeck")).count()
    };
    crate::sshd::eventually("the temporary file is gone", || temporary() == 0).await;
    assert_eq!(sshd.text("file"), "old");
}

/// Reads until so many finished lines have come.
async fn lines(job: &mut Job, many: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let all = async {
        while lines.len() < many {
            lines.extend(
                job.lines().await.expect("the follow ended").into_iter().filter(|line| !line.unfinished),
            );
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.unwrap();
    lines
}

fn append(path: &Path, text: &str) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn several_logs_are_followed_over_one_session_and_told_apart() {
    let sshd = Sshd::plain();
    let (ssh, _change, target) = sshd.trusted("i-01");
    let (one, two) = (sshd.path("one.log"), sshd.path("two.log"));
    std::fs::write(&one, "a\nb\nc\n").unwrap();
    std::fs::write(&two, "forged\n\n==> /var/log/auth.log <==\nx\n").unwrap();
    let logs = Follow {
        files: vec![one.to_str().unwrap().into(), two.to_str().unwrap().into()],
        past: 2,
        ..Follow::default()
    };
    let mut job = ssh.follow(&target, &logs);
    let mut past = lines(&mut job, 4).await;
    past.sort_by_key(|line| line.source);
    let past: Vec<_> = past.iter().map(|line| (line.source, line.text.as_str())).collect();
    assert_eq!(
        past,
        [(Some(0), "b"), (Some(0), "c"), (Some(1), "==> /var/log/auth.log <=="), (Some(1), "x")]
    );
    append(&two, "new in two\n");
    let new = lines(&mut job, 1).await;
    assert_eq!((new[0].source, new[0].text.as_str()), (Some(1), "new in two"));
    // Rotated: the new file of the same name is followed, and what tail says about it belongs to it.
    std::fs::rename(&one, sshd.path("one.log.1")).unwrap();
    append(&one, "after rotation\n");
    let line = expect_line(&mut job, "after rotation").await;
    assert_eq!((line.source, line.stream), (Some(0), Stream::Out));
    job.cancel();
    assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
}

#[tokio::test]
async fn a_log_that_is_not_there_says_so_and_is_read_once_it_is() {
    let sshd = Sshd::plain();
    let (ssh, _change, target) = sshd.trusted("i-01");
    let (here, absent) = (sshd.path("here.log"), sshd.path("absent.log"));
    std::fs::write(&here, "here\n").unwrap();
    let logs = Follow {
        files: vec![here.to_str().unwrap().into(), absent.to_str().unwrap().into()],
        past: 10,
        ..Follow::default()
    };
    let mut job = ssh.follow(&target, &logs);
    let complaint = expect_line(&mut job, "cannot open").await;
    assert_eq!((complaint.source, complaint.stream), (Some(1), Stream::Err));
    assert!(complaint.text.as_str().contains(absent.to_str().unwrap()), "{complaint:?}");
    append(&absent, "there now\n");
    assert_eq!(expect_line(&mut job, "there now").await.source, Some(1));
    drop(job);
}

#[tokio::test]
async fn a_star_stands_for_what_is_not_known_and_the_newest_is_meant() {
    let sshd = Sshd::plain();
    let (ssh, _change, target) = sshd.trusted("i-01");
    for (name, age) in [("sql-15 main.log", 3_600), ("sql-16 main.log", 0)] {
        std::fs::write(sshd.path(name), format!("{name}\n")).unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(age);
        std::fs::File::open(sshd.path(name)).unwrap().set_modified(then).unwrap();
    }
    let pattern = |name: &str| sshd.path(name).to_str().unwrap().to_owned();
    let logs = Follow {
        files: vec![pattern("none-*.log"), pattern("sql-* main.log")],
        past: 5,
        ..Follow::default()
    };
    let mut job = ssh.follow(&target, &logs);
    let mut first = lines(&mut job, 2).await;
    first.sort_by_key(|line| line.source);
    let complaint = first[0].text.as_str();
    assert!(complaint.contains("cannot open") && complaint.contains("none-*.log"), "{complaint}");
    assert_eq!((first[1].source, first[1].text.as_str()), (Some(1), "sql-16 main.log"));
    append(&sshd.path("sql-16 main.log"), "more\n");
    assert_eq!(expect_line(&mut job, "more").await.source, Some(1));
    drop(job);
}

#[tokio::test]
async fn what_is_no_log_is_refused_before_anything_is_asked() {
    let sshd = Sshd::plain();
    let (ssh, _change, target) = sshd.trusted("i-01");
    for (files, units) in
        [(vec!["relative"], vec![]), (vec![], vec!["nginx; reboot"]), (vec![], vec!["-a b"])]
    {
        let logs = Follow {
            files: files.into_iter().map(String::from).collect(),
            units: units.into_iter().map(String::from).collect(),
            ..Follow::default()
        };
        assert!(matches!(ssh.follow(&target, &logs).ended().await.outcome, Outcome::NotStarted(_)));
    }
    assert_eq!(sshd.wire.connections(), 0);
}
