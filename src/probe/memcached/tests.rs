use super::*;
use crate::probe::testing::{body, failure, layout};

#[test]
fn memory_and_hits_are_read() {
    let read = read(&body(include_str!("fixtures/1.6.txt"), "", 0), &layout());
    let Ok(Fact::Memcached(memcached)) = read else { panic!("{read:?}") };
    assert_eq!((memcached.version.as_str(), memcached.most, memcached.connections), ("1.6.18", 64 << 20, 1));
    assert_eq!((memcached.bytes, memcached.hits, memcached.evictions), (0, 0, 0));
}

#[test]
fn what_went_wrong_is_told_apart() {
    let refused = "memcached: connect: Connection refused\nmemcached: line 1: /dev/tcp/127.0.0.1/11211: Connection refused";
    let told = failure(read(&body("", refused, 1), &layout()));
    assert_eq!(told.0, FailureKind::Unreachable);
    assert!(told.1.starts_with("Memcached does not answer"), "{}", told.1);
    let told = failure(read(&body("CLIENT_ERROR unauthenticated", "", 0), &layout()));
    assert_eq!(told.0, FailureKind::Denied);
}
