//! The keys of `quarterdeck.toml`: one row says what a key does, how it is read and how it is written.

use toml::de::DeValue;

use super::preference_values::{
    command, duration, falling, file, flag, name, names, notify, numbers, pair, path_text, put, quoted,
    seconds, user,
};
use super::preferences::Preferences;

type Set = fn(&mut Preferences, &DeValue<'_>) -> Result<(), String>;
type Get = fn(&Preferences) -> String;

/// One key: where it stands, what it does, and how its value gets in and out of the preferences.
pub(super) struct Key {
    /// Its table, or nothing for the top.
    pub table: &'static str,
    /// Its name in the table.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Takes a value, or says what is wanted.
    pub set: Set,
    /// Its value as it is written in the file.
    pub get: Get,
}

const fn key(table: &'static str, name: &'static str, about: &'static str, set: Set, get: Get) -> Key {
    Key { table, name, about, set, get }
}

/// Every key, table by table.
pub(super) const KEYS: &[Key] = &[
    key(
        "",
        "keymap",
        "Name of the keymap; `quarterdeck keys` lists them.",
        |p, v| put(&mut p.keymap, name(v)),
        |p| quoted(&p.keymap),
    ),
    key(
        "",
        "theme",
        "Name of the theme; `quarterdeck themes` lists them.",
        |p, v| put(&mut p.theme, name(v)),
        |p| quoted(&p.theme),
    ),
    key(
        "",
        "ascii",
        "Plain ASCII instead of glyphs.",
        |p, v| put(&mut p.ascii, flag(v)),
        |p| p.ascii.to_string(),
    ),
    key(
        "",
        "mouse",
        "Whether the mouse is used.",
        |p, v| put(&mut p.mouse, flag(v)),
        |p| p.mouse.to_string(),
    ),
    key(
        "",
        "notify",
        "How the terminal tells of a run that ended or needs an answer: \"bell\", \"osc\" or \"none\".",
        |p, v| put(&mut p.notify, notify(v)),
        |p| quoted(p.notify.word()),
    ),
    key(
        "",
        "hook",
        "A command for sh that is run then, with QUARTERDECK_RUN, _STATE, _ENVIRONMENT, _OPERATION and _MESSAGE set.",
        |p, v| put(&mut p.hook, command(v)),
        |p| quoted(&p.hook),
    ),
    key(
        "",
        "read_only_environments",
        "Environments nothing may be changed in from this console: [\"production\"].",
        |p, v| names(v).map(|names| p.read_only_environments.extend(names)),
        |p| {
            let names: Vec<String> =
                p.read_only_environments.iter().map(|name| quoted(name.as_str())).collect();
            format!("[{}]", names.join(", "))
        },
    ),
    key(
        "intervals",
        "fast",
        "While something changes; 1s to 1m.",
        |p, v| put(&mut p.intervals.fast, duration(v, 1, 60)),
        |p| seconds(p.intervals.fast),
    ),
    key(
        "intervals",
        "normal",
        "Ordinarily; 2s to 10m.",
        |p, v| put(&mut p.intervals.normal, duration(v, 2, 600)),
        |p| seconds(p.intervals.normal),
    ),
    key(
        "intervals",
        "idle",
        "When nothing changes and no key is pressed; 5s to 1h.",
        |p, v| put(&mut p.intervals.idle, duration(v, 5, 3600)),
        |p| seconds(p.intervals.idle),
    ),
    key(
        "intervals",
        "metrics",
        "CloudWatch, which is billed by the request; 60s to 1h.",
        |p, v| put(&mut p.intervals.metrics, duration(v, 60, 3600)),
        |p| seconds(p.intervals.metrics),
    ),
    key(
        "intervals",
        "hosts",
        "What moves on servers, over ssh; 5s to 1h.",
        |p, v| put(&mut p.intervals.hosts, duration(v, 5, 3600)),
        |p| seconds(p.intervals.hosts),
    ),
    key(
        "ssh",
        "config",
        "ssh's own config file; nothing is ~/.ssh/config.",
        |p, v| put(&mut p.ssh.config, file(v)),
        |p| path_text(p.ssh.config.as_deref()),
    ),
    key(
        "ssh",
        "user",
        "Who logs in; nothing leaves it to ssh's config.",
        |p, v| put(&mut p.ssh.user, user(v)),
        |p| quoted(p.ssh.user.as_deref().unwrap_or("")),
    ),
    key(
        "ssh",
        "identity",
        "The private key; nothing leaves it to the agent and ssh's config.",
        |p, v| put(&mut p.ssh.identity, file(v)),
        |p| path_text(p.ssh.identity.as_deref()),
    ),
    key(
        "ssh",
        "check_host_keys",
        "false only counts together with `disable_known_hosts: true` in fabulaws-config.yml: then nobody notices who \
         answers.",
        |p, v| put(&mut p.ssh.check_host_keys, flag(v)),
        |p| p.ssh.check_host_keys.to_string(),
    ),
    key(
        "ssh",
        "measure",
        "Whether the console measures servers; false asks AWS only. Read when the console starts.",
        |p, v| put(&mut p.ssh.measure, flag(v)),
        |p| p.ssh.measure.to_string(),
    ),
    key(
        "secrets",
        "command",
        "Prints a secret on its first line, without a shell: \"pass show {project}/{environment}/{name}\".",
        |p, v| put(&mut p.secrets_command, command(v)),
        |p| quoted(&p.secrets_command),
    ),
    key(
        "thresholds",
        "latency_ms",
        "The load balancer's latency in milliseconds.",
        |p, v| put(&mut p.thresholds.latency_ms, pair(v, 3_600_000.0)),
        |p| numbers(p.thresholds.latency_ms),
    ),
    key(
        "thresholds",
        "error_rate",
        "Percent of requests answered with 5xx.",
        |p, v| put(&mut p.thresholds.error_rate, pair(v, 100.0)),
        |p| numbers(p.thresholds.error_rate),
    ),
    key(
        "thresholds",
        "cpu",
        "Percent.",
        |p, v| put(&mut p.thresholds.cpu, pair(v, 100.0)),
        |p| numbers(p.thresholds.cpu),
    ),
    key(
        "thresholds",
        "surge_queue",
        "Requests waiting at the load balancer; AWS keeps 1024 at most.",
        |p, v| put(&mut p.thresholds.surge_queue, pair(v, 1024.0)),
        |p| numbers(p.thresholds.surge_queue),
    ),
    key(
        "thresholds",
        "lag_seconds",
        "How far a replica's replay is behind, in seconds.",
        |p, v| put(&mut p.thresholds.lag_seconds, pair(v, 604_800.0)),
        |p| numbers(p.thresholds.lag_seconds),
    ),
    key(
        "thresholds",
        "queue_depth",
        "Messages waiting in all queues of an environment.",
        |p, v| put(&mut p.thresholds.queue_depth, pair(v, 1e9)),
        |p| numbers(p.thresholds.queue_depth),
    ),
    key(
        "thresholds",
        "unacknowledged",
        "Messages that workers have taken and not acknowledged, in all queues of a server.",
        |p, v| put(&mut p.thresholds.unacknowledged, pair(v, 1e9)),
        |p| numbers(p.thresholds.unacknowledged),
    ),
    key(
        "thresholds",
        "connections",
        "Percent of PostgreSQL's max_connections in use.",
        |p, v| put(&mut p.thresholds.connections, pair(v, 100.0)),
        |p| numbers(p.thresholds.connections),
    ),
    key(
        "thresholds",
        "oldest_transaction",
        "The age of PostgreSQL's oldest transaction, in seconds.",
        |p, v| put(&mut p.thresholds.oldest_transaction, pair(v, 604_800.0)),
        |p| numbers(p.thresholds.oldest_transaction),
    ),
    key(
        "thresholds",
        "retained_wal_mb",
        "WAL that a replication slot holds back, in MiB.",
        |p, v| put(&mut p.thresholds.retained_wal_mb, pair(v, 1e9)),
        |p| numbers(p.thresholds.retained_wal_mb),
    ),
    key(
        "thresholds",
        "pgbouncer_waiting",
        "Clients of PgBouncer that wait for a connection, on one server.",
        |p, v| put(&mut p.thresholds.pgbouncer_waiting, pair(v, 100_000.0)),
        |p| numbers(p.thresholds.pgbouncer_waiting),
    ),
    key(
        "thresholds",
        "disk",
        "Percent of a file system, or of its inodes, in use.",
        |p, v| put(&mut p.thresholds.disk, pair(v, 100.0)),
        |p| numbers(p.thresholds.disk),
    ),
    key(
        "thresholds",
        "memory",
        "Percent of memory in use.",
        |p, v| put(&mut p.thresholds.memory, pair(v, 100.0)),
        |p| numbers(p.thresholds.memory),
    ),
    key(
        "thresholds",
        "swap",
        "Percent of swap in use.",
        |p, v| put(&mut p.thresholds.swap, pair(v, 100.0)),
        |p| numbers(p.thresholds.swap),
    ),
    key(
        "thresholds",
        "load",
        "Load of the last minute per core.",
        |p, v| put(&mut p.thresholds.load, pair(v, 1_000.0)),
        |p| numbers(p.thresholds.load),
    ),
    key(
        "thresholds",
        "clock_ms",
        "How far a server's clock is off, in milliseconds.",
        |p, v| put(&mut p.thresholds.clock_ms, pair(v, 86_400_000.0)),
        |p| numbers(p.thresholds.clock_ms),
    ),
    key(
        "thresholds",
        "redis",
        "Percent of Redis' maxmemory in use.",
        |p, v| put(&mut p.thresholds.redis, pair(v, 100.0)),
        |p| numbers(p.thresholds.redis),
    ),
    key(
        "thresholds",
        "restarts",
        "How often a program was started again in the last hour.",
        |p, v| put(&mut p.thresholds.restarts, pair(v, 10_000.0)),
        |p| numbers(p.thresholds.restarts),
    ),
    key(
        "thresholds",
        "task_seconds",
        "For how long a Celery task runs, in seconds.",
        |p, v| put(&mut p.thresholds.task_seconds, pair(v, 604_800.0)),
        |p| numbers(p.thresholds.task_seconds),
    ),
    key(
        "thresholds",
        "certificate_days",
        "Days until a certificate of a load balancer expires; the fewer the worse.",
        |p, v| put(&mut p.thresholds.certificate_days, falling(v, 3_650.0)),
        |p| numbers(p.thresholds.certificate_days),
    ),
    key(
        "thresholds",
        "cpu_credits",
        "CPU credits that a server of a burstable type (t2, t3) has left; the fewer the worse.",
        |p, v| put(&mut p.thresholds.cpu_credits, falling(v, 10_000.0)),
        |p| numbers(p.thresholds.cpu_credits),
    ),
    key(
        "thresholds",
        "burst_balance",
        "Percent left of the bursts of an EBS volume (gp2, st1, sc1); the fewer the worse.",
        |p, v| put(&mut p.thresholds.burst_balance, falling(v, 100.0)),
        |p| numbers(p.thresholds.burst_balance),
    ),
    key(
        "thresholds",
        "stale_after",
        "A value older than this is shown as stale; 5s to 1h.",
        |p, v| put(&mut p.thresholds.stale_after, duration(v, 5, 3600)),
        |p| seconds(p.thresholds.stale_after),
    ),
];

/// The tables and what they are about.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("intervals", "How often things are read: whole seconds, or text such as \"3s\", \"2m\"."),
    ("ssh", "How servers are reached; --ssh-config, --user and --identity win. Files begin with / or ~/."),
    ("secrets", "Where secrets come from that the project's file of secrets has not."),
    ("thresholds", "From where on a number is shown as a warning, and from where on as down: [warn, down]."),
    (SNIPPETS, "Commands to run on servers, by a name of yours."),
];

/// The table whose keys are names that people choose.
pub(super) const SNIPPETS: &str = "snippets";

/// The longest name of a snippet, and the longest snippet, in characters.
const LONGEST_NAME: usize = 40;
const LONGEST_COMMAND: usize = 4000;

/// Takes a snippet, or says what is wanted.
pub(super) fn snippet(preferences: &mut Preferences, name: &str, value: &DeValue<'_>) -> Result<(), String> {
    let printable = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
    if !printable(name) || name.chars().count() > LONGEST_NAME {
        return Err(format!("a name of at most {LONGEST_NAME} characters"));
    }
    match value.as_str() {
        Some(text) if printable(text) && text.chars().count() <= LONGEST_COMMAND => {
            preferences.snippets.insert(name.to_owned(), text.to_owned());
            Ok(())
        }
        _ => Err(format!("a command in quotes, on one line and at most {LONGEST_COMMAND} characters long")),
    }
}

/// A commented file with every key at its default, ready to be changed.
pub(super) fn default_text() -> String {
    let mut text = String::from(
        "# The console's preferences. This file stands beside fabulaws-config.yml, or as quarterdeck.toml in\n\
         # ~/.config/quarterdeck. What it does not name is at the default shown here.\n",
    );
    let default = Preferences::default();
    let mut table = "";
    for key in KEYS {
        if key.table != table {
            table = key.table;
            let about = TABLES.iter().find(|(name, _)| *name == table).map_or("", |(_, about)| about);
            text.extend(["\n# ", about, "\n[", table, "]\n"]);
        }
        text.extend(["# ", key.about, "\n#", key.name, " = ", &(key.get)(&default), "\n"]);
    }
    let about = TABLES.iter().find(|(name, _)| *name == SNIPPETS).map_or("", |(_, about)| about);
    text.extend(["\n# ", about, "\n[", SNIPPETS, "]\n"]);
    text.push_str("# \"disk usage\" = \"df -h\"\n");
    text
}

/// The preferences as a file would say them.
pub(super) fn text(preferences: &Preferences) -> String {
    let mut text = String::new();
    let mut table = "";
    for key in KEYS {
        if key.table != table {
            table = key.table;
            text.extend(["\n[", table, "]\n"]);
        }
        text.extend([key.name, " = ", &(key.get)(preferences), "\n"]);
    }
    text.extend(["\n[", SNIPPETS, "]\n"]);
    for (name, command) in &preferences.snippets {
        text.extend([&quoted(name), " = ", &quoted(command), "\n"]);
    }
    text
}
