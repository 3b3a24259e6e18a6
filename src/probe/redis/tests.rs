use super::*;
use crate::probe::testing::{body, failure, layout};

fn redis(lines: &str) -> Redis {
    match read(&body(lines, "", 0), &layout()) {
        Ok(Fact::Redis(redis)) => *redis,
        other => panic!("{other:?}"),
    }
}

#[test]
fn memory_clients_and_persistence_are_read() {
    let redis = redis(include_str!("fixtures/7.0.txt"));
    assert_eq!(
        (redis.version.as_str(), redis.role.as_str(), redis.policy.as_str()),
        ("7.0.15", "master", "noeviction")
    );
    assert_eq!((redis.memory_used, redis.memory_most, redis.clients), (1_219_984, 0, 3));
    assert_eq!((redis.up_seconds, redis.unsaved, redis.keys), (978, 48, 30));
    assert!(redis.save_ok && redis.append_ok && !redis.append_only);
}

#[test]
fn a_write_that_failed_is_seen_and_keys_of_all_databases_count() {
    let redis = redis(
        "redis_version:5.0.7\nrdb_last_bgsave_status:err\naof_enabled:1\naof_last_bgrewrite_status:ok\n\
         aof_last_write_status:err\nevicted_keys:7\nrejected_connections:2\nblocked_clients:4\n\
         db0:keys=12,expires=3,avg_ttl=0\ndb11:keys=30,expires=0,avg_ttl=0\ndbx:keys=1\n",
    );
    assert!(!redis.save_ok && redis.append_only && !redis.append_ok);
    assert_eq!((redis.evicted, redis.rejected, redis.blocked, redis.keys), (7, 2, 4, 42));
}

#[test]
fn what_went_wrong_is_told_apart() {
    let cases = [
        ("NOAUTH Authentication required.", 0, FailureKind::Denied, "Redis wants a password"),
        (
            "Could not connect to Redis at 127.0.0.1:6379: Connection refused",
            1,
            FailureKind::Unreachable,
            "is it running?",
        ),
        ("sh: 3: redis-cli: not found", 127, FailureKind::Absent, "redis-cli is not there"),
        ("ERR what", 1, FailureKind::Other, "redis-cli failed with code 1: ERR what"),
    ];
    for (lines, code, kind, message) in cases {
        let told = failure(read(&body(lines, "", code), &layout()));
        assert_eq!(told.0, kind, "{lines}: {}", told.1);
        assert!(told.1.contains(message), "{lines}: {}", told.1);
    }
}
