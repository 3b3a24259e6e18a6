//! Settings of PostgreSQL as the config has them: old ones in the words of today, those that are gone left out and told.

/// Settings that are written, and what became of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Names and values, in the config's order.
    pub settings: Vec<(String, String)>,
    /// What is not written as it stands, a sentence each.
    pub told: Vec<String>,
    /// What cannot be written at all, a sentence each.
    pub wrong: Vec<String>,
}

/// Settings that PostgreSQL 14 and later do not know any more, and do not need.
const GONE: [&str; 14] = [
    "add_missing_from",
    "custom_variable_classes",
    "default_with_oids",
    "krb_srvname",
    "max_fsm_pages",
    "max_fsm_relations",
    "operator_precedence_warning",
    "regex_flavor",
    "silent_mode",
    "sql_inheritance",
    "ssl_renegotiation_limit",
    "stats_temp_directory",
    "vacuum_cleanup_index_scale_factor",
    "wal_sender_delay",
];

/// Settings of a standby that are Quarterdeck's own business.
const OURS: [&str; 4] = ["data_directory", "hba_file", "primary_conninfo", "primary_slot_name"];

/// A segment of WAL, in MB.
const SEGMENT: u64 = 16;

/// Judges the settings of the config.
#[must_use]
pub fn settings(given: &[(String, String)]) -> Judged {
    let mut judged = Judged::default();
    for (name, value) in given {
        one(&mut judged, given, name, value);
    }
    judged
}

fn one(judged: &mut Judged, given: &[(String, String)], name: &str, value: &str) {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) || value.chars().any(char::is_control) {
        let name = crate::fleet::text::one_line(name);
        judged.wrong.push(format!(
            "`{name}` is no setting of PostgreSQL, or its value has a control character in it"
        ));
        return;
    }
    let (new, translated) = match name {
        "checkpoint_segments" => ("max_wal_size", megabytes(value, 3)),
        "wal_keep_segments" => ("wal_keep_size", megabytes(value, 1)),
        "replication_timeout" => ("wal_sender_timeout", Some(value.to_owned())),
        "unix_socket_directory" => ("unix_socket_directories", Some(value.to_owned())),
        "wal_level" if ["hot_standby", "archive", "minimal"].contains(&value) => {
            ("wal_level", Some("replica".to_owned()))
        }
        "password_encryption" if value == "on" => ("password_encryption", Some("md5".to_owned())),
        _ if GONE.contains(&name) => {
            judged
                .told
                .push(format!("{name} is left out: PostgreSQL does not know it any more, nor need it"));
            return;
        }
        _ if OURS.contains(&name) => {
            judged
                .told
                .push(format!("{name} is left out: where data and primary are is not for the config to say"));
            return;
        }
        _ => {
            judged.settings.push((name.to_owned(), value.to_owned()));
            return;
        }
    };
    let Some(translated) = translated else {
        judged.wrong.push(format!("{name} wants a whole number, not `{value}`"));
        return;
    };
    if new != name && given.iter().any(|(other, _)| other == new) {
        judged.told.push(format!("{name} is left out: {new}, which took its place, is there as well"));
        return;
    }
    judged.told.push(format!("{name} = {value} is written as {new} = {translated}"));
    judged.settings.push((new.to_owned(), translated));
}

/// So many segments, so many times, as PostgreSQL's own notes turn them into a size.
fn megabytes(segments: &str, times: u64) -> Option<String> {
    let count: u64 = segments.trim().parse().ok()?;
    Some(format!("{}MB", count.checked_mul(SEGMENT * times)?))
}

/// How clients prove who they are: scram, unless the config keeps passwords as MD5 (R15).
#[must_use]
pub fn method(given: &[(String, String)]) -> &'static str {
    let md5 = |(name, value): &(String, String)| {
        name == "password_encryption" && ["md5", "on"].contains(&value.as_str())
    };
    if given.iter().any(md5) { "md5" } else { "scram-sha-256" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(given: &[(&str, &str)]) -> Judged {
        let given: Vec<_> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        settings(&given)
    }

    #[test]
    fn old_settings_are_written_in_todays_words_and_gone_ones_are_told() {
        let all = judged(&[
            ("max_connections", "80"),
            ("checkpoint_segments", "256"),
            ("wal_keep_segments", "64"),
            ("wal_level", "hot_standby"),
            ("ssl_renegotiation_limit", "0"),
        ]);
        let written: Vec<String> =
            all.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            written,
            ["max_connections=80", "max_wal_size=12288MB", "wal_keep_size=1024MB", "wal_level=replica"]
        );
        assert_eq!(all.told.len(), 4, "{:?}", all.told);
        assert!(all.wrong.is_empty());
        let both = judged(&[("checkpoint_segments", "9"), ("max_wal_size", "2GB")]);
        assert_eq!(both.settings, [("max_wal_size".to_owned(), "2GB".to_owned())]);
    }

    #[test]
    fn what_is_no_setting_is_not_written() {
        for (name, value) in
            [("a b", "1"), ("", "1"), ("work_mem", "1\nfsync = off"), ("wal_keep_segments", "x")]
        {
            let all = judged(&[(name, value)]);
            assert!(all.settings.is_empty() && all.wrong.len() == 1, "{name}: {all:?}");
        }
    }

    #[test]
    fn r15_a_project_that_keeps_passwords_as_md5_goes_on_with_that() {
        let given = |value: &str| vec![("password_encryption".to_owned(), value.to_owned())];
        assert_eq!(
            (method(&given("md5")), method(&given("scram-sha-256")), method(&[])),
            ("md5", "scram-sha-256", "scram-sha-256")
        );
    }
}
