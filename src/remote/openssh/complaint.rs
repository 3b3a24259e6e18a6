//! What ssh and sudo say when they fail, understood.

/// Why ssh did not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    Refused,
    TimedOut,
    Unreachable,
    HostKey,
    Permission,
    /// The other side closed the connection before it was one: it may be overloaded.
    Closed,
    Other,
}

/// Read from ssh's messages. The first that matches counts: what comes first here says more.
const WORDS: &[(&str, Complaint)] = &[
    ("remote host identification has changed", Complaint::HostKey),
    ("host key verification failed", Complaint::HostKey),
    ("no matching host key type found", Complaint::HostKey),
    ("permission denied (", Complaint::Permission),
    ("too many authentication failures", Complaint::Permission),
    ("no more authentication methods", Complaint::Permission),
    ("connection refused", Complaint::Refused),
    ("timed out", Complaint::TimedOut),
    ("no route to host", Complaint::Unreachable),
    ("network is unreachable", Complaint::Unreachable),
    ("host is down", Complaint::Unreachable),
    ("could not resolve hostname", Complaint::Unreachable),
    ("kex_exchange_identification", Complaint::Closed),
    ("connection closed by", Complaint::Closed),
    ("connection reset by", Complaint::Closed),
];

pub(super) fn understand(text: &str) -> Complaint {
    let text = text.to_ascii_lowercase();
    WORDS.iter().find(|(words, _)| text.contains(words)).map_or(Complaint::Other, |(_, complaint)| *complaint)
}

/// Whether sudo would have had to ask.
pub(super) fn wants_password(text: &str) -> bool {
    ["a password is required", "a terminal is required"].iter().any(|words| text.contains(words))
}

/// Whether sudo, or its absence, is what stopped it.
pub(super) fn is_from_sudo(text: &str) -> bool {
    ["sudo:", "not in the sudoers", "may not run", "is not allowed to", "env: 'sudo'", "env: ‘sudo’"]
        .iter()
        .any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_ssh_that_matters_is_told_apart() {
        for (text, complaint) in [
            ("ssh: connect to host 10.0.0.1 port 22: Connection refused", Complaint::Refused),
            ("ssh: connect to host 10.0.0.1 port 22: Connection timed out", Complaint::TimedOut),
            (
                "Connection timed out during banner exchange\nConnection to 10.0.0.1 port 22 timed out",
                Complaint::TimedOut,
            ),
            ("ssh: connect to host 10.0.0.1 port 22: No route to host", Complaint::Unreachable),
            ("ssh: Could not resolve hostname web1: Name or service not known", Complaint::Unreachable),
            (
                "No ED25519 host key is known for i-1 and you have requested strict checking.\nHost key verification failed.",
                Complaint::HostKey,
            ),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                Complaint::HostKey,
            ),
            (
                "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa",
                Complaint::HostKey,
            ),
            ("deploy@10.0.0.1: Permission denied (publickey).", Complaint::Permission),
            (
                "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures",
                Complaint::Permission,
            ),
            (
                "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.0.0.1 port 22",
                Complaint::Closed,
            ),
            ("Connection closed by 10.0.0.1 port 22", Complaint::Closed),
            ("/home/x/.ssh/config: line 3: Bad configuration option: nonsense", Complaint::Other),
            ("", Complaint::Other),
        ] {
            assert_eq!(understand(text), complaint, "{text}");
        }
    }

    #[test]
    fn sudo_asking_and_sudo_refusing_are_told_apart() {
        assert!(wants_password("sudo: a password is required"));
        assert!(!wants_password("ops is not in the sudoers file."));
        assert!(is_from_sudo("ops is not in the sudoers file."));
        assert!(is_from_sudo("env: ‘sudo’: No such file or directory"));
        assert!(!is_from_sudo("This account is currently not available."));
    }
}
