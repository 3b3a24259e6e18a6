//! Incidents on real services, each found and cured on the screen of triage: its first row is the cause, a digit is the
//! cure, and afterwards the row says that it is no longer so.

use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::terminal::Terminal;

const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const HOME: &str = "\x1b[H";
const DOWN: &str = "\x1b[B";
const REFRESH: &str = "\x12";

/// How long until it is told, or is no longer so: two rounds of measuring, the longest duration of a rule, and a machine that
/// has more to do.
const TOLD: Duration = Duration::from_secs(150);

/// How long one waits before one has everything read anew: longer than rows keep their places after a key.
const AGAIN: Duration = Duration::from_secs(7);

/// The screen of triage.
struct Triage<'f> {
    fleet: &'f Fleet,
    console: Option<Terminal>,
}

impl<'f> Triage<'f> {
    fn open(fleet: &'f Fleet) -> Self {
        // As wide as the longest title with what is said of it.
        let console = fleet.console(200, 60);
        console.wait_for(TOLD, "the environment", |c| c.text().contains("staging"));
        let console = console.press(":environment staging\r").until("staging › servers").press("t");
        let console = console.until("staging › triage");
        console.wait_for(TOLD, "servers that are measured", |c| !c.text().contains("unknown"));
        Self { fleet, console: Some(console) }
    }

    fn screen(&self) -> &Terminal {
        self.console.as_ref().unwrap()
    }

    fn press(&mut self, keys: &str) {
        self.console = self.console.take().map(|console| console.press(keys));
    }

    #[track_caller]
    fn until(&self, text: &str) {
        self.screen().wait_for(TOLD, text, |console| console.text().contains(text));
    }

    /// What is so now: what is no longer so is told for a minute more. The camera of Celery's events dies while the lab's
    /// servers begin to boot, which stays told for an hour.
    fn rows(&self) -> Vec<String> {
        let text = self.screen().text();
        let rows = text.lines().skip_while(|line| !line.contains("FINDING")).skip(1);
        let rows = rows.take_while(|row| !row.trim_start().starts_with("──"));
        rows.filter(|row| !row.contains("celerycam") && !row.contains("no longer so"))
            .map(str::to_owned)
            .collect()
    }

    /// The first finding.
    fn first(&self) -> String {
        self.rows().into_iter().next().unwrap_or_default()
    }

    /// An incident: it is the first finding, and this step of its runbook cures it.
    #[track_caller]
    fn cured(&mut self, host: &'static str, breaks: &str, back: &'static str, title: &str, step: &str) {
        // Where a test is ended for its time, this says what took it.
        let begun = Instant::now();
        let told = |what: &str| eprintln!("{:>4} s  {title}: {what}", begun.elapsed().as_secs());
        self.fleet.disturb(host, breaks, back);
        told("broken");
        self.looking(title, |triage| triage.first().contains(title));
        told("found");
        self.select(title);
        self.until(step);
        self.take(step);
        told("done");
        self.looking("the end of it", |triage| !triage.rows().iter().any(|row| row.contains(title)));
        told("over");
    }

    /// Has everything read anew until it is so, as whoever waits for it does.
    #[track_caller]
    fn looking(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        let mut before = Vec::new();
        while !so(self) {
            let rows = self.rows();
            if rows != before {
                eprintln!("{:>4} s  until {what}:\n{}", begun.elapsed().as_secs(), rows.join("\n"));
                before = rows;
            }
            assert!(
                begun.elapsed() < TOLD,
                "waited for {what} in vain; on screen:\n{}",
                self.screen().text()
            );
            self.press(REFRESH);
            let looked = Instant::now();
            self.screen().wait_for(TOLD, what, |_| so(self) || looked.elapsed() > AGAIN);
        }
    }

    /// Goes to the first row with this title, whatever comes and goes above it.
    #[track_caller]
    fn select(&mut self, title: &str) {
        self.press(HOME);
        for _ in 0..8 {
            let (pressed, is_on) = (Instant::now(), |console: &Terminal| {
                console.text().lines().any(|line| line.contains('›') && line.contains(title))
            });
            self.screen().wait("the row", |c| is_on(c) || pressed.elapsed() > Duration::from_secs(1));
            if is_on(self.screen()) {
                return;
            }
            self.press(DOWN);
        }
        panic!("{title} is on no row of\n{}", self.screen().text());
    }

    /// Does a step of the runbook of the first finding, as far as it asks for more.
    #[track_caller]
    fn take(&mut self, step: &str) {
        let text = self.screen().text();
        let line = text.lines().find(|line| line.contains(step)).unwrap();
        let number = line.split(step).next().unwrap().trim().rsplit(' ').next().unwrap().to_owned();
        assert!(number.len() == 1 && number.as_bytes()[0].is_ascii_digit(), "{text}");
        self.press(&number);
        self.screen().wait("what is asked", |c| {
            ["Run in staging", "staging › plan "].iter().any(|asked| c.text().contains(asked))
        });
        if self.screen().text().contains("Run in staging") {
            self.press(ENTER);
            self.until("y  run it");
            self.press("y");
            self.until("1 of 1 done");
        } else {
            self.until("enter go on");
            self.press(ENTER);
            self.until("y  begin");
            self.press("y");
            self.until("● done");
        }
        self.press(ESC);
        self.until("staging › triage");
    }
}

#[test]
fn services_of_the_cache_server_that_stopped_or_were_killed_are_cured_from_triage() {
    let Some(fleet) = Fleet::take() else { return };
    let mut triage = Triage::open(&fleet);
    for (breaks, back, title, step) in [
        (
            "systemctl stop rabbitmq-server",
            "systemctl start rabbitmq-server",
            "has rabbitmq-server inactive",
            "start rabbitmq-server again",
        ),
        (
            "systemctl stop redis-server",
            "systemctl start redis-server",
            "has redis-server inactive",
            "start redis-server again",
        ),
        (
            "systemctl kill -s KILL memcached; systemctl stop memcached",
            "systemctl start memcached",
            "has memcached",
            "start memcached again",
        ),
    ] {
        triage.cured("cache", breaks, back, title, step);
    }
}

#[test]
fn services_of_the_cache_server_that_hang_are_cured_from_triage() {
    let Some(fleet) = Fleet::take() else { return };
    let mut triage = Triage::open(&fleet);
    for (breaks, back, title, step) in [
        (
            "systemctl kill -s STOP redis-server",
            "systemctl kill -s CONT redis-server; systemctl start redis-server",
            "has redis-server running, and gets no answer",
            "kill redis-server and start it again",
        ),
        (
            "systemctl kill -s STOP rabbitmq-server",
            "systemctl kill -s CONT rabbitmq-server; systemctl start rabbitmq-server",
            "has rabbitmq-server running, and gets no answer",
            "kill rabbitmq-server and start it again",
        ),
    ] {
        triage.cured("cache", breaks, back, title, step);
    }
}

#[test]
fn celery_and_its_way_to_the_database_stopped_or_hung_are_cured_from_triage() {
    let Some(fleet) = Fleet::take() else { return };
    let mut triage = Triage::open(&fleet);
    for (breaks, title, step) in [
        (
            "supervisorctl stop staging-pgbouncer:staging-pgbouncer",
            "has staging-pgbouncer stopped",
            "start staging-pgbouncer again",
        ),
        (
            "supervisorctl stop staging-pgbouncer:staging-stunnel",
            "has staging-stunnel stopped",
            "start staging-stunnel again",
        ),
        ("supervisorctl stop 'staging-celery:*'", "Celery", "start Celery again"),
        (
            "pkill -STOP -f '[c]elery.* worker'",
            "has no Celery worker that answers",
            "kill it, and start it again",
        ),
    ] {
        triage.cured("worker", breaks, "supervisorctl start all; :", title, step);
    }
    assert_eq!(fleet.python("print(add.delay(2, 3).get(timeout=60))"), "5", "tasks are done");
}

const CLUSTER: &str = "$(systemctl list-units -q --plain --no-legend 'postgresql@*' | cut -d ' ' -f 1)";
const START: &str = "systemctl restart postgresql";

#[test]
fn a_primary_that_stopped_or_was_killed_is_cured_from_triage() {
    let Some(fleet) = Fleet::take() else { return };
    let mut triage = Triage::open(&fleet);
    let down = ("PostgreSQL does not run on the primary", "start PostgreSQL again");
    for verb in ["stop", "kill -s KILL"] {
        triage.cured("db-primary", &format!("systemctl {verb} {CLUSTER}"), START, down.0, down.1);
    }
}

#[test]
fn a_replica_whose_replay_is_paused_is_cured_from_triage() {
    let Some(fleet) = Fleet::take() else { return };
    let mut triage = Triage::open(&fleet);
    triage.cured(
        "db-replica",
        "runuser -u postgres -- psql -XAtc 'select pg_wal_replay_pause()'",
        "runuser -u postgres -- psql -XAtc 'select pg_wal_replay_resume()'",
        "has its replay paused",
        "let it replay again",
    );
}

#[test]
fn web_servers_that_stopped_hang_or_have_the_page_left_are_cured_from_triage() {
    let Some(fleet) = Fleet::take_living() else { return };
    let mut triage = Triage::open(&fleet);
    for (breaks, back, title, step) in [
        ("systemctl stop nginx", "systemctl start nginx", "has nginx inactive", "start nginx again"),
        (
            "pkill -STOP nginx",
            "pkill -CONT nginx; :",
            "does not answer its health check",
            "kill Nginx there and start it again",
        ),
        (
            "supervisorctl stop 'staging-web:*'",
            "supervisorctl start 'staging-web:*'",
            "has staging-server stopped",
            "start staging-server again",
        ),
    ] {
        triage.cured("web1", breaks, back, title, step);
    }
    let page = format!("/home/{}/services/nginx/html/503.html", fleet.project());
    triage.cured(
        "web1",
        &format!("echo later >{page}"),
        "rm -f /home/*/services/nginx/html/503.html",
        "has the maintenance page up",
        "take it off",
    );
}

#[test]
fn a_disk_that_old_journals_have_filled_is_cured_from_triage() {
    let Some(fleet) = Fleet::take() else { return };
    let mut triage = Triage::open(&fleet);
    fleet.attach("cache", "journals", "xvdg");
    let fills = "mkfs.ext4 -q -m 0 /dev/xvdg && mkdir -p /var/log/journal && mount /dev/xvdg /var/log/journal && \
                 own=/var/log/journal/$(cat /etc/machine-id) && mkdir -p $own && for n in 0 1 2 3 4 5 6 7 8 9; do \
                 dd if=/dev/zero of=$own/system@00000000000000000000000000000001-000000000000000$n-000000000000000$n.journal \
                 bs=1M count=100 2>/dev/null || :; done";
    triage.cured(
        "cache",
        fills,
        "umount -l /var/log/journal",
        "has its disk /var/log/journal",
        "free what the journal keeps",
    );
}
