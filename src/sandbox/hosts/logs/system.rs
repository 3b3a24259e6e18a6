//! The journal, which is the system's log, too.

use super::{Lines, Source, time};

const MINUTE: i64 = 60_000;

pub(super) fn journal(source: &Source, start: i64) -> Lines {
    let mut lines = Vec::new();
    let host = source.host.hostname();
    let line = |at: i64, program: &str, text: &str| {
        (at, format!("{}+0000 {host} {program}: {text}", time(at, "%Y-%m-%dT%H:%M:%S.%6f")))
    };
    let end = start + 30_000;
    for minute in [start.div_euclid(MINUTE), start.div_euclid(MINUTE) + 1] {
        let at = minute * MINUTE + 1_041;
        if minute % 5 == 0 {
            let pid = 9_000 + source.draw("cron", minute) % 20_000;
            lines.push(line(
                at,
                &format!("CRON[{pid}]"),
                "pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)",
            ));
            lines.push(line(
                at + 6,
                &format!("CRON[{}]", pid + 1),
                "(root) CMD (test -x /usr/sbin/debian-sa1 && debian-sa1 1 1)",
            ));
        }
        if source.draw("journal", minute).is_multiple_of(9) {
            let starting = "Starting sysstat-collect.service - system activity accounting tool...";
            lines.push(line(at + 14_000, "systemd[1]", starting));
            lines.push(line(
                at + 14_090,
                "systemd[1]",
                "Finished sysstat-collect.service - system activity accounting tool.",
            ));
        }
        if source.draw("scan", minute).is_multiple_of(13) {
            let pid = 9_000 + source.draw("scan of", minute) % 20_000;
            lines.push(line(
                at + 31_000,
                &format!("sshd[{pid}]"),
                "Connection closed by 198.51.100.23 port 52344 [preauth]",
            ));
        }
    }
    if let Some(trouble) = source.host.trouble("disk-full") {
        let full = trouble.since + 46 * MINUTE;
        for n in 0..2 {
            let at = source.moment("full", start, 14_000, n) + 15_000 * n;
            if at >= full {
                let program = if n == 0 { "rsyslogd[602]" } else { "systemd-journald[311]" };
                let text = if n == 0 {
                    "file '/var/log/syslog'[9] write error - see https://www.rsyslog.com/solving-rsyslog-write-errors/ for help OS error: No space left on device [v8.2312.0 try https://www.rsyslog.com/e/2027 ]"
                } else {
                    "Failed to write entry to /var/log/journal (23 items, 812 bytes), ignoring: No space left on device"
                };
                lines.push(line(at, program, text));
            }
        }
    }
    for (name, touched) in &source.host.touched {
        let Some((verb, done)) = (!name.starts_with("program ")).then_some(if touched.up {
            ("Starting", "Started")
        } else {
            ("Stopping", "Stopped")
        }) else {
            continue;
        };
        lines.push(line(touched.since - 300, "systemd[1]", &format!("{verb} {name}.service...")));
        lines.push(line(touched.since, "systemd[1]", &format!("{done} {name}.service.")));
    }
    lines.retain(|(at, _)| (start..end).contains(at));
    lines
}
