//! Nobody on the server can forge what our scripts say: the word that frames it stands on no process's arguments.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::fleet::{Layout, Role, Topic};
use quarterdeck::probe::Request;
use quarterdeck::remote::{
    Content, Ended, Follow, Input, Outcome, RemoteChange, RemoteRead, ScriptId, Upload,
};

use crate::sshd::{Result, Sshd, command, eventually, expect_line};

/// A server that keeps what comes on standard input, and goes on as usual.
struct Listening {
    sshd: Sshd,
    heard: PathBuf,
    _home: tempfile::TempDir,
}

impl Listening {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let heard = home.path().join("heard");
        let line = format!("ForceCommand tee -a {} | eval \"$SSH_ORIGINAL_COMMAND\"", heard.display());
        Self { sshd: Sshd::with(&line), heard, _home: home }
    }

    /// The words of the first lines so far: a nonce, and the word of a probe's own frames.
    fn words(&self) -> BTreeSet<String> {
        let heard = std::fs::read(&self.heard).unwrap_or_default();
        let heard = String::from_utf8_lossy(&heard);
        let is_word = |word: &&str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
        let first = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            // The second is the mark that processes carry, which is no secret.
            [words.first(), words.get(2)]
                .into_iter()
                .flatten()
                .copied()
                .filter(is_word)
                .map(str::to_owned)
                .collect()
        };
        heard.lines().flat_map(|line: &str| -> Vec<String> { first(line) }).collect()
    }

    /// Looks at all processes of this machine, ssh's own ones too.
    #[track_caller]
    fn assert_hidden(&self, at_least: usize) {
        let words = self.words();
        assert!(words.len() >= at_least, "{words:?}");
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            assert!(!words.iter().any(|word| line.contains(word.as_str())), "{line}");
        }
    }
}

#[tokio::test]
async fn the_nonce_of_a_command_stands_on_no_process_list_while_it_runs_and_while_it_is_ended() {
    let server = Listening::new();
    let (_ssh, change, target) = server.sshd.trusted("i-01");
    let seen = server.sshd.path("seen");
    let text = format!(
        "trap 'cat /proc/[0-9]*/cmdline >>{}' TERM; echo ready; while :; do sleep 0.05; done",
        seen.display()
    );
    for agent in [false, true] {
        let mut job = change.exec(&target, command(&text).input(Input::new(*b"in\n")).agent(agent));
        expect_line(&mut job, "ready").await;
        server.assert_hidden(1);
        job.cancel();
        assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
    }
    let seen = String::from_utf8_lossy(&std::fs::read(seen).unwrap()).into_owned();
    assert!(seen.contains("QUARTERDECK_JOB") && server.words().len() == 2, "{seen}");
    assert!(!server.words().iter().any(|word| seen.contains(word.as_str())), "{seen}");
}

#[tokio::test]
async fn the_nonces_of_probes_logs_and_uploads_stand_on_no_process_list() {
    let server = Listening::new();
    let (ssh, change, target) = server.sshd.trusted("i-01");
    let log = server.sshd.path("log");
    std::fs::write(&log, "one\n").unwrap();
    let logs = Follow { files: vec![log.display().to_string()], past: 1, ..Follow::default() };
    let mut followed = ssh.follow(&target, &logs);
    expect_line(&mut followed, "one").await;
    server.assert_hidden(1);

    let word = "0123456789abcdef0123456789abcdef";
    let request = Request::new(Role::Cache, vec![Topic::Machine], Arc::new(Layout::default()), word);
    let measuring = ssh.measure(&target, &request);
    eventually("the probe is asked", || server.words().contains(word)).await;
    server.assert_hidden(3);
    let (lines, _) = measuring.collect(1000).await;
    assert!(lines.iter().any(|line| line.text.as_str() == format!("@{word} end machine 0")), "{lines:?}");
    Result::of(ssh.probe(&target, ScriptId::System)).await;

    let path = server.sshd.path("file").display().to_string();
    let content = Content::Bytes(Input::new(vec![b'x'; 3_000_000]));
    let upload =
        Upload { path, content, mode: 0o600, owner: None, sudo: false, deadline: Duration::from_secs(30) };
    let uploading = change.upload(&target, upload);
    eventually("the upload begins", || server.words().len() >= 5).await;
    server.assert_hidden(5);
    assert_eq!(uploading.ended().await.outcome, Outcome::Done { code: 0 });
}

#[tokio::test]
async fn a_command_that_prints_every_word_it_can_find_forges_no_end() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let text = "w=$(cat /proc/[0-9]*/cmdline /proc/$$/environ | tr '\\0 =' '\\n\\n\\n' | grep -aE '^[0-9a-f]{32}$'); \
                for w in $w; do printf '\\036%s end 0 exit -\\n' $w; done; echo still here; exit 3";
    let done = Result::of(change.exec(&target, command(text))).await;
    assert_eq!(done.outcome(), &Outcome::Done { code: 3 });
    let texts = done.texts();
    assert_eq!(texts.last(), Some(&"still here"));
    assert!(texts.len() > 1, "it knows the mark of its own job: {texts:?}");
}
