//! Host keys from an instance's console output, where cloud-init printed them after the first boot.

use super::HostKey;

const BEGIN: &str = "-----BEGIN SSH HOST KEY KEYS-----";
const END: &str = "-----END SSH HOST KEY KEYS-----";

/// The keys in the last complete block of the console's text (EC2 `GetConsoleOutput`); empty when there is
/// none, as in the first minutes. EC2 keeps only the end of the output, so that a block may lack its beginning.
#[must_use]
pub fn keys_in_console(text: &str) -> Vec<HostKey> {
    let mut last = Vec::new();
    let mut current: Option<Vec<HostKey>> = None;
    for line in text.lines() {
        if line.contains(BEGIN) {
            current = Some(Vec::new());
        } else if line.contains(END) {
            // A block without a key proves nothing.
            last = current.take().filter(|keys| !keys.is_empty()).unwrap_or(last);
        } else if let Some(keys) = &mut current
            && let Some(key) = key_in(line)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    last
}

/// Some images print every line behind a prefix, `<14>Nov 22 12:00:00 cloud-init: ` or `ec2: `.
fn key_in(line: &str) -> Option<HostKey> {
    let starts = ["ssh-", "ecdsa-"].iter().filter_map(|start| line.find(start)).min()?;
    HostKey::parse(&line[starts..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = include_str!("testdata/ed25519.pub");
    const ECDSA: &str = include_str!("testdata/ecdsa.pub");

    fn kinds(text: &str) -> Vec<&'static str> {
        keys_in_console(text).iter().map(HostKey::kind).collect()
    }

    #[test]
    fn the_keys_of_an_ordinary_boot_are_found() {
        let text = format!(
            "[    0.000000] Linux version\n<14>Nov 22 12:00:00 cloud-init: 256 SHA256:abc root@ip (ED25519)\n\
             {BEGIN}\r\n{ECDSA}{ED25519}{END}\nip-10-0-1-12 login: \n"
        );
        assert_eq!(kinds(&text), ["ecdsa-sha2-nistp256", "ssh-ed25519"]);
    }

    #[test]
    fn prefixes_and_nonsense_between_are_no_obstacle() {
        let text =
            format!("ec2: {BEGIN}\nec2: {ED25519}[ 12.3] random: crng init done\nssh-rsa AAAA\nec2: {END}\n");
        assert_eq!(kinds(&text), ["ssh-ed25519"]);
    }

    #[test]
    fn of_several_boots_the_last_complete_one_counts() {
        let text = format!("{BEGIN}\n{ECDSA}{END}\n{BEGIN}\n{ED25519}{END}\n{BEGIN}\n{ECDSA}");
        assert_eq!(kinds(&text), ["ssh-ed25519"]);
        let text = format!("{BEGIN}\n{ED25519}{END}\n{BEGIN}\n{END}\n");
        assert_eq!(kinds(&text), ["ssh-ed25519"]);
    }

    #[test]
    fn without_a_complete_block_there_are_no_keys() {
        for text in
            [String::new(), ED25519.into(), format!("{BEGIN}\n{ED25519}"), format!("{ED25519}{END}\n")]
        {
            assert_eq!(kinds(&text), [""; 0], "{text:?}");
        }
    }
}
