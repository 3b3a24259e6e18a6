//! What commands get and what comes back from them.

use std::time::Duration;

use quarterdeck::remote::{Command, Ended, Input, Outcome, RemoteChange, RemoteRead, ScriptId, Stream};

use crate::sshd::{Result, Sshd, command, expect_line, run, secrets};

#[tokio::test]
async fn output_comes_by_stream_and_the_last_line_needs_no_end() {
    let sshd = Sshd::plain();
    let (ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, "echo one; echo two >&2; printf three").await;
    let mut lines: Vec<_> = done.lines.iter().map(|line| (line.stream, line.text.as_str())).collect();
    lines.sort();
    assert_eq!(lines, [(Stream::Out, "one"), (Stream::Out, "three"), (Stream::Err, "two")]);
    assert!(done.lines.iter().all(|line| line.at <= ssh.now()));
}

#[tokio::test]
async fn a_row_of_the_table_runs_by_its_id() {
    let sshd = Sshd::plain();
    let (ssh, _change, target) = sshd.trusted("i-01");
    let done = Result::of(ssh.probe(&target, ScriptId::System)).await;
    assert_eq!(done.outcome(), &Outcome::Done { code: 0 });
    for key in ["host=", "kernel=", "boot=", "user=", "system="] {
        assert!(done.texts().iter().any(|text| text.starts_with(key)), "{key}: {:?}", done.texts());
    }
}

#[tokio::test]
async fn input_arrives_byte_by_byte_and_stands_on_no_command_line() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let bytes: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let text = "wc -c; ps -eo args | grep -c '[h]unter22'; true";
    let done = Result::of(change.exec(&target, command(text).input(Input::new(bytes)))).await;
    done.assert_done(&["3000000", "0"]);
    let done =
        Result::of(change.exec(&target, command("cat; echo end").input(Input::new(*b"hunter22\n")))).await;
    done.assert_done(&["hunter22", "end"]);
    // Nobody asks: without input there is none.
    run(&change, &target, "cat; echo end").await.assert_done(&["end"]);
}

#[tokio::test]
async fn quotes_and_lines_arrive_as_they_are() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let text = "printf '%s\\n' \"it's\" '$HOME' 'a  b' \\\n 'c\\d' '`x`' é";
    run(&change, &target, text).await.assert_done(&["it's", "$HOME", "a  b", "c\\d", "`x`", "é"]);
}

#[tokio::test]
async fn a_command_that_is_too_long_is_refused_with_the_way_out() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, &"x".repeat(200_000)).await;
    assert!(done.outcome().to_string().contains("give it as input"), "{}", done.outcome());
}

#[tokio::test]
async fn what_a_profile_prints_is_kept_apart() {
    let sshd = Sshd::with(
        "ForceCommand echo garbage; echo more >&2; printf 'no end'; eval \"$SSH_ORIGINAL_COMMAND\"",
    );
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, "echo mine").await;
    done.assert_done(&["mine"]);
    let mut before: Vec<&str> =
        done.ending.before.iter().map(quarterdeck::remote::clean_text::CleanText::as_str).collect();
    before.sort_unstable();
    assert_eq!(before, ["garbage", "more", "no end"]);
}

#[tokio::test]
async fn a_login_banner_is_no_output() {
    let sshd = Sshd::plain();
    std::fs::write(sshd.path("banner"), "Authorised use only\n").unwrap();
    let sshd = Sshd::with(&format!("Banner {}", sshd.path("banner").display()));
    let (_ssh, change, target) = sshd.trusted("i-01");
    for agent in [false, true] {
        Result::of(change.exec(&target, command("echo mine").agent(agent))).await.assert_done(&["mine"]);
    }
}

#[tokio::test]
async fn a_slow_shell_only_takes_longer() {
    let sshd = Sshd::with("ForceCommand sleep 1; eval \"$SSH_ORIGINAL_COMMAND\"");
    let (_ssh, change, target) = sshd.trusted("i-01");
    run(&change, &target, "echo mine").await.assert_done(&["mine"]);
    let job = change.exec(&target, command(&format!("touch {}; sleep 300", sshd.path("ran").display())));
    job.cancel();
    assert!(matches!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes | Ended::Unknown }));
}

#[tokio::test]
async fn children_that_hold_the_pipe_hold_nobody_up() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done =
        tokio::time::timeout(Duration::from_secs(20), run(&change, &target, "sleep 40 & echo $!")).await;
    let done = done.unwrap();
    assert_eq!(done.outcome(), &Outcome::Done { code: 0 });
    // It was asked for in the background and is left there: nobody cancelled it.
    assert!(crate::sshd::runs(done.texts()[0]));
    run(&change, &target, &format!("kill {}", done.texts()[0])).await.assert_done(&[]);
}

#[tokio::test]
async fn a_command_that_closes_its_output_still_has_an_end() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, "echo one; exec >&- 2>&-; sleep 0.3; exit 4").await;
    assert_eq!((done.outcome(), done.texts()), (&Outcome::Done { code: 4 }, vec!["one"]));
}

#[tokio::test]
async fn a_hundred_megabytes_without_an_end_are_one_cut_line() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo next").await;
    assert_eq!(done.outcome(), &Outcome::Done { code: 0 });
    assert_eq!(done.lines.len(), 2);
    let text = &done.lines[0].text;
    assert_eq!(text.cut() + text.as_str().len() as u64 - '…'.len_utf8() as u64, 100_000_000);
    assert_eq!(done.texts()[1], "next");
}

#[tokio::test]
async fn many_lines_all_arrive_in_order() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job = change.exec(&target, command("seq 1 300000").bulk(true));
    let mut next = 1;
    while let Some(lines) = job.lines().await {
        for line in lines.iter().filter(|line| !line.unfinished) {
            assert_eq!(line.text.as_str(), next.to_string());
            next += 1;
        }
    }
    assert_eq!((next, job.ended().await.outcome), (300_001, Outcome::Done { code: 0 }));
}

#[tokio::test]
async fn a_reader_who_does_not_read_can_still_cancel() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job = change.exec(&target, command("yes"));
    expect_line(&mut job, "y").await;
    // Nobody reads for a while: the server waits, and memory does not grow.
    tokio::time::sleep(Duration::from_millis(300)).await;
    job.cancel();
    assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
}

#[tokio::test]
async fn hostile_output_is_clean_and_secrets_are_masked() {
    let sshd = Sshd::plain();
    let mut options = sshd.options();
    options.secrets = secrets(&["hunter22"]);
    let (_ssh, change, target) = sshd.trusted_with("i-01", options);
    let text = r"printf '\033]0;title\007a\033[31mb\033[0m\n'; printf 'pw=hun'; sleep 0.3; printf 'ter22\n'; printf 'x\377y\n'";
    let done = run(&change, &target, text).await;
    done.assert_done(&["ab", "pw=••••", "x\u{fffd}y"]);
    assert_eq!(done.lines[0].text.runs().len(), 1);
}

#[tokio::test]
async fn a_prompt_and_progress_are_seen_before_their_line_ends() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job = change.exec(
        &target,
        command("printf '10%%\\r20%%'; sleep 1; printf '\\r100%%\\n'; printf 'Password: '; sleep 300"),
    );
    let line = expect_line(&mut job, "20%").await;
    assert!(line.unfinished && line.text.as_str() == "20%");
    assert!(!expect_line(&mut job, "100%").await.unfinished);
    assert!(expect_line(&mut job, "Password: ").await.unfinished);
    job.cancel();
    job.ended().await;
}

#[tokio::test]
async fn a_job_knows_nothing_of_the_agent_unless_it_was_asked_for() {
    let sshd = Sshd::plain();
    let socket = sshd.path("agent");
    let agent = std::process::Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).spawn();
    let mut agent = agent.expect("ssh-agent is needed (openssh-client)");
    crate::sshd::eventually("the agent listens", || socket.exists()).await;
    let config = format!("IdentityAgent {}\nForwardAgent yes\n", socket.display());
    std::fs::write(sshd.path("ssh_config"), config).unwrap();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let asks = "ssh-add -l; [ -n \"$SSH_AUTH_SOCK\" ] || echo no agent";
    let without = run(&change, &target, asks).await;
    let with = Result::of(change.exec(&target, command(asks).agent(true))).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(without.texts().contains(&"no agent"), "{:?}", without.texts());
    assert_eq!(with.texts(), ["The agent has no identities."], "{:?}", with.ending);
}

#[tokio::test]
async fn an_agent_job_can_be_cancelled_like_any_other() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job =
        change.exec(&target, Command::new("echo $$; sleep 300", Duration::from_secs(60)).agent(true));
    let pid = expect_line(&mut job, "").await.text.to_string();
    job.cancel();
    assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
    assert!(!crate::sshd::runs(&pid));
}

#[tokio::test]
async fn the_shells_command_line_works_as_it_is_shown() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let shown = format!("{} echo in", change.shell(&target));
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(&shown)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "in", "{shown}: {output:?}");
}
