//! The maintenance page of a web server, by the files that FabulAWS's Nginx goes by.

use super::script::Script;
use crate::fleet::Layout;
use crate::plan::Page;

const ALL: [Page; 3] = [Page::Off, Page::Healthy, Page::Unhealthy];

/// Its word, in scripts and in what they print.
const fn word(page: Page) -> &'static str {
    match page {
        Page::Off => "off",
        Page::Healthy => "healthy",
        Page::Unhealthy => "unhealthy",
    }
}

/// What a script of this module said: its last line `page=…`.
#[must_use]
pub fn read<'l>(lines: impl IntoIterator<Item = &'l str>) -> Option<Page> {
    let said = lines.into_iter().filter_map(|line| line.trim().strip_prefix("page=")).last()?;
    ALL.into_iter().find(|page| word(*page) == said)
}

/// Prints which it is: `page=off`, `page=healthy` or `page=unhealthy`.
#[must_use]
pub fn show(layout: &Layout) -> String {
    told(Script::new("page show"), layout).then(include_str!("scripts/page_show.sh")).text()
}

/// Puts the page up or takes it off, and prints which it is then.
#[must_use]
pub fn set(layout: &Layout, page: Page) -> String {
    let code = &layout.code;
    let in_checkout = |path: &str| {
        if path.is_empty() { String::new() } else { format!("{}/{path}", layout.code_root) }
    };
    told(Script::new(&format!("page {}", word(page))), layout)
        .told("page", word(page))
        .told("upgrade_message", &in_checkout(&code.upgrade_message))
        .told("healthcheck_override", &in_checkout(&code.healthcheck_override))
        .then(include_str!("scripts/page_set.sh"))
        .text()
}

fn told(script: Script, layout: &Layout) -> Script {
    script
        .told("deploy_user", &layout.deploy_user)
        .told("services", &layout.services)
        .told("health_path", &layout.health_path)
}
