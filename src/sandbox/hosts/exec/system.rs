//! Commands that tell about the machine.

use std::fmt::Write;

use super::{Scene, Steps, out};
use crate::sandbox::clock::timestamp;
use crate::sandbox::hosts::truth::{self, disk, services};
use crate::sandbox::places::DEPLOYMENT;
use crate::sandbox::waves::whole;

pub(super) fn date(scene: &Scene<'_>, _: &[String]) -> Steps {
    out(timestamp(scene.view.now).strftime("%a %b %e %H:%M:%S UTC %Y\n").to_string())
}

pub(super) fn hostname(scene: &Scene<'_>, arguments: &[String]) -> Steps {
    out(match arguments.first().map(String::as_str) {
        Some("-f") => format!("{}.ec2.internal\n", scene.host.hostname()),
        Some("-I") => format!("{} \n", scene.host.address()),
        _ => format!("{}\n", scene.host.hostname()),
    })
}

pub(super) fn whoami(scene: &Scene<'_>, _: &[String]) -> Steps {
    out(format!("{}\n", scene.user))
}

pub(super) fn uptime(scene: &Scene<'_>, _: &[String]) -> rusqlite::Result<Steps> {
    let [one, five, fifteen] = truth::load(&scene.view, scene.host)?;
    let minutes = (scene.view.now - scene.host.booted_at()).max(0) / 60_000;
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    let up = match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours:2}:{:02}", minutes % 60),
        (1, _) => format!("1 day, {hours:2}:{:02}", minutes % 60),
        _ => format!("{days} days, {hours:2}:{:02}", minutes % 60),
    };
    let time = timestamp(scene.view.now).strftime("%H:%M:%S").to_string();
    Ok(out(format!(" {time} up {up},  0 users,  load average: {one:.2}, {five:.2}, {fifteen:.2}\n")))
}

pub(super) fn df(scene: &Scene<'_>, arguments: &[String]) -> Steps {
    let human = arguments.iter().any(|word| word.starts_with('-') && word.contains('h'));
    let amount = |bytes: u64| if human { readable(bytes) } else { (bytes / 1_024).to_string() };
    let title = if human { ["Size", "Avail", "Use%"] } else { ["1K-blocks", "Available", "Use%"] };
    let mut text = format!(
        "{:<15} {:>10} {:>10} {:>10} {} Mounted on\n",
        "Filesystem", title[0], "Used", title[1], title[2]
    );
    for mount in disk::mounts(&scene.view, scene.host) {
        let _ = writeln!(
            text,
            "{:<15} {:>10} {:>10} {:>10} {:>3}% {}",
            mount.device,
            amount(mount.size),
            amount(mount.used),
            amount(mount.available),
            mount.percent(),
            mount.path
        );
    }
    out(text)
}

/// `9.6G`, rounded up as `df` does.
fn readable(bytes: u64) -> String {
    let (mut tenths, mut unit) = (bytes * 10, 0);
    while tenths >= 10_240 && unit < 4 {
        tenths = tenths.div_ceil(1_024);
        unit += 1;
    }
    let sign = ["", "K", "M", "G", "T"][unit];
    if unit > 0 && tenths < 100 {
        format!("{}.{}{sign}", tenths / 10, tenths % 10)
    } else {
        format!("{}{sign}", tenths.div_ceil(10))
    }
}

pub(super) fn free(scene: &Scene<'_>, arguments: &[String]) -> Steps {
    let megabytes = arguments.iter().any(|word| word == "-m");
    let size = truth::size(scene.host);
    let share = truth::memory_share(&scene.view, scene.host);
    let amount = |kilobytes: f64| whole(if megabytes { kilobytes / 1_024.0 } else { kilobytes });
    let (used, shared) = (size.memory * share, size.memory * 0.012);
    let free = (size.memory - used) * 0.3;
    out(format!(
        "               total        used        free      shared  buff/cache   available\n\
         Mem:    {:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\nSwap:   {:>12}{:>12}{:>12}\n",
        amount(size.memory),
        amount(used),
        amount(free),
        amount(shared),
        amount(size.memory - used - free),
        amount(size.memory - used),
        0,
        0,
        0
    ))
}

pub(super) fn ps(scene: &Scene<'_>, _: &[String]) -> Steps {
    let (view, host) = (&scene.view, scene.host);
    let mut rows = vec![(1, "root", host.booted_at(), "/sbin/init".to_owned())];
    for unit in services::units(view, host).into_iter().filter(|unit| unit.up && unit.name != "postgresql") {
        let (user, line) = match unit.name {
            "nginx" => ("root", "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;"),
            "supervisor" => {
                ("root", "/usr/bin/python3 /usr/bin/supervisord -n -c /etc/supervisor/supervisord.conf")
            }
            "redis-server" => ("redis", "/usr/bin/redis-server 0.0.0.0:6379"),
            "rabbitmq-server" => {
                ("rabbitmq", "/usr/lib/erlang/erts-13.2.2.5/bin/beam.smp -W w -MBas ageffcbf")
            }
            "memcached" => ("memcache", "/usr/bin/memcached -m 256 -p 11211 -u memcache -l 0.0.0.0"),
            "postgresql@15-main" => {
                ("postgres", "/usr/lib/postgresql/15/bin/postgres -D /mnt/secure/postgresql/15/main")
            }
            "chrony" => ("_chrony", "/usr/sbin/chronyd -F 1"),
            _ => ("root", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"),
        };
        rows.push((unit.pid, user, unit.since, line.to_owned()));
    }
    for program in services::programs(view, host).into_iter().flatten() {
        let services::State::Running { pid } = program.state else { continue };
        rows.push((pid, DEPLOYMENT, program.since, truth::services::command_line(host, &program.name)));
    }
    rows.sort();
    let mut text = format!("{:<10} {:>7} {:<8} COMMAND\n", "USER", "PID", "START");
    for (pid, user, since, line) in rows {
        let start = timestamp(since);
        let today = view.now - since < 86_400_000;
        let start = start.strftime(if today { "%H:%M" } else { "%b%d" });
        let _ = writeln!(text, "{user:<10} {pid:>7} {start:<8} {line}");
    }
    out(text)
}

/// What is large below the root, when that is full; else as it usually is.
pub(super) fn du(scene: &Scene<'_>, _: &[String]) -> Steps {
    let root = disk::mounts(&scene.view, scene.host).into_iter().find(|mount| mount.path == "/");
    let used = root.map_or(0, |mount| mount.used);
    let journal = match scene.host.trouble("disk-full") {
        Some(trouble) => {
            whole(crate::sandbox::waves::fraction(used.cast_signed(), 1) * (1.0 - trouble.amount))
        }
        None => 312 << 20,
    };
    let rest = used.saturating_sub(journal);
    let rows = [
        (journal, "/var/log/journal"),
        (journal + (180 << 20), "/var/log"),
        (journal + (420 << 20), "/var"),
        (rest / 3, "/home"),
        (rest / 2, "/usr"),
        (used, "/"),
    ];
    out(rows.map(|(bytes, path)| format!("{}\t{path}\n", readable(bytes))).concat())
}

/// Whom the clock follows, and how far it is off.
pub(super) fn chronyc(scene: &Scene<'_>, _: &[String]) -> Steps {
    let off = scene.host.trouble("clock-off").map_or(0.000_012, |trouble| trouble.amount / 1_000.0);
    let (name, status) = if off > 0.1 {
        ("7F7F0101 ()", "Not synchronised")
    } else {
        ("A9FEA97B (169.254.169.123)", "Normal")
    };
    out(format!(
        "Reference ID    : {name}\nStratum         : 4\nSystem time     : {off:.9} seconds fast of NTP time\n\
         Leap status     : {status}\n"
    ))
}
