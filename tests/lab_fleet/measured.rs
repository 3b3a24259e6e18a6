//! What the program measures on servers, against what was done to them.

use serde_json::Value;

use crate::fleet::{Described, Fleet};

/// A number of a fact.
fn number(fact: &Value, name: &str) -> f64 {
    fact[name].as_f64().unwrap_or_else(|| panic!("no {name} in {fact}"))
}

/// The named one of a list.
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
    found.unwrap_or(&Value::Null)
}

#[test]
fn lag_rises_while_the_replay_is_paused_and_falls_after() {
    let Some(fleet) = Fleet::take() else { return };
    let replica = |seen: &Described| seen.fact(&fleet, "db-replica", "postgres")["replica"].clone();
    let standby = |seen: &Described| seen.fact(&fleet, "db-primary", "postgres")["standbys"][0].clone();
    let calm = fleet.until("the replica follows", |seen| replica(seen)["delay"].as_f64() == Some(0.0));
    assert_eq!(standby(&calm)["state"], "streaming");
    assert_eq!(standby(&calm)["address"], fleet.address("db-replica"));

    let resume = "runuser -u postgres -- psql -qc 'select pg_wal_replay_resume()'";
    fleet.disturb("db-replica", "runuser -u postgres -- psql -qc 'select pg_wal_replay_pause()'", resume);
    let rows = "insert into visits (note) select repeat($$x$$, 1000) from generate_series(1, 2000)";
    fleet.sql("db-primary", "myproject_staging", rows);
    let behind = fleet.until("the replay is behind", |seen| {
        replica(seen)["paused"] == true && replica(seen)["behind"].as_f64() > Some(1_000_000.0)
    });
    let first = number(&replica(&behind), "delay");
    assert!(first > 0.0);
    assert!(number(&standby(&behind), "replay_behind") > 1_000_000.0, "{}", behind.0);
    let later = fleet.until("the delay grows", |seen| replica(seen)["delay"].as_f64() > Some(first));
    assert_eq!(replica(&later)["receiver"], "streaming", "it receives what it does not replay");

    fleet.inside("db-replica", resume);
    let after = fleet.until("the replica has caught up", |seen| replica(seen)["delay"].as_f64() == Some(0.0));
    assert_eq!(replica(&after)["paused"], false);
}

#[test]
fn an_idle_primary_is_no_lag() {
    let Some(fleet) = Fleet::take() else { return };
    let stop = "supervisorctl stop staging-celery:staging-celerybeat";
    fleet.disturb("worker", stop, "supervisorctl start staging-celery:staging-celerybeat");
    // Nobody writes: the last replayed transaction grows old, and the replica is not behind.
    let age = "select coalesce(extract(epoch from now() - pg_last_xact_replay_timestamp()), 3600) > 8";
    crate::lab::within(60, "the last replayed transaction is old", || {
        (fleet.sql("db-replica", "postgres", age) == "t").then_some(())
    });
    let seen = fleet.describe();
    let replica = &seen.fact(&fleet, "db-replica", "postgres")["replica"];
    assert_eq!(replica["delay"], 0.0, "{replica}");
}

#[test]
fn depth_is_what_was_published_while_the_worker_is_stopped() {
    let Some(fleet) = Fleet::take() else { return };
    let start = "supervisorctl start staging-celery:*";
    let queue =
        |seen: &Described, name: &str| named(&seen.fact(&fleet, "cache", "rabbitmq")["queues"], name).clone();
    fleet.disturb("worker", "supervisorctl stop staging-celery:*", start);
    fleet.python("[export.delay(number) for number in range(41)]; [add.delay(1, 2) for _ in range(7)]");
    let waiting = fleet.until("41 messages wait", |seen| queue(seen, "exports")["ready"] == 41);
    assert_eq!(queue(&waiting, "exports")["consumers"], 0, "nobody listens, and it is seen all the same");
    assert!(queue(&waiting, "celery")["ready"].as_u64() >= Some(7), "{}", waiting.0);

    // A worker that hangs holds its messages: they are not ready, and not gone.
    fleet.inside("worker", start);
    fleet.until("nothing waits", |seen| {
        ["exports", "celery"]
            .iter()
            .all(|name| queue(seen, name)["ready"] == 0 && queue(seen, name)["consumers"] == 1)
    });
}

/// Stops something, sees it stopped, starts it and sees it run.
fn seen_in_turn(fleet: &Fleet, host: &'static str, turns: &[(&str, &str, &'static str, &str)]) {
    let state = |seen: &Described, what: &str| -> String {
        let (topic, name) = what.split_once(' ').unwrap();
        let fact = seen.fact(fleet, host, topic);
        match topic {
            "units" => named(&fact["units"], name)["active"].as_str().unwrap_or("?").to_owned(),
            _ => named(&fact["programs"], name)["state"].as_str().unwrap_or("?").to_owned(),
        }
    };
    for (what, stop, start, stopped) in turns {
        let running = if what.starts_with("units") { "active" } else { "RUNNING" };
        fleet.until(&format!("{what} runs"), |seen| state(seen, what) == running);
        fleet.disturb(host, stop, start);
        let seen = fleet.until(&format!("{what} is {stopped}"), |seen| state(seen, what) == *stopped);
        assert_eq!(seen.unreachable(fleet, host), None);
        fleet.inside(host, start);
        fleet.until(&format!("{what} runs again"), |seen| state(seen, what) == running);
    }
}

#[test]
fn each_service_of_the_cache_server_stopped_in_turn_is_seen() {
    let Some(fleet) = Fleet::take() else { return };
    seen_in_turn(
        &fleet,
        "cache",
        &[
            ("units redis-server", "systemctl stop redis-server", "systemctl start redis-server", "inactive"),
            ("units memcached", "systemctl stop memcached", "systemctl start memcached", "inactive"),
            (
                "units rabbitmq-server",
                "systemctl stop rabbitmq-server",
                "systemctl start rabbitmq-server",
                "inactive",
            ),
        ],
    );
}

#[test]
fn each_database_stopped_in_turn_is_seen() {
    let Some(fleet) = Fleet::take() else { return };
    for host in ["db-primary", "db-replica"] {
        let (stop, start) = ("systemctl stop postgresql@15-main", "systemctl start postgresql@15-main");
        seen_in_turn(&fleet, host, &[("units postgresql@15-main", stop, start, "inactive")]);
    }
}

#[test]
fn a_database_that_does_not_answer_fails_its_own_facts_only() {
    let Some(fleet) = Fleet::take() else { return };
    let start = "systemctl start postgresql@15-main";
    fleet.disturb("db-replica", "systemctl stop postgresql@15-main", start);
    let seen =
        fleet.until("PostgreSQL fails", |seen| seen.failure(&fleet, "db-replica", "postgres").is_some());
    assert_eq!(seen.fact(&fleet, "db-replica", "postgres"), &Value::Null, "no number without a read");
    assert!(seen.fact(&fleet, "db-replica", "machine")["memory_total"].is_number());
    let standbys = &seen.fact(&fleet, "db-primary", "postgres")["standbys"];
    assert_eq!(standbys.as_array().map(Vec::len), Some(0), "{standbys}");
    let slot = &seen.fact(&fleet, "db-primary", "postgres")["slots"][0];
    assert_eq!((&slot["name"], &slot["active"]), (&"replica0".into(), &false.into()));
}

#[test]
fn every_topic_of_every_role_is_filled() {
    let Some(fleet) = Fleet::take() else { return };
    let common = ["machine", "disks", "units", "upkeep"];
    let application = ["supervisor", "pgbouncer", "code"];
    let wanted = |host: &str| -> Vec<&str> {
        let own: &[&str] = match host {
            "db-primary" | "db-replica" => &["postgres"],
            "cache" => &["rabbitmq", "redis", "memcached"],
            "worker" => &["supervisor", "pgbouncer", "code", "celery"],
            _ => &["supervisor", "pgbouncer", "code", "site"],
        };
        common.iter().chain(own).copied().collect()
    };
    let seen = fleet.describe();
    for host in ["db-primary", "db-replica", "cache", "worker", "web1", "web2"] {
        assert_eq!(seen.unreachable(&fleet, host), None, "{host}");
        for topic in wanted(host) {
            assert_eq!(seen.failure(&fleet, host, topic), None, "{topic} of {host}");
            assert!(seen.fact(&fleet, host, topic).is_object(), "{topic} of {host}");
        }
    }
    for host in ["worker", "web1", "web2"] {
        assert!(application.iter().all(|topic| seen.fact(&fleet, host, topic).is_object()));
        assert_eq!(seen.fact(&fleet, host, "code")["changeset"], fleet.changeset(), "{host}");
        let pools = seen.fact(&fleet, host, "pgbouncer")["pools"].as_array().unwrap();
        assert!(pools.iter().all(|pool| pool["user"] == "myproject"), "{pools:?}");
    }
    let programs = &seen.fact(&fleet, "worker", "supervisor")["programs"];
    assert_eq!(programs.as_array().map(Vec::len), Some(6), "{programs}");
    let workers = seen.fact(&fleet, "worker", "celery")["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 2, "{workers:?}");
    let site = seen.fact(&fleet, "web1", "site");
    assert_eq!((&site["nginx"]["status"], &site["gunicorn"]["status"]), (&200.into(), &200.into()), "{site}");
    assert_eq!((&site["maintenance"], &site["health_override"]), (&false.into(), &false.into()));
    assert_eq!(seen.fact(&fleet, "cache", "redis")["policy"], "noeviction");
}

#[test]
fn each_program_of_the_worker_stopped_in_turn_is_seen() {
    let Some(fleet) = Fleet::take() else { return };
    seen_in_turn(
        &fleet,
        "worker",
        &[
            (
                "supervisor staging-celeryd-main",
                "supervisorctl stop staging-celery:staging-celeryd-main",
                "supervisorctl start staging-celery:staging-celeryd-main",
                "STOPPED",
            ),
            (
                "supervisor staging-celerybeat",
                "supervisorctl stop staging-celery:staging-celerybeat",
                "supervisorctl start staging-celery:staging-celerybeat",
                "STOPPED",
            ),
            (
                "supervisor staging-celerycam",
                "supervisorctl stop staging-celery:staging-celerycam",
                "supervisorctl start staging-celery:staging-celerycam",
                "STOPPED",
            ),
        ],
    );
}

#[test]
fn the_connection_pool_and_the_tunnel_stopped_in_turn_are_seen() {
    let Some(fleet) = Fleet::take() else { return };
    seen_in_turn(
        &fleet,
        "worker",
        &[
            (
                "supervisor staging-pgbouncer",
                "supervisorctl stop staging-pgbouncer:staging-pgbouncer",
                "supervisorctl start staging-pgbouncer:staging-pgbouncer",
                "STOPPED",
            ),
            (
                "supervisor staging-stunnel",
                "supervisorctl stop staging-pgbouncer:staging-stunnel",
                "supervisorctl start staging-pgbouncer:staging-stunnel",
                "STOPPED",
            ),
        ],
    );
}

#[test]
fn what_the_site_answers_is_seen_from_nginx_to_django() {
    let Some(fleet) = Fleet::take() else { return };
    let status = |seen: &Described, who: &str| seen.fact(&fleet, "web2", "site")[who]["status"].as_u64();
    fleet.until("all is well", |seen| {
        (status(seen, "nginx"), status(seen, "gunicorn")) == (Some(200), Some(200))
    });

    let (stop, start) =
        ("supervisorctl stop staging-web:staging-server", "supervisorctl start staging-web:staging-server");
    fleet.disturb("web2", stop, start);
    fleet.until("Gunicorn is gone, Nginx says so", |seen| {
        (status(seen, "nginx"), status(seen, "gunicorn")) == (Some(502), Some(0))
    });
    fleet.inside("web2", start);

    let html = "/home/myproject/services/nginx/html";
    fleet.disturb(
        "web2",
        &format!("echo wait >{html}/503.html; echo fine >{html}/healthcheck.html"),
        "rm -f /home/myproject/services/nginx/html/*",
    );
    let page = fleet.until("the page and the override are up", |seen| {
        let site = seen.fact(&fleet, "web2", "site");
        site["maintenance"] == true
            && site["health_override"] == true
            && status(seen, "gunicorn") == Some(200)
    });
    assert_eq!(status(&page, "nginx"), Some(200), "the override answers for Django");
    fleet.inside("web2", "rm -f /home/myproject/services/nginx/html/*");

    fleet.disturb("web2", "systemctl stop nginx", "systemctl start nginx");
    fleet.until("Nginx is gone, Django answers", |seen| {
        (status(seen, "nginx"), status(seen, "gunicorn")) == (Some(0), Some(200))
    });
}

#[test]
fn what_celery_runs_is_seen_while_it_runs() {
    let Some(fleet) = Fleet::take() else { return };
    fleet.python("nap.delay(45)");
    let seen = fleet.until("the task is listed", |seen| {
        seen.fact(&fleet, "worker", "celery").to_string().contains("myproject.tasks.nap")
    });
    let workers = seen.fact(&fleet, "worker", "celery")["workers"].as_array().unwrap();
    let main = workers.iter().find(|worker| worker["name"].as_str().unwrap().contains("main")).unwrap();
    // Beat's own task may run beside it.
    let nap = main["running"].as_array().unwrap().iter().find(|task| task["name"] == "myproject.tasks.nap");
    let seconds = nap.and_then(|nap| nap["seconds"].as_f64());
    assert!(seconds.is_some_and(|seconds| seconds < 60.0), "{main}");
}
