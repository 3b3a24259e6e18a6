//! The checkout, the health check asked locally, and what wants attention at some time.

use super::Section;
use crate::sandbox::hosts::server::{Host, Page};
use crate::sandbox::hosts::truth::{self, site};
use crate::sandbox::read::View;
use crate::sandbox::waves::fraction;

pub(super) fn code(view: &View<'_>, host: &Host) -> Section {
    match truth::changeset(view, host) {
        Some(changeset) => Section::of(format!("changeset={changeset}\n")),
        None => Section::failed("there is no checkout here\n".to_owned(), 2),
    }
}

pub(super) fn site(view: &View<'_>, host: &Host) -> Section {
    let answered = |answer: site::Answer, port: u16| match answer.status {
        Some(status) => {
            format!("\nanswer={status} {:.6}\n", fraction(answer.milliseconds.cast_signed(), 1_000))
        }
        None => format!(
            "curl: (7) Failed to connect to 127.0.0.1 port {port} after 0 ms: Couldn't connect to server\n\n\
             answer=000 0.000131\n"
        ),
    };
    let word = |is: bool| if is { "yes" } else { "no" };
    Section::of(format!(
        "nginx\n{}gunicorn\n{}maintenance={}\noverride={}\n",
        answered(site::nginx(view, host), 443),
        answered(site::gunicorn(view, host), 8000),
        word(host.page != Page::Off),
        word(host.page == Page::Healthy)
    ))
}

pub(super) fn upkeep(view: &View<'_>, host: &Host) -> Section {
    let (upgrades, security, reboot) = truth::upgrades(view, host);
    let reboot = if reboot { "yes" } else { "no" };
    Section::of(format!(
        "reboot={reboot}\nsystem=Ubuntu 24.04.3 LTS\nupgrades={upgrades}\nsecurity={security}\n"
    ))
}
