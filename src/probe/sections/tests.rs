use proptest::prelude::*;

use super::*;
use crate::probe::testing::layout;

fn topics(role: &Role) -> Vec<Topic> {
    due(role).map(|section| section.topic).collect()
}

#[test]
fn every_topic_has_its_row_and_only_one() {
    for topic in Topic::ALL {
        assert_eq!(SECTIONS.iter().filter(|section| section.topic == topic).count(), 1, "{topic:?}");
    }
}

#[test]
fn roles_are_asked_what_they_have() {
    let everywhere = [Topic::Machine, Topic::Disks, Topic::Units, Topic::Upkeep];
    for role in [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::Combo, Role::Untagged] {
        assert!(everywhere.iter().all(|topic| topics(&role).contains(topic)), "{role}");
    }
    assert_eq!(topics(&Role::Other("search".into())), everywhere);
    let has = |role: Role, topic| topics(&role).contains(&topic);
    assert!(has(Role::Web, Topic::Site) && !has(Role::Web, Topic::Celery));
    assert!(has(Role::Worker, Topic::Celery) && !has(Role::Worker, Topic::Site));
    assert!(has(Role::DbReplica, Topic::Postgres) && !has(Role::DbReplica, Topic::Supervisor));
    assert!(
        has(Role::Cache, Topic::RabbitMq)
            && has(Role::Cache, Topic::Redis)
            && has(Role::Cache, Topic::Memcached)
    );
    for topic in [Topic::Postgres, Topic::Site, Topic::Celery, Topic::PgBouncer, Topic::Code] {
        assert!(has(Role::Combo, topic), "{topic:?}");
    }
    assert!(!has(Role::Combo, Topic::RabbitMq));
}

#[test]
fn a_script_says_what_it_prints() {
    for section in SECTIONS {
        assert!(section.script.starts_with("# ") && section.script.contains("utput"), "{:?}", section.topic);
    }
}

proptest! {
    #[test]
    fn no_reader_panics_on_anything(
        lines in proptest::collection::vec(prop_oneof![
            "\\PC{0,60}",
            "[a-z_]{1,12}[=:|][-0-9a-z., ]{0,30}",
            "STAT [a-z_]{1,12} [0-9]{0,25}",
            "[a-z:-]{1,20} +(RUNNING|FATAL|STOPPED) +pid [0-9]{1,12}, uptime [0-9]{1,25} days?, [0-9]{1,25}:[0-9]{1,3}:[0-9]{1,3}",
            "(ext4|tmpfs) [0-9]{1,22} [0-9]{1,20} [0-9]{1,20} [0-9-]{1,4}% /dev/[a-z]{1,4} /[a-z ]{0,9}",
            "\\{\"(server|replica|receiver|standby|slot|worker|task|done|size)\":(\\{\\}|true|-1|\\[\\])\\}",
            "(nginx|gunicorn|status|vhosts|log|answer=[0-9]{1,6} [0-9.]{1,30}|dirstate=[0-9a-f]{0,70}|)",
            "(Id|ActiveState|SubState|StateChangeTimestamp)=[ -~]{0,30}",
        ], 0..40),
        code in any::<u8>(),
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (out, errors) = lines.split_at(lines.len() / 2);
        for section in SECTIONS {
            for lines in [out, errors] {
                let body = Body { lines: lines.to_vec(), errors: errors.to_vec(), at: None, code };
                if let Err(unread) = (section.read)(&body, &layout()) {
                    prop_assert!(!unread.message.is_empty() && unread.message.chars().count() < 400);
                }
            }
        }
    }
}
