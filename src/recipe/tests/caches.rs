//! Scripts by which a cache server's place is taken, with tools that pretend: Redis is a file with its keyspace, RabbitMQ one
//! with its queues. Both as they are is shown on hosts of the lab.

use super::*;
use crate::plan::InstanceRef;
use crate::recipe::cache;

const FILE: &str = "/srv/it's/redis-1.rdb";

/// Every one of them.
pub(super) fn every(layout: &Layout) -> Vec<String> {
    let known = |id: &str| InstanceRef::Known(id.into());
    let relay = cache::relay(known("i-1"), known("i-2"), FILE);
    vec![
        relay.told,
        relay.read,
        relay.have,
        relay.write,
        relay.whole,
        relay.back,
        cache::look(layout),
        cache::reach(),
        cache::drain(layout),
        cache::tasks(layout, "10.0.1.5", ["exports", "it's"]),
        cache::dump(FILE, true),
        cache::load(FILE),
    ]
}

/// Answers while there is a file `redis`, of which the first line is its keyspace.
const REDIS: &str = r#"while :; do case $1 in -h|-p) shift 2 ;; *) break ;; esac; done
[ -e "$HERE/redis" ] || { echo 'Could not connect to Redis: Connection refused'; exit 1; }
case "$*" in
ping) echo PONG ;;
'info keyspace') printf '# Keyspace\r\n'; sed 's/$/\r/' "$HERE/redis" ;;
'info memory') printf 'used_memory:%s\r\n' "$(cat "$HERE/used")" ;;
'info server') printf 'redis_version:7.0.15\r\nredis_mode:standalone\r\n' ;;
'info persistence') printf 'loading:0\r\n' ;;
'config get dir') printf 'dir\n%s\n' "$HERE/var" ;;
'config get dbfilename') printf 'dbfilename\ndump.rdb\n' ;;
'config get appendonly') printf 'appendonly\nno\n' ;;
'config get maxmemory') printf 'maxmemory\n1000000\n' ;;
'--rdb '*) printf 'REDIS0011%s' "$(cat "$HERE/redis")" >"$2" ;;
*) echo "redis-cli $*" >>"$HERE/surprises"; exit 9 ;;
esac"#;

/// Two lines are two answers to how many messages there are; the last one stays.
const RABBIT: &str = r#"[ -e "$HERE/queues" ] || exit 69
line=$(head -n 1 "$HERE/queues"); [ "$(wc -l <"$HERE/queues")" = 1 ] || sed -i 1d "$HERE/queues"
printf 'celeryev.7c\t90\t0\nw@host.celery.pidbox\t1\t0\n'
printf 'exports\t%s\t%s\n' $line"#;

struct Cache(Server);

impl Cache {
    fn new() -> Self {
        let server = Server::new();
        server.tool("bin/redis-cli", REDIS);
        server.tool("bin/redis-check-rdb", "case $(head -c 5 \"$1\") in REDIS) ;; *) exit 1 ;; esac");
        server.tool("bin/rabbitmqctl", RABBIT);
        server.tool("bin/sleep", ":");
        // What is loaded is what the file of the databases holds after a start.
        server.tool(
            "bin/systemctl",
            "echo \"$*\" >>\"$HERE/log\"; [ \"$1\" != start ] || tail -c +10 \"$HERE/var/dump.rdb\" >\"$HERE/redis\"",
        );
        fs::create_dir_all(server.at("var")).unwrap();
        Self(server)
    }

    fn holds(&self, keyspace: &str) {
        fs::write(self.0.at("redis"), format!("{keyspace}\n")).unwrap();
        fs::write(self.0.at("used"), "5000\n").unwrap();
    }

    fn gone(&self) {
        fs::remove_file(self.0.at("redis")).unwrap();
    }

    /// A script where nobody is root and everything lies below the test's directory.
    fn below(&self, script: &str, told: &str) -> String {
        let (_, rest) = script.split_once("state=/var/lib/quarterdeck/build\n").unwrap();
        let here = self.0.directory.path().display();
        let rest = rest.replace("-o redis -g redis ", "");
        format!(
            "set -eu\nfail() {{ echo \"$1\" >&2; exit 1; }}\nas_user() {{ shift; \"$@\"; }}\nstate='{here}/state'\nwhat=x\n{told}\n{rest}"
        )
    }

    fn good(&self, script: &str) -> String {
        self.0.good(&self.below(script, ""))
    }

    fn bad(&self, script: &str) -> String {
        self.0.bad(&self.below(script, ""))
    }

    fn file(&self) -> String {
        self.0.at("copies/redis-1.rdb").to_str().unwrap().to_owned()
    }
}

#[test]
fn what_redis_holds_goes_over_once_and_none_of_it_is_missing() {
    let (old, new) = (Cache::new(), Cache::new());
    old.holds("db0:keys=1200,expires=1000,avg_ttl=5\ndb1:keys=7,expires=0,avg_ttl=0");
    new.holds("");
    let dumped = old.good(&cache::dump(&old.file(), false));
    assert!(dumped.contains("keys by database: 0:1200:1000,1:7:0") && dumped.contains("done: "), "{dumped}");
    let mode = fs::metadata(old.file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "sessions are in it");
    assert!(old.good(&cache::dump(&old.file(), false)).contains("already so: "));
    let known = |id: &str| InstanceRef::Known(id.into());
    let told = old.good(&cache::relay(known("i-1"), known("i-2"), &old.file()).told);
    let word = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    let (sha256, about) = (word("sha256="), word("about="));
    let to = cache::relay(known("i-1"), known("i-2"), &new.file());
    let bytes = fs::read(old.file()).unwrap();
    fs::write(new.0.at("piece"), &bytes).unwrap();
    let place = format!("QUARTERDECK_OFFSET=0\nQUARTERDECK_LENGTH={}", bytes.len());
    new.0.good(&format!("exec <\"$HERE/piece\"\n{}", new.below(&to.write, &place)));
    let whole = format!("QUARTERDECK_SHA256={sha256}\nQUARTERDECK_ABOUT={about}");
    new.0.good(&new.below(&to.whole, &whole));
    let loaded = new.good(&cache::load(&new.file()));
    assert!(loaded.contains("keys by database: 0:1200:1000,1:7:0") && loaded.contains("done: "), "{loaded}");
    assert!(new.good(&cache::load(&new.file())).contains("already so: "));
    assert_eq!(fs::read_to_string(new.0.at("log")).unwrap(), "stop redis-server\nstart redis-server\n");
    // Sessions may expire, and nothing else may be missing.
    new.holds("db0:keys=300,expires=100,avg_ttl=5\ndb1:keys=7,expires=0,avg_ttl=0");
    new.good(&cache::load(&new.file()));
    new.holds("db0:keys=300,expires=100,avg_ttl=5\ndb1:keys=6,expires=0,avg_ttl=0");
    assert!(new.bad(&cache::load(&new.file())).contains("has not all that came over"));
    new.holds("db0:keys=1200,expires=1000,avg_ttl=5\ndb1:keys=7,expires=0,avg_ttl=0");
    fs::write(new.0.at("used"), "950000\n").unwrap();
    assert!(new.bad(&cache::load(&new.file())).contains("take a larger server"));
    assert!(!new.0.at("surprises").exists() && !old.0.at("surprises").exists());
}

#[test]
fn of_a_redis_that_does_not_answer_what_it_wrote_last_goes_over_only_where_that_is_meant() {
    let old = Cache::new();
    old.holds("db0:keys=1,expires=0,avg_ttl=0");
    old.gone();
    let refused = old.bad(&cache::dump(&old.file(), false));
    assert!(refused.contains("does not answer here any more (Could not connect"), "{refused}");
    assert!(!old.0.at("copies/redis-1.rdb").exists());
    // Nothing was left: a file without anything in it goes over, and Redis begins empty.
    let script = cache::dump(&old.file(), true).replace("/etc/redis/redis.conf", "\"$HERE/redis.conf\"");
    fs::write(old.0.at("redis.conf"), format!("dir {}\ndbfilename dump.rdb\n", old.0.at("var").display()))
        .unwrap();
    assert!(old.good(&script).contains("left nothing that can be read"));
    assert!(old.good(&cache::load(&old.file())).contains("Redis is empty"));
    old.good(&cache::forget(&old.file()));
    fs::write(old.0.at("var/dump.rdb"), "REDIS0011db0:keys=1,expires=0,avg_ttl=0\n").unwrap();
    assert!(old.good(&script).contains("taking what it wrote at 20"));
    assert_eq!(fs::read_to_string(format!("{}.about", old.file())).unwrap(), "unknown\n");
}

#[test]
fn queues_are_waited_for_with_their_count_and_what_never_moves_is_not() {
    let old = Cache::new();
    fs::write(old.0.at("queues"), "3 2\n1 2\n0 1\n0 0\n").unwrap();
    let said = old.good(&cache::drain(&old.0.layout));
    let counts: Vec<&str> = said.lines().map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(
        counts,
        [
            "3 tasks wait, 2 are worked on",
            "1 tasks wait, 2 are worked on",
            "0 tasks wait, 1 are worked on",
            "the queues are empty"
        ],
        "bookkeeping is not counted"
    );
    // A task for later stays taken: time goes on by a clock of its own here.
    old.0.tool(
        "bin/date",
        "n=$(cat \"$HERE/clock\" 2>/dev/null || echo 0); n=$((n + 20)); echo $n | tee \"$HERE/clock\"",
    );
    fs::write(old.0.at("queues"), "4 0\n0 5\n").unwrap();
    let said = old.good(&cache::drain(&old.0.layout));
    assert!(said.ends_with("nothing has moved for 60 s: what is left is copied\n"), "{said}");
    fs::remove_file(old.0.at("queues")).unwrap();
    let said = old.good(&cache::drain(&old.0.layout).replace("still='60'", "still='9000'"));
    assert!(
        said.ends_with("the time is over: what is left is copied\n") && said.contains("did not answer"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_brought_over_is_seen_before_anything_changes() {
    let old = Cache::new();
    let look = |old: &Cache| {
        let script = old.below(&cache::look(&old.0.layout), "").replace("/var/lib/quarterdeck", "\"$HERE\"");
        old.0.bad(&script)
    };
    old.holds("db0:keys=12,expires=3,avg_ttl=0");
    let refused = look(&old);
    assert!(
        refused.contains("RabbitMQ does not answer here") && refused.contains("--override lose-data"),
        "{refused}"
    );
    old.gone();
    assert!(look(&old).contains("Redis does not answer here (Could not connect"));
}

#[test]
fn passwords_of_the_broker_are_in_no_argument_and_in_no_script() {
    let server = Server::new();
    let script = cache::tasks(&server.layout, "10.0.1.5", ["exports"]);
    assert!(script.contains("settings.password") && !script.contains("broker_password"), "{script}");
    assert!(script.contains("queues='exports'") && script.contains("old='10.0.1.5'"), "{script}");
}
