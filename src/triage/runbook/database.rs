//! Runbooks for the database.

use super::{Step, hold_still, ids, leave, resync};
use crate::fleet::{InstanceId, Power, Role, Server, Severity, Topic};
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;
use crate::triage::rules::Symptom;

#[allow(clippy::too_many_lines, reason = "an arm for each kind")]
pub(super) fn steps(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let first = symptom.servers.first();
    let mut steps = Vec::new();
    match symptom.key.kind {
        Kind::TwoPrimaries if symptom.key.about == "tags" => {
            steps.push(Step::look("look which of them takes writes", "database"));
            steps.push(Step::people(
                "tag the other one db-primary-OLD, once it is certain that nobody writes to it",
            ));
        }
        Kind::TwoPrimaries => {
            steps.push(hold_still(patient));
            steps.push(Step::look("compare timelines and positions", "database"));
            steps.push(Step::people("decide whose data count, before anybody stops one of them"));
        }
        Kind::PrimaryDown => {
            let running =
                first.and_then(|id| patient.snapshot.server(id)).is_some_and(|s| s.power == Power::Running);
            if !running {
                // Its plan holds the group and puts the page up first (R1), and ends both itself.
                steps.extend(promote(patient));
            }
            steps.push(if running { hold_still(patient) } else { super::until_somebody_knows(patient) });
            if let Some(id) = first.filter(|_| running) {
                steps.push(Step::logs("read why PostgreSQL stopped", id, Some("postgresql")));
                // The umbrella over the clusters is active whatever they do: to start it starts nothing then.
                let command = format!("systemctl restart {}", cluster(patient, id).unwrap_or("postgresql"));
                steps.push(Step::run("start PostgreSQL again", "loses nothing", id, command));
                steps.extend(promote(patient));
            }
        }
        Kind::PrimaryUnreachable => {
            steps.push(hold_still(patient));
            steps.extend(first.map(Step::shell));
            steps.push(Step::people(
                "look at the instance's status checks and security groups in the AWS console",
            ));
            steps.extend(promote(patient));
        }
        Kind::PrimaryReadOnly => {
            steps.push(Step::look("look which database takes writes", "database"));
            steps.push(hold_still(patient));
            steps.extend(promote(patient));
        }
        Kind::Connections | Kind::PoolFull => {
            steps.extend(super::spare(patient));
            steps.push(Step::look("look at the database's connections", "database"));
            let primary = patient.running(&Role::DbPrimary).next();
            steps.extend(
                primary.map(|s| Step::run("list who holds connections", "changes nothing", &s.id, HOLDERS)),
            );
            if symptom.key.kind == Kind::Connections {
                steps.extend(first.map(|id| {
                    let aside = "whoever held them connects again";
                    Step::run("end sessions that were idle for 10 min", aside, id, END_IDLE)
                }));
            }
        }
        Kind::ReplicaCut | Kind::Timeline => {
            steps.extend(first.map(|id| Step::logs("read why it lost its primary", id, Some("postgresql"))));
            steps.push(Step::look("look at the primary's slots and standbys", "database"));
            if symptom.key.kind == Kind::ReplicaCut {
                steps.extend(first.map(|id| {
                    Step::run(
                        "start its PostgreSQL again",
                        "readers of it reconnect",
                        id,
                        "systemctl restart postgresql",
                    )
                }));
            }
            steps.extend(first.map(resync));
            steps.push(leave(patient, &symptom.servers));
            steps.push(new_replica());
        }
        Kind::ReplicaLeft => {
            steps.push(Step::look("look whether it streams", "database"));
            steps.extend(first.map(resync));
            let options = vec![("servers", ids(&symptom.servers))];
            let aside = "once it streams";
            steps.push(Step::plan("read from it again", aside, "use-replicas", options));
        }
        Kind::ReplicaPaused => {
            steps.push(Step::look("find out who paused it, and why", "runs"));
            steps.extend(first.map(|id| Step::run("let it replay again", "", id, RESUME)));
        }
        Kind::ReplicaLags => {
            steps.push(Step::look("look at how far it is behind, and at its queries", "database"));
            steps.extend(first.map(|id| Step::run("list its long queries", "changes nothing", id, QUERIES)));
            steps.extend(first.map(|id| {
                let aside = "if it is what holds the replay back; whoever asked must ask again";
                Step::run("end the one that is open for longest", aside, id, END_OLDEST)
            }));
            steps.extend(first.map(Step::shell));
        }
        Kind::WalHeld => {
            steps.push(Step::look("look at slots and replicas", "database"));
            steps.extend(
                first.map(|id| Step::run("see how much room is left", "changes nothing", id, "df -h")),
            );
            // Whoever reads by it has lost what it was to keep.
            let cut = patient.running(&Role::DbReplica).find(|server| is_cut(patient, server));
            steps.extend(cut.map(|server| resync(&server.id)));
            steps.push(Step::people(
                "drop the slot once no replica will come back to it: pg_drop_replication_slot",
            ));
        }
        Kind::LongTransaction => {
            steps.extend(first.map(|id| Step::run("list its long queries", "changes nothing", id, QUERIES)));
            steps.push(Step::look("look at the database", "database"));
            steps.extend(first.map(|id| {
                Step::run(
                    "end the one that is open for longest",
                    "what it did is rolled back",
                    id,
                    END_OLDEST,
                )
            }));
            steps.extend(first.map(Step::shell));
        }
        _ => {}
    }
    steps
}

/// Whether a replica says that it does not stream.
fn is_cut(patient: &Patient<'_>, server: &Server) -> bool {
    let postgres = patient.measured(&server.id, Topic::Postgres).and_then(|m| m.postgres());
    postgres.and_then(|postgres| postgres.replica.as_ref()).is_some_and(|replica| replica.receiver.is_none())
}

/// The unit of the cluster that is down.
fn cluster<'a>(patient: &Patient<'a>, id: &InstanceId) -> Option<&'a str> {
    let units = patient.measured(id, Topic::Units)?.units()?;
    let down = units.units.iter().filter(|unit| unit.severity() == Severity::Down);
    down.map(|unit| unit.name.as_str()).find(|name| name.starts_with("postgresql@"))
}

/// Who is connected, most of them first.
const HOLDERS: &str = "runuser -u postgres -- psql -XAt -F ' ' -c \
                       'select count(*), usename, client_addr, state from pg_stat_activity group by 2, 3, 4 order by 1 desc limit 20'";

/// What runs for longest; the text of a query may hold data, so that only its first word is shown.
const QUERIES: &str = "runuser -u postgres -- psql -XAt -F ' ' -c \
                       \"select pid, usename, state, date_trunc('second', now() - xact_start), split_part(query, ' ', 1) from pg_stat_activity where xact_start is not null order by xact_start limit 20\"";

/// Ends sessions that nobody has used for long and that hold nothing; says whose they were.
const END_IDLE: &str = "runuser -u postgres -- psql -XAt -F ' ' -c \
                        \"select pid, usename, client_addr, pg_terminate_backend(pid) from pg_stat_activity where state = 'idle' and backend_type = 'client backend' and state_change < now() - interval '10 minutes'\"";

/// Ends the session whose transaction is the oldest, never one of PostgreSQL's own; says whose it was.
const END_OLDEST: &str = "runuser -u postgres -- psql -XAt -F ' ' -c \
                          \"select pid, usename, client_addr, pg_terminate_backend(pid) from pg_stat_activity where xact_start is not null and backend_type = 'client backend' and pid <> pg_backend_pid() order by xact_start limit 1\"";

/// Ends a pause.
const RESUME: &str = "runuser -u postgres -- psql -XAt -c 'select pg_wal_replay_resume()'";

/// A replica takes the primary's place.
fn promote(patient: &Patient<'_>) -> Option<Step> {
    let replicas: Vec<_> = patient.running(&Role::DbReplica).map(|server| server.id.clone()).collect();
    let options = match replicas.as_slice() {
        [] => return None,
        [one] => vec![("servers", ids(std::slice::from_ref(one)))],
        _ => Vec::new(),
    };
    let aside = "holds the group and puts the page up itself; its plan says what may be lost";
    Some(Step::plan("promote a replica", aside, "promote-replica", options))
}

fn new_replica() -> Step {
    let options = vec![("role", "db-replica".to_owned())];
    Step::plan("build another replica", "leaves this one as it is", "new-server", options)
}
