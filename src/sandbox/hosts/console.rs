//! What an instance printed on its console.

use super::server;
use crate::sandbox::clock::timestamp;
use crate::sandbox::read::View;

/// The end of a boot, with the host key that the server presents; nothing before it has booted. None when there is no
/// such instance.
pub(in crate::sandbox) fn printed(view: &View<'_>, id: &str) -> rusqlite::Result<Option<String>> {
    let Some(host) = server::host(view, id)? else { return Ok(None) };
    if !host.ready {
        return Ok(Some(String::new()));
    }
    let key = server::host_key(view.dice, id);
    let stamp = timestamp(host.booted_at() + 21_000).strftime("%b %e %H:%M:%S").to_string();
    let line = |text: &str| format!("<14>{stamp} cloud-init: {text}\n");
    let name = host.hostname();
    let lines = [
        "#############################################################".to_owned(),
        "-----BEGIN SSH HOST KEY FINGERPRINTS-----".to_owned(),
        format!("256 {} root@{name} (ED25519)", key.fingerprint()),
        "-----END SSH HOST KEY FINGERPRINTS-----".to_owned(),
        "#############################################################".to_owned(),
    ];
    let lines: Vec<String> = lines.iter().map(|text| line(text)).collect();
    Ok(Some(format!(
        "[    0.000000] Linux version 6.8.0-1021-aws\n{}-----BEGIN SSH HOST KEY KEYS-----\n{} root@{name}\n\
         -----END SSH HOST KEY KEYS-----\n\nUbuntu 24.04.3 LTS {name} ttyS0\n\n{name} login: \n",
        lines.concat(),
        key.line()
    )))
}
